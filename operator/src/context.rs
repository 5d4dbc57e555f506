//! What every pass may use: the client, the stores, and the operator's short memory.

use crate::clock::Clock;
use crate::events::Events;
use crate::leader::Mandate;
use crate::memory::{Claims, EventReads, Expectations, Failures, Leaving, Marks, Notices, Revisions, Tidied, Times};
use crate::metrics::Metrics;
use crate::seen::{SeenJob, SeenPod};
use crate::settings::Settings;
use kube::Client;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::Store;
use std::sync::Arc;
use trainyard_crds::v1alpha1::{MLPipeline, PipelineRun};

/// A pipeline, or why this version cannot read it.
pub(crate) type GuardedPipeline = DeserializeGuard<MLPipeline>;
/// A run, or why this version cannot read it.
pub(crate) type GuardedRun = DeserializeGuard<PipelineRun>;

/// What every pass may use.
pub(crate) struct Context {
    /// To the API server.
    pub client: Client,
    /// The clock that schedules go by.
    pub clock: Clock,
    /// From the command line.
    pub settings: Settings,
    /// What is watched.
    pub stores: Stores,
    /// Revisions that were read.
    pub revisions: Revisions,
    /// Own writes that the stores do not show yet.
    pub expectations: Expectations,
    /// Claims that were read.
    pub claims: Claims,
    /// Causes that only events tell.
    pub notices: Notices,
    /// How often those are asked for.
    pub event_reads: EventReads,
    /// Pods that are to go, and since when that is known.
    pub leaving: Leaving,
    /// What was written down about runs, in even time.
    pub times: Times,
    /// Passes that were cut off, in a row.
    pub failures: Failures,
    /// Which model versions were marked as champions.
    pub marks: Marks,
    /// Pipelines in which retention has nothing to do.
    pub tidied: Arc<Tidied>,
    /// For people.
    pub events: Events,
    /// For Prometheus.
    pub metrics: Metrics,
    /// Until when it may act.
    pub mandate: Arc<Mandate>,
}

/// What is watched. Read only: each store has one writer, its watch.
pub(crate) struct Stores {
    /// All pipelines.
    pub pipelines: Store<GuardedPipeline>,
    /// The runs that are not finished.
    pub runs: Store<GuardedRun>,
    /// The Jobs of runs.
    pub jobs: Store<SeenJob>,
    /// The pods of runs.
    pub pods: Store<SeenPod>,
}
