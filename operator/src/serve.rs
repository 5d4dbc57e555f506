//! Puts the parts together and lets them run until a signal says stop.

use crate::clock::Clock;
use crate::context::{Context, GuardedPipeline, GuardedRun, Stores};
use crate::error::{Error, with_causes};
use crate::events::Events;
use crate::http::{self, Pages};
use crate::leader::{Election, Mandate, Seat};
use crate::memory::{Claims, EventReads, Expectations, Failures, Leaving, Marks, Notices, Revisions, Tidied, Times};
use crate::metrics::Metrics;
use crate::seen::{SeenJob, SeenPod};
use crate::settings::Settings;
use crate::watch::{Anew, Ended};
use crate::{names, pipeline, run, watch};
use anyhow::Context as _;
use axum::http::HeaderValue;
use axum::http::header::USER_AGENT;
use futures::{FutureExt, StreamExt};
use k8s_openapi::NamespaceResourceScope;
use kube::runtime::controller::{self, Action, ReconcileRequest, applier};
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::{Api, Client, Config, Resource, ResourceExt};
use std::convert::Infallible;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;
use tokio::sync::watch as broadcast;
use tracing::{debug, info, warn};
use trainyard_crds::v1alpha1::PipelineRun;

/// How many objects are looked after at once.
const CONCURRENCY: u16 = 32;
/// How long passes under way may take to end after a signal.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the operator until SIGTERM or SIGINT.
///
/// # Errors
/// No way to an API server, or the address for the pages is taken. Its term is over: then the caller ends the process at once.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let mut config = Config::infer()
        .await
        .context("no way to a cluster: no kubeconfig, and not in a pod")?;
    config
        .headers
        .push((USER_AGENT, HeaderValue::from_static(names::OPERATOR)));
    let own_namespace = settings.namespace.as_ref().unwrap_or(&config.default_namespace);
    let namespace = (!settings.cluster_wide).then(|| own_namespace.clone());
    let seat = settings.leader_election.then(|| Seat {
        namespace: own_namespace.clone(),
        cluster_wide: settings.cluster_wide,
        lease: Duration::from_millis(settings.lease_duration.as_millis()),
    });
    let client = Client::try_from(config).context("cannot make a client of the configuration")?;
    let stop = stop_signal()?;
    info!(
        version = env!("CARGO_PKG_VERSION"),
        namespace = namespace.as_deref().unwrap_or("all"),
        worker_image = settings.worker_image,
        "operator started"
    );
    let mandate = Arc::new(seat.as_ref().map_or_else(Mandate::without_end, |_| Mandate::not_yet()));
    let election = seat.map(|seat| Election::new(client.clone(), &seat, Arc::clone(&mandate)));
    let (stores, writers) = stores();
    let ctx = Arc::new(Context {
        client: client.clone(),
        clock: Clock::new(settings.test_clock.clone()),
        settings,
        stores,
        revisions: Revisions::default(),
        expectations: Expectations::default(),
        claims: Claims::default(),
        notices: Notices::default(),
        event_reads: EventReads::default(),
        leaving: Leaving::default(),
        times: Times::default(),
        failures: Failures::default(),
        marks: Marks::default(),
        tidied: Arc::new(Tidied::default()),
        events: Events::new(client),
        metrics: Metrics::default(),
        mandate,
    });
    let ready = Arc::new(AtomicBool::new(false));
    show_pages(&ctx, &ready, &stop).await?;
    let (requests, fresh_lists) = watch_all(&ctx, namespace.as_deref(), writers);
    let mut early_stop = stop.clone();
    tokio::select! {
        lists = all_lists(&ctx.stores) => lists?,
        _ = early_stop.wait_for(|stop| *stop) => return Ok(()),
    }
    ready.store(true, Ordering::Relaxed);
    info!("ready");
    match election {
        Some(election) => act_when_elected(&ctx, election, fresh_lists, requests, stop).await?,
        None => act(&ctx, requests, stop).await,
    }
    info!("stopped");
    Ok(())
}

