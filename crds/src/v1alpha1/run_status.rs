//! What the operator says about a run: the engine's status, and what only a cluster has beside it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trainyard_contract::names::{MODEL_VERSION_NAME_MAX, OBJECT_NAME_MAX};
use trainyard_contract::result::SHA256_HEX_LENGTH;
use trainyard_contract::{Duration, FailureClass, ModelVersionName};
use trainyard_engine::{RunPhase, RunStatus, STAGES_MAX, StageStatus, StopCause};

/// The longest message of a run, in characters; the engine's have at most 256 bytes, what a cluster says of a wait may be
/// longer. The operator cuts what is beyond.
pub const RUN_MESSAGE_MAX: usize = 1_024;

/// Written by the operator only. An object without it is not yet looked at: `observedGeneration` is -1 then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PipelineRunStatus {
    /// The `metadata.generation` that the rest of the status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// How far the run is, in a word for people. Programs wait for the condition `Finished`, or `Succeeded`.
    #[serde(default)]
    pub phase: RunPhase,
    /// What happened, or what the run waits for, in a sentence; empty while there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = RUN_MESSAGE_MAX))]
    pub message: String,
    /// Why the run failed: the class of its first failed stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_class: Option<FailureClass>,
    /// The model version that the run made, `model_YYYYMMDD_HHMMSS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MODEL_VERSION_NAME_MAX))]
    pub model_version: Option<ModelVersionName>,
    /// Whether the run is at its end, well or not. `kubectl get pipelineruns --field-selector status.finished=false` lists those
    /// under way.
    #[serde(default)]
    pub finished: bool,
    /// How long it took from its creation to the end of its last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_after: Option<Duration>,
    /// Why the run is stopped or was, if it is. A stop that has begun is never taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopCause>,
    /// The pipeline as it was when the run began: what the run does, whatever becomes of the pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// `Reconciling` while it is under way; at the end `Finished`, `Succeeded` (True or False) and, where it failed, `Stalled`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// Its stages, in the pipeline's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = STAGES_MAX),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub stages: Vec<RunStage>,
    /// How many messages and hints of stages were cut or left out, since all of them together were too long.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub messages_cut: u32,
}

/// A `ControllerRevision` that holds a pipeline's spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// The name of the `ControllerRevision`, `<pipeline>-<first ten digits of sha256>`.
    #[schemars(length(max = OBJECT_NAME_MAX))]
    pub name: String,
    /// Hexadecimal sha-256 of the spec in it.
    #[schemars(length(max = SHA256_HEX_LENGTH))]
    pub sha256: String,
}

/// What is known of a stage of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunStage {
    /// As the engine has it.
    #[serde(flatten)]
    pub known: StageStatus,
    /// The Job of the latest attempt, for `kubectl logs job/NAME`; it is removed some time after the run's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub job: Option<String>,
}

impl PipelineRunStatus {
    /// The part of the status that the engine reads. A message without a failure is what the run waited for when it was
    /// written: that is seen anew in each pass.
    pub fn known(&self) -> RunStatus {
        RunStatus {
            phase: self.phase,
            stop: self.stop,
            failure_class: self.failure_class,
            message: self.failure_class.map_or_else(String::new, |_| self.message.clone()),
            ended_after: self.ended_after,
            stages: self.stages.iter().map(|stage| stage.known.clone()).collect(),
            messages_cut: self.messages_cut,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}
