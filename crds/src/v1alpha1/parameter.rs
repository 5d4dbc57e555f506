//! A value that a run may replace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A named text for `$(parameters.NAME)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// Its name, unique among the parameters: letters, digits, `_` and `-`; at most 63 characters.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[A-Za-z0-9_-]*$"))]
    pub name: String,
    /// Its value where a run brings none, at most 4,096 bytes. Left out, every run must bring one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub default: Option<String>,
}
