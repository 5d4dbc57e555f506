//! Several values of a model's settings, each tried by cross-validation.

use super::MetricName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tries every value on parts of the training rows, and trains with the best one on all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Search {
    /// What is tried.
    pub over: SearchGrid,
    /// In how many parts the training rows are cut, each class evenly and in the order of the rows (as scikit-learn's
    /// `StratifiedKFold`): 2 to 20; 5 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 20))]
    pub folds: Option<u32>,
    /// What is compared, as the mean of the parts: `log_loss` when left out. Of equal values the first is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<MetricName>,
}

/// The values that are tried.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchGrid {
    /// Values of `logisticRegression.c`: 1 to 50, each above 0.
    #[schemars(schema_with = "strengths_schema")]
    pub c: Vec<f64>,
}

/// A list's items take no exclusive bounds by attribute: they are written out.
fn strengths_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "array",
        "minItems": 1,
        "maxItems": 50,
        "items": {"type": "number", "format": "double", "exclusiveMinimum": true, "minimum": 0},
    })
}
