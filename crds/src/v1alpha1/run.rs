//! `PipelineRun`: one run of a pipeline, with which parameters, and what its user wants of it.

use super::PipelineRunStatus;
use super::parameter::at_most_parameter_bytes;
use crate::patterns::{PARAMETER_NAME_PATTERN, SLOT_PATTERN};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trainyard_contract::names::{DNS_LABEL_PATTERN, PIPELINE_NAME_MAX};
use trainyard_engine::{PARAMETER_BYTES_MAX, PARAMETER_NAME_MAX, PARAMETERS_MAX};

/// One run of a pipeline.
///
/// Nothing but `state` may be changed: a run keeps what it started with. To run again, create another one.
#[expect(clippy::duplicated_attributes, reason = "each printer column has a type")]
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "trainyard.dev",
    version = "v1alpha1",
    kind = "PipelineRun",
    plural = "pipelineruns",
    singular = "pipelinerun",
    shortname = "prun",
    category = "ml",
    namespaced,
    status = "PipelineRunStatus",
    derive = "PartialEq",
    doc = "One run of an MLPipeline. It keeps the pipeline as it was when the run began.",
    selectable = ".spec.pipelineRef.name",
    selectable = ".status.finished",
    printcolumn(name = "Pipeline", type_ = "string", json_path = ".spec.pipelineRef.name"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Model", type_ = "string", json_path = ".status.modelVersion"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Took", type_ = "string", json_path = ".status.endedAfter"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.message"),
    printcolumn(name = "Slot", type_ = "string", json_path = ".spec.slot", priority = 1),
    printcolumn(name = "Class", type_ = "string", json_path = ".status.failureClass", priority = 1)
)]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "self.pipelineRef == oldSelf.pipelineRef",
     "message": "pipelineRef cannot be changed: create another run", "fieldPath": ".pipelineRef"},
    {"rule": "(has(self.parameters) ? self.parameters : []) == (has(oldSelf.parameters) ? oldSelf.parameters : [])",
     "message": "parameters cannot be changed, added or removed: create another run", "fieldPath": ".parameters"},
    {"rule": "has(self.slot) == has(oldSelf.slot) && (!has(self.slot) || self.slot == oldSelf.slot)",
     "message": "slot cannot be changed, added or removed: create another run", "fieldPath": ".slot"},
]))]
pub struct PipelineRunSpec {
    /// Which pipeline runs. It cannot be changed.
    pub pipeline_ref: PipelineRef,
    /// Values for the pipeline's parameters, at most 64; the others have their defaults. They cannot be changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = PARAMETERS_MAX), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub parameters: Vec<ParameterValue>,
    /// The due time that the run is for, as `2026-11-24T05:30:00Z`: what `$(run.slot)`, `$(slot.date)`, `$(slot.start)` and
    /// `$(slot.end)` stand for. Left out, it is the last one that was due when the run was created. It cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40), regex(pattern = SLOT_PATTERN))]
    pub slot: Option<String>,
    /// What is wanted of the run; `Running` when left out. The one field that may be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<RunState>,
}

/// A pipeline in the namespace of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PipelineRef {
    /// The name of the `MLPipeline`.
    #[schemars(length(min = 1, max = PIPELINE_NAME_MAX), regex(pattern = DNS_LABEL_PATTERN))]
    pub name: String,
}

/// The value of a parameter in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParameterValue {
    /// The parameter's name, as the pipeline declares it.
    #[schemars(length(min = 1, max = PARAMETER_NAME_MAX), regex(pattern = PARAMETER_NAME_PATTERN))]
    pub name: String,
    /// Its value: data wherever it stands, at most 4,096 bytes.
    #[schemars(length(max = PARAMETER_BYTES_MAX), extend("x-kubernetes-validations" = [at_most_parameter_bytes()]))]
    pub value: String,
}

/// What is wanted of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RunState {
    /// Go on.
    #[default]
    Running,
    /// Let running attempts end, start none, until this is `Running` again.
    Suspended,
    /// Stop everything. A stop that has begun cannot be taken back.
    Stopped,
}
