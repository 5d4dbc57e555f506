//! A stage of a pipeline: its name, what it comes after, and exactly one kind.

use super::{EnvVar, Resources, Retry, StageTimeouts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trainyard_contract::names::{DNS_LABEL_PATTERN, STAGE_NAME_MAX};
use trainyard_contract::stage::{EvaluateSpec, ExtractSpec, PredictSpec, TrainSpec, ValidateSpec};
use trainyard_engine::DEPENDS_ON_MAX;

/// One step of a pipeline. Exactly one of `extract`, `validate`, `train`, `evaluate` and `predict` is set: the stage's kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "[has(self.extract), has(self.validate), has(self.train), has(self.evaluate), has(self.predict)].filter(is, is).size() == 1",
     "message": "a stage needs exactly one kind: extract, validate, train, evaluate or predict"},
]))]
pub struct Stage {
    /// The stage's name, unique in the pipeline: a DNS label of at most 40 characters.
    #[schemars(length(min = 1, max = STAGE_NAME_MAX), regex(pattern = DNS_LABEL_PATTERN))]
    pub name: String,
    /// Stages that must have succeeded before this one starts, at most 20. It adds order only; `input` names the data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = DEPENDS_ON_MAX),
        inner(length(min = 1, max = STAGE_NAME_MAX)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub depends_on: Vec<String>,
    /// The stage whose dataset this one reads; implies that it comes first. Left out, it is the one stage above that yields
    /// a dataset. `extract` reads none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = STAGE_NAME_MAX))]
    pub input: Option<String>,
    /// Kind: reads a table from outside into a dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extract: Option<ExtractSpec>,
    /// Kind: checks a dataset and passes it on, or fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate: Option<ValidateSpec>,
    /// Kind: fits a model on a dataset and saves it as a model version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<TrainSpec>,
    /// Kind: judges the model of the nearest `train` above on rows that it has not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluate: Option<EvaluateSpec>,
    /// Kind: adds a model's predictions to a dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predict: Option<PredictSpec>,
    /// What this stage's pod may use, instead of `worker.resources`. A laptop does not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// When this stage is tried again, where it differs from the pipeline's `retry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// How long this stage may take, where it differs from the pipeline's `timeouts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<StageTimeouts>,
    /// Environment variables of this stage, besides `worker.env` and before it where names are equal; at most 20. A laptop
    /// does not read them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub env: Vec<EnvVar>,
}
