//! What the operator says about a run: the engine's status, and what only a cluster has beside it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trainyard_contract::{Duration, FailureClass, ModelVersionName};
use trainyard_engine::{RunPhase, RunStatus, StageStatus, StopCause};

/// Written by the operator only. An object without it is not yet looked at: `observedGeneration` is -1 then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PipelineRunStatus {
    /// The `metadata.generation` that the rest of the status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// How far the run is, for people: no decision reads it, but that a finished run is left alone.
    #[serde(default)]
    pub phase: RunPhase,
    /// What happened, or what the run waits for, in a sentence; empty while there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Why it failed: the class of the first failed stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_class: Option<FailureClass>,
    /// The model version that the run made, `model_YYYYMMDD_HHMMSS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_version: Option<ModelVersionName>,
    /// Whether the run is at its end, well or not.
    #[serde(default)]
    pub finished: bool,
    /// How long it took from its creation to the end of its last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_after: Option<Duration>,
    /// Why it was decided to stop it.
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
        length(max = 200),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub stages: Vec<RunStage>,
    /// How many messages and hints were cut or left out because all of them together were too long.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub messages_cut: u32,
}

/// A `ControllerRevision` that holds a pipeline's spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// Its name, `<pipeline>-<first ten digits of sha256>`.
    #[schemars(length(max = 253))]
    pub name: String,
    /// Hexadecimal sha-256 of the spec in it.
    #[schemars(length(max = 64))]
    pub sha256: String,
}

/// What is known of a stage of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunStage {
    /// As the engine has it.
    #[serde(flatten)]
    pub known: StageStatus,
    /// The Job of the latest attempt.
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
