//! `ModelVersion`: one trained model on a volume, as an index entry that can be made again from the volume.

use crate::patterns::DIGEST_PATTERN;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trainyard_contract::ModelVersionName;
use trainyard_contract::names::{
    DNS_LABEL_PATTERN, MODEL_VERSION_NAME_MAX, MODEL_VERSION_PATTERN, PIPELINE_NAME_MAX, RUN_NAME_MAX, STAGE_NAME_MAX,
};
use trainyard_contract::result::MODEL_PATH_MAX;

/// One trained model: where its folder is, and which digest proves that it is whole.
///
/// Written by the operator. It belongs to neither the run nor the pipeline that made it, and stays when they go.
#[expect(clippy::duplicated_attributes, reason = "each printer column has a type")]
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "trainyard.dev",
    version = "v1alpha1",
    kind = "ModelVersion",
    plural = "modelversions",
    singular = "modelversion",
    shortname = "mv",
    category = "ml",
    namespaced,
    status = "ModelVersionStatus",
    derive = "PartialEq",
    doc = "A trained model on a volume: an entry of an index that can be made again from the folders.",
    selectable = ".spec.pipeline",
    selectable = ".status.champion",
    printcolumn(name = "Pipeline", type_ = "string", json_path = ".spec.pipeline"),
    printcolumn(name = "Version", type_ = "string", json_path = ".spec.version"),
    printcolumn(name = "Champion", type_ = "boolean", json_path = ".status.champion"),
    printcolumn(name = "Rows", type_ = "integer", json_path = ".spec.rows"),
    printcolumn(name = "ROC_AUC", type_ = "number", json_path = ".spec.metrics.rocAuc"),
    printcolumn(name = "Measured", type_ = "string", json_path = ".spec.metrics.data"),
    printcolumn(name = "Run", type_ = "string", json_path = ".spec.run"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Accuracy",
        type_ = "number",
        json_path = ".spec.metrics.accuracy",
        priority = 1
    ),
    printcolumn(name = "Path", type_ = "string", json_path = ".spec.path", priority = 1),
    printcolumn(name = "Digest", type_ = "string", json_path = ".spec.digest", priority = 1)
)]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "self == oldSelf", "message": "a model version cannot be changed: its folder never changes either"},
]))]
pub struct ModelVersionSpec {
    /// The pipeline that made it.
    #[schemars(length(min = 1, max = PIPELINE_NAME_MAX), regex(pattern = DNS_LABEL_PATTERN))]
    pub pipeline: String,
    /// Its name and that of its folder, `model_YYYYMMDD_HHMMSS` in UTC.
    #[schemars(length(max = MODEL_VERSION_NAME_MAX), regex(pattern = MODEL_VERSION_PATTERN))]
    pub version: ModelVersionName,
    /// Its folder, relative to the workspace.
    #[schemars(length(min = 1, max = MODEL_PATH_MAX))]
    pub path: String,
    /// The claim that holds the workspace.
    #[schemars(length(min = 1, max = 63), regex(pattern = DNS_LABEL_PATTERN))]
    pub claim_name: String,
    /// The run that made it.
    #[schemars(length(min = 1, max = RUN_NAME_MAX), regex(pattern = DNS_LABEL_PATTERN))]
    pub run: String,
    /// That run's uid.
    #[schemars(length(min = 8, max = 63))]
    pub run_uid: String,
    /// The stage that made it.
    #[schemars(length(min = 1, max = STAGE_NAME_MAX), regex(pattern = DNS_LABEL_PATTERN))]
    pub stage: String,
    /// `sha256:` and the hexadecimal digest of the folder's `manifest.json`, which holds those of all other files.
    #[schemars(length(min = 71, max = 71), regex(pattern = DIGEST_PATTERN))]
    pub digest: String,
    /// Rows that it was trained on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub rows: Option<i64>,
    /// How good it was when it was trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<ModelMetrics>,
}

/// The first numbers of the version's `metrics.json`, rounded to four decimals. A number is absent where it is undefined.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelMetrics {
    /// The rows that they are of.
    pub data: MeasuredRows,
    /// The part of the rows whose class was predicted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// The area under the ROC curve; with more than two classes the mean of each class against the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roc_auc: Option<f64>,
    /// The mean negative logarithm of the probability that the right class was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_loss: Option<f64>,
    /// The F1 score of the second class; with more than two classes the mean over the classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f1: Option<f64>,
}

/// Which rows a model was measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MeasuredRows {
    /// Rows that were held out: the model had not seen them.
    Holdout,
    /// The very rows that it was trained on.
    Training,
}

/// Whether the version is in use. Written by the operator only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelVersionStatus {
    /// Whether it is the version in use; `MLPipeline.status.champion` decides, this is a copy for lists.
    #[serde(default)]
    pub champion: bool,
}
