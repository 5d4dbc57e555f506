//! The four watches: each keeps one store and says which object deserves a pass.
//!
//! While another operator leads they run all the same, so that the next leader has its stores. But those of pipelines and runs
//! begin anew when its turn comes: a watch may be behind, and on what the last leader has written since then, this one must not
//! decide (a run that was stopped, whose Jobs are gone, would look as if it had never begun). Jobs and pods that come late only
//! delay.

use crate::context::{GuardedPipeline, GuardedRun};
use crate::names::{RUN, TRIGGER};
use crate::seen::{SeenJob, SeenPod, slim_job, slim_pod};
use futures::{FutureExt, Stream, StreamExt, TryStreamExt};
use kube::api::Api;
use kube::runtime::reflector::{ObjectRef, Store, store::Writer};
use kube::runtime::watcher::{Config, Error, Event};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Resource, ResourceExt};
use std::fmt::Debug;
use std::future::pending;
use std::hash::Hash;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
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
    RunOf {
        /// Which one.
        pipeline: ObjectRef<GuardedPipeline>,
        /// Whether the operator made the run.
        is_own: bool,
    },
    /// Any number of any pipelines.
    RunsOfAnyPipeline,
}

/// Asks a watch to begin anew, once; it is answered when the store holds the fresh list.
pub(crate) type Anew = oneshot::Receiver<oneshot::Sender<()>>;

/// Watches pipelines. A run that waits for its pipeline deserves a pass when that comes.
pub(crate) async fn pipelines(
    api: Api<GuardedPipeline>,
    writer: Writer<GuardedPipeline>,
    queue: PipelineQueue,
    waiting_runs: impl Fn(&GuardedPipeline) -> Vec<ObjectRef<GuardedRun>>,
    runs: RunQueue,
    anew: Anew,
) {
    let events = || {
        let events = watcher(api.clone(), Config::default().page_size(PAGE));
        events.modify(|pipeline| pipeline.meta_mut().managed_fields = None)
    };
    keep(
        events,
        writer,
        "pipelines",
        Some(anew),
        |_, _| false,
        |touched| {
            let Some(pipeline) = touched.object() else { return };
            let _ = queue.send(ObjectRef::from_obj(pipeline));
            for run in waiting_runs(pipeline) {
                let _ = runs.send(run);
            }
        },
    )
    .await;
}

/// Watches the runs that are not finished. The end of one deserves a pass over its pipeline, whose next run may wait for it.
pub(crate) async fn runs(
    api: Api<GuardedRun>,
    writer: Writer<GuardedRun>,
    queue: RunQueue,
    ended: impl Fn(Ended),
    anew: Anew,
) {
    let events = || {
        let events = watcher(api.clone(), Config::default().page_size(PAGE).fields(UNFINISHED));
        events.modify(|run| run.meta_mut().managed_fields = None)
    };
    keep(
        events,
        writer,
        "runs",
        Some(anew),
        |_, _| false,
        |touched| match touched {
            Touched::Here(run) => {
                let _ = queue.send(ObjectRef::from_obj(run));
            }
            Touched::Gone(run) => {
                let _ = queue.send(ObjectRef::from_obj(run));
                if let Ok(object) = &run.0 {
                    let pipeline = ObjectRef::new(&object.spec.pipeline_ref.name);
                    ended(Ended::RunOf {
                        pipeline: pipeline.within(&object.namespace().unwrap_or_default()),
                        is_own: object.labels().contains_key(TRIGGER),
                    });
                }
            }
            // Which ones have ended since the watch was cut off nobody says.
            Touched::All => ended(Ended::RunsOfAnyPipeline),
        },
    )
    .await;
}

/// Watches the Jobs of runs.
pub(crate) async fn jobs(api: Api<SeenJob>, writer: Writer<SeenJob>, queue: RunQueue) {
    let events = || watcher(api.clone(), Config::default().page_size(PAGE).labels(RUN)).modify(slim_job);
    keep(events, writer, "jobs", None, is_known, |job| wake(job.object(), &queue)).await;
}

/// Watches the pods of runs: a container that ends wakes its run at once, a second before its Job says so.
pub(crate) async fn pods(api: Api<SeenPod>, writer: Writer<SeenPod>, queue: RunQueue) {
    let events = || watcher(api.clone(), Config::default().page_size(PAGE).labels(RUN)).modify(slim_pod);
    keep(events, writer, "pods", None, is_known, |pod| wake(pod.object(), &queue)).await;
}

/// Whether a change leaves an object as the store has it: nobody looks at what it changes, and it deserves no pass.
fn is_known<K>(object: &K, store: &Store<K>) -> bool
where
    K: Resource<DynamicType = ()> + Clone + PartialEq,
{
    let known = store.get(&ObjectRef::from_obj(object));
    known.is_some_and(|known| *known == *object)
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

/// Drives a watch for ever: it is taken up again, ever more patiently, whatever ends it. Of changes that leave an object as it is known
/// nobody hears.
async fn keep<K, S>(
    events: impl Fn() -> S,
    mut writer: Writer<K>,
    what: &'static str,
    anew: Option<Anew>,
    is_known: impl Fn(&K, &Store<K>) -> bool,
    mut touched: impl FnMut(Touched<'_, K>),
) where
    S: Stream<Item = Result<Event<K>, Error>> + Send,
    K: Resource + Clone + Debug + 'static,
    K::DynamicType: Eq + Hash + Clone + Default,
{
    let asked = async {
        match anew {
            Some(anew) => anew.await,
            None => pending().await,
        }
    };
    let mut asked = std::pin::pin!(asked.fuse());
    let mut fresh: Option<oneshot::Sender<()>> = None;
    loop {
        let mut events = std::pin::pin!(events().default_backoff().inspect_err(|error| {
            let error = crate::error::with_causes(error);
            warn!(error, what, "a watch was cut off; it is taken up again");
        }));
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                // Who goes without asking never asks.
                Ok(answer) = &mut asked => {
                    fresh = Some(answer);
                    break;
                }
            };
            let Some(event) = event else { return };
            let Ok(event) = event else { continue };
            if let Event::Apply(object) = &event
                && is_known(object, &writer.as_reader())
            {
                continue;
            }
            take_in(&event, &mut writer, &mut touched);
            if matches!(event, Event::InitDone)
                && let Some(answer) = fresh.take()
            {
                // Who asked may have been told to stop meanwhile.
                let _ = answer.send(());
            }
        }
    }
}

/// Puts it into the store, and says what it touches. A list is in the store with its end only: whatever is in it, or was there
/// before and is no more, deserves a pass then, not while the store is still the old one.
fn take_in<K>(event: &Event<K>, writer: &mut Writer<K>, touched: &mut impl FnMut(Touched<'_, K>))
where
    K: Resource + Clone + 'static,
    K::DynamicType: Eq + Hash + Clone + Default,
{
    let before = match event {
        Event::InitDone => writer.as_reader().state(),
        Event::Apply(_) | Event::Delete(_) | Event::Init | Event::InitApply(_) => Vec::new(),
    };
    writer.apply_watcher_event(event);
    match event {
        Event::Apply(object) => touched(Touched::Here(object)),
        Event::Delete(object) => touched(Touched::Gone(object)),
        Event::InitDone => {
            let all = writer.as_reader().state();
            before
                .iter()
                .chain(&all)
                .for_each(|object| touched(Touched::Here(object)));
            touched(Touched::All);
        }
        Event::Init | Event::InitApply(_) => {}
    }
}
