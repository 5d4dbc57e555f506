//! What the operator says about a pipeline.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trainyard_contract::names::MODEL_VERSION_NAME_MAX;
use trainyard_contract::result::MODEL_PATH_MAX;
use trainyard_engine::RunPhase;
use trainyard_engine::schedule::{LEDGER_MAX, SeenSchedule, SlotRange};

/// Written by the operator only. An object without it is not yet looked at: `observedGeneration` is -1 then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MLPipelineStatus {
    /// The `metadata.generation` that the rest of the status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready` (accepted, its schedule is kept), `Stalled` (the spec cannot run; says which field), `Healthy` (how the last
    /// run ended; never makes the pipeline unready).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// What is wrong, in a sentence: the spec, or how the last run failed; else who has paused the schedule; empty while there is
    /// nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 1024))]
    pub message: String,
    /// The model version in use, `model_YYYYMMDD_HHMMSS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MODEL_VERSION_NAME_MAX))]
    pub champion: Option<String>,
    /// The `spec.trigger` that was seen last, and the run that it started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<SeenTrigger>,
    /// The run that ended last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_run: Option<LastRun>,
    /// When the schedule is due next; absent where there is none, or it is paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_slot: Option<Time>,
    /// The newest time at which the schedule was due and whose fate is known: it ran, was skipped or missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_slot: Option<Time>,
    /// The schedule as it was seen last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<SeenSchedule>,
    /// What became of the times at which the schedule was due, in ranges, the newest last; the newest 100 ranges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = LEDGER_MAX))]
    pub slots: Vec<SlotRange>,
    /// Folders of runs and model versions that `retention` has removed: the first stage of the next run removes them from the volume.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = REMOVED_FOLDERS_MAX))]
    pub removed_folders: Vec<RemovedFolder>,
}

/// A folder of a workspace whose run or model version is no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemovedFolder {
    /// The claim that holds the workspace.
    #[schemars(length(max = 63))]
    pub claim_name: String,
    /// The folder, relative to the workspace.
    #[schemars(length(max = MODEL_PATH_MAX))]
    pub path: String,
}

/// How many folders wait for their removal at most: of more the oldest are forgotten, and stay on their volume.
pub const REMOVED_FOLDERS_MAX: usize = 200;

/// A token that started a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeenTrigger {
    /// The token.
    #[schemars(length(max = 63))]
    pub token: String,
    /// The run that it started.
    #[schemars(length(max = 63))]
    pub run: String,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastRun {
    /// Its name.
    #[schemars(length(max = 63))]
    pub name: String,
    /// `Succeeded`, `Failed` or `Stopped`.
    pub phase: RunPhase,
    /// When it ended.
    pub ended: Time,
}
