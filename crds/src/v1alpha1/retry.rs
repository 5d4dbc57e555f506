//! When a failed stage runs again.

use super::Quantity;
use crate::patterns::FACTOR_PATTERN;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trainyard_contract::Duration;

/// How often, and how patiently, a failed stage is tried again.
///
/// `Data` and `Config` failures never are: the same input would fail the same way. What a stage leaves out here, the
/// pipeline's `retry` says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    /// Attempts after the first: 0 to 10; 2 when left out; 0 switches retrying off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10))]
    pub limit: Option<i32>,
    /// The wait between two attempts, and its growth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    /// What a stage gets after it ran out of memory. Left out, it is not tried again. A laptop does not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryGrowth>,
}

/// The wait after attempt n: `initial * factor^(n-1)`, at most `max`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "[has(self.initial) ? self.initial : '1s'].all(initial, [has(self.max) ? self.max : '5m'].all(max, \
              !initial.matches('^([0-9]+(h|m|s|ms))+$') || !max.matches('^([0-9]+(h|m|s|ms))+$') || \
              duration(initial) <= duration(max)))",
     "message": "backoff.initial (1s when left out) must not be longer than backoff.max (5m when left out)",
     "fieldPath": ".initial"},
]))]
pub struct Backoff {
    /// Wait before the second attempt: `1s` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial: Option<Duration>,
    /// How much longer each further wait is: 1 to 10; 2 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10))]
    pub factor: Option<i32>,
    /// The longest wait: `5m` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Duration>,
}

/// How a stage's memory limit grows from attempt to attempt after it ran out of memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemoryGrowth {
    /// By how much, as text: above `"1"`, below `"10"`; `"1.5"` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5), regex(pattern = FACTOR_PATTERN), extend("x-kubernetes-validations" = [
        {"rule": "!self.matches('^1([.]0*)?$')", "message": "must be more than 1: memory would not grow"},
    ]))]
    pub factor: Option<String>,
    /// The largest limit: `4Gi`.
    pub max: Quantity,
}
