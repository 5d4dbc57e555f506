//! Environment variables of stages.

use crate::patterns::ENV_NAME_PATTERN;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trainyard_contract::names::{OBJECT_NAME_MAX, OBJECT_NAME_PATTERN};
use trainyard_contract::stage::OBJECT_KEY_PATTERN;

/// An environment variable. At most one of `value` and `valueFrom` is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "!(has(self.value) && has(self.valueFrom))",
     "message": "an environment variable takes one of value and valueFrom, not both"},
]))]
pub struct EnvVar {
    /// Its name: a letter or `_`, then letters, digits and `_`; at most 128 characters.
    #[schemars(length(min = 1, max = 128), regex(pattern = ENV_NAME_PATTERN))]
    pub name: String,
    /// Its value, as it stands: nothing is expanded in it. Empty when left out. At most 4,096 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub value: Option<String>,
    /// Where its value comes from: the place for passwords. On a laptop the variable is taken from the caller's environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<EnvSource>,
}

/// Where a value comes from. Exactly one is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "has(self.secretKeyRef) != has(self.configMapKeyRef)",
     "message": "valueFrom needs exactly one of secretKeyRef and configMapKeyRef"},
]))]
pub struct EnvSource {
    /// A key of a Secret in the pipeline's namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<KeyRef>,
    /// A key of a ConfigMap in the pipeline's namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map_key_ref: Option<KeyRef>,
}

/// A key of a Secret or a ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyRef {
    /// The name of the Secret or ConfigMap.
    #[schemars(length(min = 1, max = OBJECT_NAME_MAX), regex(pattern = OBJECT_NAME_PATTERN))]
    pub name: String,
    /// The key in it.
    #[schemars(length(min = 1, max = OBJECT_NAME_MAX), regex(pattern = OBJECT_KEY_PATTERN))]
    pub key: String,
}
