//! Trainyard's decisions: pure functions from what is known to what is to be done.
//!
//! A host (the operator, or `trainyard run` on a laptop) turns a manifest into a [`PipelineDraft`], which [`Pipeline::new`]
//! checks and wires. It makes a [`Run`] of it, and from then on asks [`plan`] each time it observed something: it carries out
//! the [`Action`]s, keeps the [`RunStatus`], and asks again at [`Plan::wake_at`] at the latest.
//!
//! No I/O, no clock, no random source, no Kubernetes type: the caller brings the time and what it observed. Bad input is a
//! returned value; nothing here panics on it. Start with [`plan()`].

mod action;
mod backoff;
mod budget;
mod classify;
mod draft;
mod fault;
mod observed;
mod pipeline;
mod plan;
pub mod recorded;
pub mod retention;
mod retry;
mod run;
pub mod schedule;
mod status;
mod status_caps;
mod time;
mod timeouts;
mod values;
mod verdict;

pub use action::{Action, Event, HostPlaces, ModelSource, Plan, StartAttempt, StopReason};
pub use backoff::Backoff;
pub use budget::{Budget, EVICTIONS_MAX, INTERNAL_MAX, RECOVERIES_MAX, REMAKES_MAX, Spent};
pub use draft::{ParameterDraft, PipelineDraft, StageDraft};
pub use fault::{FieldPath, FieldStep, SpecFault, did_you_mean};
pub use observed::{AttemptState, Ending, Given, Observed, ObservedAttempt, Obstacle};
pub use pipeline::{
    DEPENDS_ON_MAX, PARAMETER_BYTES_MAX, PARAMETER_NAME_MAX, PARAMETERS_MAX, Parameter, Pipeline, RETRY_LIMIT_MAX,
    STAGES_MAX, Stage,
};
pub use plan::plan;
pub use retry::{GiveUp, MemoryGrowth, Next, RetryPolicy, next};
pub use run::{DesiredState, Run, RunDraft};
pub use status::{CommittedDataset, RunPhase, RunStatus, StagePhase, StageStatus, StopCause};
pub use status_caps::{MESSAGES_BYTES_MAX, OUTPUTS_BYTES_MAX, STAGE_OUTPUTS_BYTES_MAX, STATUS_BYTES_MAX};
pub use time::{Timestamp, TimestampError};
pub use timeouts::{StageTimeouts, Timeouts};
pub use values::{Slot, Values};
pub use verdict::{Failure, LatestAttempt, Verdict};
