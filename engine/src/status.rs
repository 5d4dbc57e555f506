//! What is known of a run: written by [`plan`](crate::plan), kept by the host, read back by the next [`plan`](crate::plan).
//!
//! Bounded: O(stages), never O(rows) or O(attempts). Times are offsets from the run's creation, which is short and makes the
//! difference of two of them what people want to know. Not here: how it is bounded (`status_caps.rs`).

use crate::{LatestAttempt, Spent};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use trainyard_contract::names::{MODEL_VERSION_NAME_MAX, STAGE_NAME_MAX};
use trainyard_contract::result::{MESSAGE_BYTES_MAX, MadeModelVersion, SHA256_HEX_LENGTH};
use trainyard_contract::{Duration, FailureClass, ModelVersionName, StageName};

/// What is known of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunStatus {
    /// How far it is, for people: no decision reads it, but that a finished run is left alone.
    pub phase: RunPhase,
    /// Why it was decided to stop it; a stop that has begun is never taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopCause>,
    /// Why it failed: the class of the first failed stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_class: Option<FailureClass>,
    /// What happened, in a sentence; empty while there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When its last attempt ended, counted from its creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_after: Option<Duration>,
    /// Its stages, in the manifest's order.
    #[serde(default)]
    pub stages: Vec<StageStatus>,
    /// How many messages and hints were cut or left out because all of them together were too long.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub messages_cut: u32,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum RunPhase {
    /// Nothing has started.
    #[default]
    Pending,
    /// Under way.
    Running,
    /// No further attempt starts until it is resumed.
    Suspended,
    /// Its attempts are being stopped.
    Stopping,
    /// Every stage succeeded. Final.
    Succeeded,
    /// A stage failed, or the run took too long. Final.
    Failed,
    /// Its user stopped it. Final.
    Stopped,
}

/// Why a run is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum StopCause {
    /// Its user asked for it.
    Requested,
    /// It took longer than `timeouts.run`.
    Timeout,
}

/// What is known of a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StageStatus {
    /// The stage's name.
    #[schemars(length(max = STAGE_NAME_MAX))]
    pub name: StageName,
    /// How far the stage is.
    pub phase: StagePhase,
    /// How many attempts were created so far; each is one Job, on a laptop one process.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// The latest attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<LatestAttempt>,
    /// The first attempt that reads the same input as the latest one; 1 when left out. What attempts before it made is of no
    /// use any more.
    #[serde(default = "first_attempt", skip_serializing_if = "is_first_attempt")]
    pub same_input_since: u32,
    /// Whether an attempt since `sameInputSince` ended without a result that could be read. It may have made one all the same:
    /// the next attempt looks for it before it starts anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unread_results: bool,
    /// How many attempts did not count as a success, by what they are charged to. Each kind has a bound of its own.
    #[serde(default, skip_serializing_if = "Spent::is_nothing")]
    pub spent: Spent,
    /// Why the stage failed, or, while it is tried again, why its last attempt did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_class: Option<FailureClass>,
    /// What happened, or what the stage waits for, in a sentence: of a failed stage the failure, of a skipped one the cause. At
    /// most 256 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = MESSAGE_BYTES_MAX))]
    pub message: String,
    /// What to do about the message, where that is known. At most 256 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = MESSAGE_BYTES_MAX))]
    pub hint: String,
    /// When its first attempt began, counted from the run's creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_after: Option<Duration>,
    /// When its last attempt ended, counted from the run's creation; set when the stage is at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_after: Option<Duration>,
    /// Rows of the dataset that it read or wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Its small outputs, numbers, texts and booleans: what later stages read as `$(stages.NAME.outputs.KEY)`. At most 1 KiB.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "any_scalars")]
    pub outputs: BTreeMap<String, serde_json::Value>,
    /// How many outputs are left out here because they were too long. They stand in the result of the attempt on the volume.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub outputs_left_out: u32,
    /// The dataset that it made, if its kind makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<CommittedDataset>,
    /// The name that the model version of a `train` stage is to have. It is chosen when the stage first starts, so that every
    /// attempt makes the same version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MODEL_VERSION_NAME_MAX))]
    pub model_version: Option<ModelVersionName>,
    /// The model version that the stage made; its name ends in `_2` and so on where `modelVersion` was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<MadeModelVersion>,
}

/// A dataset that a stage committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommittedDataset {
    /// The attempt that reported it. A dataset that had to be made again has another one.
    pub attempt: u32,
    /// The attempt whose folder holds it: the same, or an earlier one whose result had been lost.
    pub folder: u32,
    /// Hexadecimal sha-256 of `data.arrow` in that folder.
    #[schemars(length(max = SHA256_HEX_LENGTH))]
    pub sha256: String,
}

/// How far a stage is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum StagePhase {
    /// Waits for the stages that come before it.
    #[default]
    Pending,
    /// An attempt is created and has not begun.
    Queued,
    /// An attempt runs.
    Running,
    /// An attempt failed; another one follows, at once or after a wait.
    Retrying,
    /// Done. It runs again only when the dataset that it made is found damaged by a later stage.
    Succeeded,
    /// Failed, and not tried again. Final.
    Failed,
    /// It never runs, because a stage that it needs did not succeed. Final.
    Skipped,
    /// Stopped with its run. Final.
    Stopped,
}

impl RunPhase {
    /// Nothing changes any more.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Stopped => true,
            Self::Pending | Self::Running | Self::Suspended | Self::Stopping => false,
        }
    }
}

impl StagePhase {
    /// The stage is at its end, well or not.
    pub const fn is_end(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Skipped | Self::Stopped => true,
            Self::Pending | Self::Queued | Self::Running | Self::Retrying => false,
        }
    }
}

impl fmt::Display for RunPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Suspended => "Suspended",
            Self::Stopping => "Stopping",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        })
    }
}

impl fmt::Display for StagePhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "Pending",
            Self::Queued => "Queued",
            Self::Running => "Running",
            Self::Retrying => "Retrying",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
            Self::Stopped => "Stopped",
        })
    }
}

impl RunStatus {
    /// What is known of the stage `name`.
    pub fn stage(&self, name: &StageName) -> Option<&StageStatus> {
        self.stages.iter().find(|stage| stage.name == *name)
    }

    /// The model version that the run made, if it did.
    pub fn model(&self) -> Option<&MadeModelVersion> {
        self.stages.iter().find_map(|stage| stage.made.as_ref())
    }
}

impl StageStatus {
    /// A stage of which nothing is known.
    pub fn new(name: StageName) -> Self {
        Self {
            name,
            phase: StagePhase::Pending,
            attempts: 0,
            latest: None,
            same_input_since: first_attempt(),
            unread_results: false,
            spent: Spent::default(),
            failure_class: None,
            message: String::new(),
            hint: String::new(),
            began_after: None,
            ended_after: None,
            rows: None,
            outputs: BTreeMap::new(),
            outputs_left_out: 0,
            dataset: None,
            model_version: None,
            made: None,
        }
    }
}

impl StageStatus {
    /// The stage is at its end: when its latest attempt ended is when it did.
    pub(crate) fn forget_times_of_latest(&mut self) {
        if let Some(latest) = &mut self.latest {
            self.ended_after = latest.ended_after.or(self.ended_after);
            latest.created_after = None;
            latest.began_after = None;
            latest.ended_after = None;
        }
    }
}

/// Outputs may be numbers, texts and booleans; a schema without unions cannot say so.
fn any_scalars(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": true,
    })
}

const fn first_attempt() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_first_attempt(attempt: &u32) -> bool {
    *attempt == first_attempt()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}