/// Waits until it leads, and acts then. The Lease is renewed meanwhile, and given back when nothing is under way any more.
async fn act_when_elected(
    ctx: &Arc<Context>,
    mut election: Election,
    fresh_lists: FreshLists,
    mut requests: Requests,
    stop: broadcast::Receiver<bool>,
) -> anyhow::Result<()> {
    tokio::select! {
        () = election.win() => {}
        // What deserves a pass is the leader's business.
        () = requests.discard() => {}
        () = stopped(stop.clone()) => {
            // It may have been elected at this very moment.
            election.release().await;
            return Ok(());
        }
    }
    let acting = async {
        tokio::select! {
            () = fresh_lists.come() => act(ctx, requests, stop.clone()).await,
            () = stopped(stop.clone()) => {}
        }
    };
    tokio::select! {
        biased;
        lost = election.keep() => return Err(lost).context("leadership lost"),
        () = acting => {}
    }
    election.release().await;
    Ok(())
}

/// Asks the watches whose lists a new leader needs as they are now.
struct FreshLists([oneshot::Sender<oneshot::Sender<()>>; 2]);

impl FreshLists {
    fn new() -> (Self, [Anew; 2]) {
        let [(ask_one, one), (ask_other, other)] = [oneshot::channel(), oneshot::channel()];
        (Self([ask_one, ask_other]), [one, other])
    }

    /// Until they are in the stores. All that is in them deserves a pass.
    async fn come(self) {
        let come = self.0.map(|ask| async {
            let (answer, come) = oneshot::channel();
            // A watch lives as long as the operator.
            let _ = ask.send(answer);
            let _ = come.await;
        });
        futures::future::join_all(come).await;
    }
}

/// What writes each store.
struct Writers {
    pipelines: Writer<GuardedPipeline>,
    runs: Writer<GuardedRun>,
    jobs: Writer<SeenJob>,
    pods: Writer<SeenPod>,
}

fn stores() -> (Stores, Writers) {
    let (pipelines, pipeline_writer) = reflector::store();
    let (runs, run_writer) = reflector::store();
    let (jobs, job_writer) = reflector::store();
    let (pods, pod_writer) = reflector::store();
    let stores = Stores {
        pipelines,
        runs,
        jobs,
        pods,
    };
    let writers = Writers {
        pipelines: pipeline_writer,
        runs: run_writer,
        jobs: job_writer,
        pods: pod_writer,
    };
    (stores, writers)
}

/// Serves the pages, where an address is given.
async fn show_pages(
    ctx: &Arc<Context>,
    ready: &Arc<AtomicBool>,
    stop: &broadcast::Receiver<bool>,
) -> anyhow::Result<()> {
    let Some(address) = ctx.settings.listen else {
        return Ok(());
    };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let pages = Pages {
        context: Arc::clone(ctx),
        ready: Arc::clone(ready),
    };
    let stopped = stopped(stop.clone());
    tokio::spawn(async move {
        if let Err(error) = http::serve(listener, pages, stopped).await {
            warn!(%error, "the pages are gone");
        }
    });
    Ok(())
}

/// Objects that deserve a pass.
struct Requests {
    runs: UnboundedReceiver<ObjectRef<GuardedRun>>,
    pipelines: UnboundedReceiver<ObjectRef<GuardedPipeline>>,
}

impl Requests {
    /// Forgets them as they come, for ever.
    async fn discard(&mut self) {
        let runs = async { while self.runs.recv().await.is_some() {} };
        let pipelines = async { while self.pipelines.recv().await.is_some() {} };
        tokio::join!(runs, pipelines);
    }
}

