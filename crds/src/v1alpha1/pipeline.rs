//! `MLPipeline`: what is to be done, when, and how patiently.

use super::{MLPipelineStatus, Parameter, Retention, Retry, Schedule, Stage, Timeouts, Worker, Workspace};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trainyard_engine::{PARAMETERS_MAX, STAGES_MAX};

/// The message of the rule that every `dependsOn` names a stage. `trainyard lint` says it more exactly, at the very entry.
pub const EVERY_DEPENDS_ON_NAMES_A_STAGE: &str = "every dependsOn must name a stage of this pipeline";
/// The message of the rule that every `input` names a stage. `trainyard lint` says it more exactly.
pub const EVERY_INPUT_NAMES_A_STAGE: &str = "every input must name a stage of this pipeline";

/// What a pipeline does: its stages, and when and how they run.
///
/// Everything may be changed at any time; a run under way keeps what it started with.
#[expect(clippy::duplicated_attributes, reason = "each printer column has a type")]
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "trainyard.dev",
    version = "v1alpha1",
    kind = "MLPipeline",
    plural = "mlpipelines",
    singular = "mlpipeline",
    shortname = "mlp",
    category = "ml",
    namespaced,
    status = "MLPipelineStatus",
    derive = "PartialEq",
    doc = "A machine-learning pipeline: stages that read a table, check it, train a model on it and save that with a version.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "Healthy",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Healthy\")].status"
    ),
    printcolumn(name = "Schedule", type_ = "string", json_path = ".spec.schedule.cron"),
    printcolumn(
        name = "Suspended",
        type_ = "boolean",
        json_path = ".spec.schedule.suspend",
        priority = 1
    ),
    printcolumn(name = "Next", type_ = "string", json_path = ".status.nextSlot"),
    printcolumn(name = "Last", type_ = "string", json_path = ".status.lastSlot", priority = 1),
    printcolumn(name = "Champion", type_ = "string", json_path = ".status.champion"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.message")
)]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "[self.stages.map(t, t.name)].all(names, self.stages.all(s, !has(s.dependsOn) || s.dependsOn.all(d, d in names)))",
     "message": EVERY_DEPENDS_ON_NAMES_A_STAGE, "fieldPath": ".stages"},
    {"rule": "[self.stages.map(t, t.name)].all(names, self.stages.all(s, !has(s.input) || s.input in names))",
     "message": EVERY_INPUT_NAMES_A_STAGE, "fieldPath": ".stages"},
]))]
pub struct MLPipelineSpec {
    /// When the pipeline runs by itself. Left out, it runs by hand or by `trigger` only. A laptop does not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// A token: each new value starts one run, the first value too. The way to say "run it now" in Git. At most 63
    /// characters. A laptop does not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub trigger: Option<String>,
    /// Values that a run may replace, for `$(parameters.NAME)` in the text fields of stages; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = PARAMETERS_MAX), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub parameters: Vec<Parameter>,
    /// The volume that holds datasets and models. A laptop uses the folder that `--workspace` names, or the current one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Workspace>,
    /// The pods that run the stages. A laptop does not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<Worker>,
    /// How often, and how patiently, a failed stage is tried again; a stage may say it otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// The longest that a run, a stage and a pod's start may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<Timeouts>,
    /// The stages, 1 to 200, each with a name of its own. Their order here means nothing: `dependsOn` and `input` do.
    #[schemars(
        length(min = 1, max = STAGES_MAX),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub stages: Vec<Stage>,
    /// How many finished runs are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
}
