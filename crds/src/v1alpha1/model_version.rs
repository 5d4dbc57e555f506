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
    printcolumn(name = "Run", type_ = "string", json_path = ".spec.run"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
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
}

/// Whether the version is in use. Written by the operator only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelVersionStatus {
    /// Whether it is the version in use; `MLPipeline.status.champion` decides, this is a copy for lists.
    #[serde(default)]
    pub champion: bool,
}