/// Starts the four watches.
fn watch_all(ctx: &Context, namespace: Option<&str>, writers: Writers) -> (Requests, FreshLists) {
    let client = &ctx.client;
    let (run_queue, runs) = unbounded_channel();
    let (pipeline_queue, pipelines) = unbounded_channel();
    let known_runs = ctx.stores.runs.clone();
    let (fresh_lists, [pipelines_anew, runs_anew]) = FreshLists::new();
    let waiting = move |pipeline: &GuardedPipeline| runs_without_revision(&known_runs, pipeline);
    tokio::spawn(watch::pipelines(
        api(client, namespace),
        writers.pipelines,
        pipeline_queue.clone(),
        waiting,
        run_queue.clone(),
        pipelines_anew,
    ));
    let known_pipelines = ctx.stores.pipelines.clone();
    let all_pipelines = move || references(&known_pipelines);
    tokio::spawn(look_again_when_the_clock_is_stepped(
        ctx.clock.clone(),
        all_pipelines.clone(),
        pipeline_queue.clone(),
    ));
    let tidied = Arc::clone(&ctx.tidied);
    let known_pipelines = ctx.stores.pipelines.clone();
    let keeps_few_versions = move |pipeline: &ObjectRef<GuardedPipeline>| {
        let found = known_pipelines.get(pipeline);
        // One that is not known is looked at when it is.
        found.is_some_and(|found| found.0.as_ref().is_ok_and(pipeline::keeps_few_versions))
    };
    // A pipeline whose run has ended may start the next one, and has one more to keep or to remove.
    let ended = move |ended| {
        let pipelines = match ended {
            Ended::RunOf { pipeline, is_own } => {
                if is_own || keeps_few_versions(&pipeline) {
                    let namespace = pipeline.namespace.as_deref().unwrap_or_default();
                    tidied.undo(&format!("{namespace}/{}", pipeline.name));
                }
                vec![pipeline]
            }
            Ended::RunsOfAnyPipeline => {
                tidied.undo_all();
                all_pipelines()
            }
        };
        for pipeline in pipelines {
            // The queue lives as long as the operator.
            let _ = pipeline_queue.send(pipeline);
        }
    };
    tokio::spawn(watch::runs(
        api(client, namespace),
        writers.runs,
        run_queue.clone(),
        ended,
        runs_anew,
    ));
    tokio::spawn(watch::jobs(api(client, namespace), writers.jobs, run_queue.clone()));
    tokio::spawn(watch::pods(api(client, namespace), writers.pods, run_queue));
    (Requests { runs, pipelines }, fresh_lists)
}

/// A pass waits for the time of its next slot by a clock that nobody steps.
async fn look_again_when_the_clock_is_stepped(
    clock: Clock,
    all: impl Fn() -> Vec<ObjectRef<GuardedPipeline>>,
    queue: watch::PipelineQueue,
) {
    loop {
        clock.is_stepped().await;
        info!("the clock was stepped; all schedules are looked at again");
        for pipeline in all() {
            // The queue lives as long as the operator.
            let _ = queue.send(pipeline);
        }
    }
}

fn references<K: Resource<DynamicType = ()> + Clone>(store: &Store<K>) -> Vec<ObjectRef<K>> {
    store
        .state()
        .iter()
        .map(|object| ObjectRef::from_obj(object.as_ref()))
        .collect()
}

/// Waits until each store holds what the cluster has.
async fn all_lists(stores: &Stores) -> anyhow::Result<()> {
    let lists = tokio::try_join!(
        stores.pipelines.wait_until_ready(),
        stores.runs.wait_until_ready(),
        stores.jobs.wait_until_ready(),
        stores.pods.wait_until_ready(),
    );
    lists.map(|_| ()).context("a watch ended before its first list")
}

/// Looks after runs and pipelines until the stop, and then as long as passes under way need, but not for ever.
async fn act(ctx: &Arc<Context>, requests: Requests, stop: broadcast::Receiver<bool>) {
    ctx.metrics.leads();
    let runs = look_after(
        "run",
        ctx,
        ctx.stores.runs.clone(),
        requests.runs,
        stop.clone(),
        |run, ctx| run::reconcile_and_say(run, ctx).boxed(),
    );
    let pipelines = look_after(
        "pipeline",
        ctx,
        ctx.stores.pipelines.clone(),
        requests.pipelines,
        stop.clone(),
        |pipeline, ctx| pipeline::reconcile(pipeline, ctx).boxed(),
    );
    let ended = async { tokio::join!(runs, pipelines) };
    let grace = async {
        stopped(stop).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        _ = ended => {}
        () = grace => warn!("passes are under way still; the next start takes them up"),
    }
}

