//! A value that a run may replace.

use crate::patterns::PARAMETER_NAME_PATTERN;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trainyard_engine::{PARAMETER_BYTES_MAX, PARAMETER_NAME_MAX};

/// A named text for `$(parameters.NAME)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// Its name, unique among the parameters: letters, digits, `_` and `-`; at most 63 characters.
    #[schemars(length(min = 1, max = PARAMETER_NAME_MAX), regex(pattern = PARAMETER_NAME_PATTERN))]
    pub name: String,
    /// Its value where a run brings none, at most 4,096 bytes. Left out, every run must bring one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = PARAMETER_BYTES_MAX), extend("x-kubernetes-validations" = [at_most_parameter_bytes()]))]
    pub default: Option<String>,
}

/// The bound of a length counts characters; the text of a parameter is bounded in bytes.
pub(super) fn at_most_parameter_bytes() -> Value {
    json!({
        "rule": format!("size(bytes(self)) <= {PARAMETER_BYTES_MAX}"),
        "message": format!("must be at most {PARAMETER_BYTES_MAX} bytes; a character beyond ASCII takes two to four"),
    })
}
