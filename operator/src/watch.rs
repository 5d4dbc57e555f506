//! The four watches: each keeps one store and says which object deserves a pass.

use crate::context::{GuardedPipeline, GuardedRun};
use crate::names::RUN;
use crate::seen::{SeenJob, SeenPod, slim_job, slim_pod};
use futures::{Stream, StreamExt, TryStreamExt};
use kube::api::Api;
use kube::runtime::reflector::{ObjectRef, store::Writer};
use kube::runtime::watcher::{Config, Error, Event};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Resource, ResourceExt};
use std::fmt::Debug;
use std::hash::Hash;
use tokio::sync::mpsc::UnboundedSender;
use tracing::warn;

/// How many objects a list brings at once.
const PAGE: u32 = 500;
/// Runs that still have something to do: finished ones leave the store.
const UNFINISHED: &str = "status.finished!=true";

/// Where the names of runs go that deserve a pass.
pub(crate) type RunQueue = UnboundedSender<ObjectRef<GuardedRun>>;
/// Where the names of pipelines go that deserve a pass.
pub(crate) type PipelineQueue = UnboundedSender<ObjectRef<GuardedPipeline>>;

/// Which runs have ended, as far as a watch can say.
pub(crate) enum Ended {
    /// One of this pipeline.
    RunOf(ObjectRef<GuardedPipeline>),
    /// Any number of any pipelines.
    RunsOfAnyPipeline,
}

/// Watches pipelines. A run that waits for its pipeline deserves a pass when that comes.
pub(crate) async fn pipelines(
    api: Api<GuardedPipeline>,
    writer: Writer<GuardedPipeline>,
    queue: PipelineQueue,
    waiting_runs: impl Fn(&GuardedPipeline) -> Vec<ObjectRef<GuardedRun>>,
    runs: RunQueue,
) {
    let events = watcher(api, Config::default().page_size(PAGE));
    let events = events.modify(|pipeline| pipeline.meta_mut().managed_fields = None);
    keep(events, writer, "pipelines", |touched| {
        let Some(pipeline) = touched.object() else { return };
        let _ = queue.send(ObjectRef::from_obj(pipeline));
        for run in waiting_runs(pipeline) {
            let _ = runs.send(run);
        }
    })
    .await;
}

/// Watches the runs that are not finished. The end of one deserves a pass over its pipeline, whose next run may wait for it.
pub(crate) async fn runs(api: Api<GuardedRun>, writer: Writer<GuardedRun>, queue: RunQueue, ended: impl Fn(Ended)) {
    let events = watcher(api, Config::default().page_size(PAGE).fields(UNFINISHED));
    let events = events.modify(|run| run.meta_mut().managed_fields = None);
    keep(events, writer, "runs", |touched| match touched {
        Touched::Here(run) => {
            let _ = queue.send(ObjectRef::from_obj(run));
        }
        Touched::Gone(run) => {
            let _ = queue.send(ObjectRef::from_obj(run));
            if let Ok(object) = &run.0 {
                let pipeline = ObjectRef::new(&object.spec.pipeline_ref.name);
                ended(Ended::RunOf(pipeline.within(&object.namespace().unwrap_or_default())));
            }
        }
        // Which ones have ended since the watch was cut off nobody says.
        Touched::All => ended(Ended::RunsOfAnyPipeline),
    })
    .await;
}

/// Watches the Jobs of runs.
pub(crate) async fn jobs(api: Api<SeenJob>, writer: Writer<SeenJob>, queue: RunQueue) {
    let events = watcher(api, Config::default().page_size(PAGE).labels(RUN)).modify(slim_job);
    keep(events, writer, "jobs", |job| wake(job.object(), &queue)).await;
}

/// Watches the pods of runs: a container that ends wakes its run at once, a second before its Job says so.
pub(crate) async fn pods(api: Api<SeenPod>, writer: Writer<SeenPod>, queue: RunQueue) {
    let events = watcher(api, Config::default().page_size(PAGE).labels(RUN)).modify(slim_pod);
    keep(events, writer, "pods", |pod| wake(pod.object(), &queue)).await;
}

/// The run that an object belongs to, by its label; whose it really is the pass looks at.
fn wake<K: Resource>(object: Option<&K>, queue: &RunQueue) {
    let Some(object) = object else { return };
    let (Some(run), Some(namespace)) = (object.labels().get(RUN), object.namespace()) else {
        return;
    };
    // The queue lives as long as the operator.
    let _ = queue.send(ObjectRef::new(run).within(&namespace));
}

/// What a watch says.
enum Touched<'a, K> {
    /// It is new, or another one.
    Here(&'a K),
    /// It is gone, or not watched any more.
    Gone(&'a K),
    /// All were listed; those that are gone since the last time were not named.
    All,
}

impl<'a, K> Touched<'a, K> {
    fn object(&self) -> Option<&'a K> {
        match *self {
            Self::Here(object) | Self::Gone(object) => Some(object),
            Self::All => None,
        }
    }
}

/// Drives a watch for ever: it is taken up again, ever more patiently, whatever ends it.
async fn keep<K>(
    events: impl Stream<Item = Result<Event<K>, Error>> + Send,
    mut writer: Writer<K>,
    what: &'static str,
    mut touched: impl FnMut(Touched<'_, K>),
) where
    K: Resource + Clone + Debug + 'static,
    K::DynamicType: Eq + Hash + Clone + Default,
{
    let mut events = std::pin::pin!(events.default_backoff().inspect_err(|error| {
        let error = crate::error::with_causes(error);
        warn!(error, what, "a watch was cut off; it is taken up again");
    }));
    while let Some(event) = events.next().await {
        let Ok(event) = event else { continue };
        writer.apply_watcher_event(&event);
        match &event {
            Event::Apply(object) | Event::InitApply(object) => touched(Touched::Here(object)),
            Event::Delete(object) => touched(Touched::Gone(object)),
            Event::InitDone => touched(Touched::All),
            Event::Init => {}
        }
    }
}
