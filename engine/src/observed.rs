//! What a host saw of a run's attempts.
//!
//! An observation may be old, and attempts may be missing from it: that delays decisions and never misleads them. What it
//! does say must be true: an attempt that is shown as ended has ended, in that way.

use crate::Timestamp;
use serde::{Deserialize, Serialize};
use trainyard_contract::{FailureClass, ModelVersionName, StageName, StageResult};

/// The attempts of a run that its host knows of, in any order, each at most once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// The attempts.
    pub attempts: Vec<ObservedAttempt>,
}

/// One attempt, as its host saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObservedAttempt {
    /// Of which stage.
    pub stage: StageName,
    /// Its number, from 1.
    pub attempt: u32,
    /// When it was created.
    pub created: Timestamp,
    /// What it was given when it was created, unchanged from its [`StartAttempt`](crate::StartAttempt).
    pub given: Given,
    /// How far it is.
    pub state: AttemptState,
}

/// What an attempt was given that cannot be worked out a second time. A host keeps it beside the attempt and brings it back,
/// so that nothing is lost when it is killed after the start and before it wrote the status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Given {
    /// Which attempt of the stage that makes its dataset it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_attempt: Option<u32>,
    /// The model version that it is to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_version: Option<ModelVersionName>,
}

/// How far an attempt is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum AttemptState {
    /// Created; its program has not begun.
    Pending {
        /// What it waits for, where the host knows: a missing image, a full cluster.
        waits_for: Option<Obstacle>,
    },
    /// Its program runs.
    Running {
        /// Since when.
        began: Timestamp,
    },
    /// It has ended.
    Ended {
        /// When its program began, if it ever did.
        began: Option<Timestamp>,
        /// When it ended.
        at: Timestamp,
        /// How it ended.
        ending: Ending,
    },
    /// It was created and is not there any more; nobody knows how it ended. A host says so only when it looked at the real
    /// thing after the start was recorded: an attempt that it merely does not see yet is left out instead.
    Gone,
}

/// What keeps an attempt from beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obstacle {
    /// `Config` where the manifest has to change (an image, a Secret, a security context), else `Infra`.
    pub class: FailureClass,
    /// What it is, in a sentence.
    pub message: String,
}

/// How an attempt ended, as far as its host can tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum Ending {
    /// It left a result that could be read.
    Reported(StageResult),
    /// It left no readable result, only an exit code (where there is one).
    Silent {
        /// The exit code of its program.
        exit_code: Option<i32>,
    },
    /// It was killed by a signal (on a laptop).
    Killed {
        /// The number of the signal.
        signal: i32,
    },
    /// The machine below it went away: eviction, node loss, preemption.
    Evicted {
        /// What happened, in a sentence.
        message: String,
    },
    /// It was killed because it needed more memory than it had.
    OutOfMemory {
        /// How much it had and used, in a sentence; may be empty.
        message: String,
    },
    /// It never began: the host could not start it.
    NotStarted {
        /// Why: `Config` where the manifest has to change (no such ConfigMap, no champion yet), `Data` where the input has to,
        /// else `Infra`.
        class: FailureClass,
        /// What went wrong, in a sentence.
        message: String,
        /// What to do about it; may be empty.
        hint: String,
    },
}