/// Runs passes over the objects of one kind, as they are asked for, until the stop.
async fn look_after<K, F>(
    kind: &'static str,
    ctx: &Arc<Context>,
    store: Store<K>,
    requests: UnboundedReceiver<ObjectRef<K>>,
    stop: broadcast::Receiver<bool>,
    reconcile: impl Fn(Arc<K>, Arc<Context>) -> F + Clone + Send + 'static,
) where
    K: Resource<DynamicType = ()> + Clone + Debug + Send + Sync + 'static,
    K::DynamicType: Eq + Hash + Clone + Debug + Unpin,
    F: Future<Output = Result<Action, Error>> + Send + 'static,
{
    let queue = futures::stream::unfold(requests, async |mut requests| {
        let object = requests.recv().await?;
        Some((Ok::<_, Infallible>(ReconcileRequest::from(object)), requests))
    })
    .take_until(stopped(stop));
    let pass = move |object: Arc<K>, ctx: Arc<Context>| {
        let reconcile = reconcile.clone();
        async move {
            let began = Instant::now();
            let name = key(kind, &*object);
            let ended = ctx.mandate.while_it_holds(reconcile(object, Arc::clone(&ctx))).await;
            ctx.metrics.passed(kind, began.elapsed());
            if ended.is_ok() {
                ctx.failures.clear(&name);
            }
            ended
        }
        .boxed()
    };
    let on_error = move |object: Arc<K>, error: &Error, ctx: Arc<Context>| {
        ctx.metrics.failed(kind, error.reason());
        let name = key(kind, &*object);
        let text = with_causes(error);
        let (failures, is_new) = ctx.failures.count(&name, &text);
        let retry = error.retry_after(failures);
        // A cause that repeats itself is one line, not one a second.
        match error {
            Error::Conflict { .. } => debug!(object = name, error = text, "pass cut off"),
            _ if is_new => warn!(object = name, error = text, ?retry, "pass cut off"),
            _ => debug!(object = name, error = text, ?retry, "pass cut off"),
        }
        Action::requeue(retry)
    };
    let config = controller::Config::default().concurrency(CONCURRENCY);
    let passes = applier(pass, on_error, Arc::clone(ctx), store, Box::pin(queue), config);
    passes
        .for_each(|passed| {
            if let Err(controller::Error::ObjectNotFound(object)) = passed {
                debug!(%object, "not there any more, or finished");
                let name = format!("{}/{}", object.namespace.as_deref().unwrap_or_default(), object.name);
                if kind == "run" {
                    ctx.expectations.forget(&name);
                    ctx.notices.forget(&name);
                    ctx.leaving.forget(&name);
                    ctx.times.forget(&name);
                }
                ctx.failures.clear(&format!("{kind}/{name}"));
            }
            std::future::ready(())
        })
        .await;
}

fn key<K: Resource>(kind: &str, object: &K) -> String {
    format!(
        "{kind}/{}/{}",
        object.namespace().unwrap_or_default(),
        object.name_any()
    )
}

/// Runs that wait for this pipeline.
fn runs_without_revision(runs: &Store<GuardedRun>, pipeline: &GuardedPipeline) -> Vec<ObjectRef<GuardedRun>> {
    let (name, namespace) = (pipeline.name_any(), pipeline.namespace());
    let waits = |run: &PipelineRun| {
        let has_revision = run.status.as_ref().is_some_and(|status| status.revision.is_some());
        !has_revision && run.spec.pipeline_ref.name == name && run.namespace() == namespace
    };
    let waiting = runs.state_filter(|run| run.0.as_ref().is_ok_and(waits));
    waiting.iter().map(|run| ObjectRef::from_obj(run.as_ref())).collect()
}

fn api<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

/// Becomes true with the first SIGTERM or SIGINT.
fn stop_signal() -> anyhow::Result<broadcast::Receiver<bool>> {
    let (sender, receiver) = broadcast::channel(false);
    let mut term = signal(SignalKind::terminate()).context("cannot listen to SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen to SIGINT")?;
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("asked to stop");
        sender.send_replace(true);
        // The channel lives as long as somebody waits for it.
        sender.closed().await;
    });
    Ok(receiver)
}

async fn stopped(mut stop: broadcast::Receiver<bool>) {
    // A sender that is gone has said it before.
    let _ = stop.wait_for(|stop| *stop).await;
}
