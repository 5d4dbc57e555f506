//! `predict`: a model's predictions are added to a dataset.

use crate::names::{DNS_LABEL_PATTERN, PIPELINE_NAME_MAX};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Adds `prediction` and a `probability_<class>` for each class to its input; yields that as a dataset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PredictSpec {
    /// Which model predicts.
    #[serde(default)]
    pub model: ModelChoice,
    /// Further files with the same rows, for other programs: `predictions.csv`, `predictions.parquet`. The dataset is always
    /// there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "set"))]
    pub save: Vec<PredictionFormat>,
}

/// A file of predictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PredictionFormat {
    /// `predictions.csv`, in UTF-8 with `,` between cells; a missing cell is empty.
    Csv,
    /// `predictions.parquet`, compressed with snappy.
    Parquet,
}

/// Which model version a stage uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "(has(self.use) && self.use == 'Version') == has(self.version)",
     "message": "version goes with use: Version, and only with it", "fieldPath": ".version"},
    {"rule": "!has(self.pipeline) || (has(self.use) && self.use != 'ThisRun')",
     "message": "pipeline does not go with use: ThisRun", "fieldPath": ".pipeline"},
]))]
pub struct ModelChoice {
    /// `ThisRun` when left out: the model of the nearest `train` above.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub model_use: Option<ModelUse>,
    /// With `use: Version`: the version, `model_YYYYMMDD_HHMMSS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40))]
    pub version: Option<String>,
    /// The pipeline whose champion or version it is; this pipeline when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = PIPELINE_NAME_MAX), regex(pattern = DNS_LABEL_PATTERN))]
    pub pipeline: Option<String>,
}

/// How a stage names its model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ModelUse {
    /// The champion of the pipeline when the stage starts.
    Champion,
    /// The version that this run trained.
    #[default]
    ThisRun,
    /// A version by its name.
    Version,
}
