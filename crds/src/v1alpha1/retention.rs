//! How many finished runs and model versions are kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is kept. On a cluster only runs that the operator started are ever removed, on a laptop those of this pipeline; the
/// newest run and the champion never are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    /// Succeeded runs that are kept: 0 to 10,000; 10 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10_000))]
    pub successful_runs: Option<i32>,
    /// Failed and stopped runs that are kept: 0 to 10,000; 10 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10_000))]
    pub failed_runs: Option<i32>,
    /// Model versions that are kept: 1 to 10,000; all when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub model_versions: Option<i32>,
}
