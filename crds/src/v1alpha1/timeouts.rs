//! How long things may take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trainyard_contract::Duration;

/// The longest that a run, a stage and a pod's start may take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timeouts {
    /// A run, from its creation to its end, above `0s`: `6h` when left out. A longer one is stopped and has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-validations" = [more_than_nothing()]))]
    pub run: Option<Duration>,
    /// One attempt of a stage, from the start of its program, above `0s`: `1h` when left out. A longer one is class `Timeout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-validations" = [more_than_nothing()]))]
    pub stage: Option<Duration>,
    /// From the creation of an attempt's Job to the start of its container: `10m` when left out. A laptop does not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-validations" = [more_than_nothing()]))]
    pub pending: Option<Duration>,
}

/// The longest that one stage and its pod's start may take. What is left out here, the pipeline's `timeouts` say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StageTimeouts {
    /// One attempt, from the start of its program. A longer one is class `Timeout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-validations" = [more_than_nothing()]))]
    pub stage: Option<Duration>,
    /// From the creation of an attempt's Job to the start of its container. A laptop does not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-validations" = [more_than_nothing()]))]
    pub pending: Option<Duration>,
}

/// A timeout of nothing would end everything at once. Malformed ones are refused elsewhere.
fn more_than_nothing() -> Value {
    json!({"rule": "!self.matches('^[0hms]+$')", "message": "must be more than 0s"})
}
