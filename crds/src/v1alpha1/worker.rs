//! The pods that run the stages.

use super::labels::{node_labels, own_labels};
use super::{EnvVar, Resources};
use crate::patterns::IMAGE_PATTERN;
use k8s_openapi::api::core::v1::Toleration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trainyard_contract::names::{OBJECT_NAME_MAX, OBJECT_NAME_PATTERN};

/// How the pods of stages look. What stands here is theirs from the next attempt on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Worker {
    /// The image that runs the stages, as `registry.example/team/worker:1.4`; the operator's own worker image when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = IMAGE_PATTERN))]
    pub image: Option<String>,
    /// Secrets with which the image is pulled, at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub image_pull_secrets: Vec<ImagePullSecret>,
    /// The ServiceAccount of the pods, for the identity that a cloud gives it; the namespace's `default` when left out. Its
    /// token is not mounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = OBJECT_NAME_MAX), regex(pattern = OBJECT_NAME_PATTERN))]
    pub service_account_name: Option<String>,
    /// What a stage's pod may use, where the stage does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Environment variables of every stage, at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub env: Vec<EnvVar>,
    /// Labels that a node must have, at most 32.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "node_labels")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that the pods bear, at most 32; as in a pod.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "atomic", "x-kubernetes-validations" = [
        {"rule": "self.all(t, !has(t.operator) || t.operator in ['Exists', 'Equal', 'Lt', 'Gt'])",
         "message": "the operator of a toleration is Exists, Equal, Lt or Gt"},
        {"rule": "self.all(t, !has(t.effect) || t.effect in ['', 'NoSchedule', 'PreferNoSchedule', 'NoExecute'])",
         "message": "the effect of a toleration is NoSchedule, PreferNoSchedule or NoExecute"},
    ]))]
    pub tolerations: Vec<Toleration>,
    /// Labels of the pods besides the operator's, at most 32. No label of the pipeline itself is passed on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "own_labels")]
    pub pod_labels: BTreeMap<String, String>,
    /// Labels of the Jobs besides the operator's, at most 32; a queue of Kueue is named here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "own_labels")]
    pub job_labels: BTreeMap<String, String>,
}

/// A Secret with which an image is pulled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImagePullSecret {
    /// The Secret's name.
    #[schemars(length(min = 1, max = OBJECT_NAME_MAX), regex(pattern = OBJECT_NAME_PATTERN))]
    pub name: String,
}
