//! Which rows a model is judged on and never sees while it is fitted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Holds some rows out. Exactly one of `hash`, `time` and `random` says which.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "[has(self.hash), has(self.time), has(self.random)].filter(is, is).size() == 1",
     "message": "split needs exactly one of hash, time and random"},
]))]
pub struct Split {
    /// The share of the rows that is held out: above 0 and below 1, such as 0.2.
    #[schemars(extend("exclusiveMinimum" = true, "minimum" = 0, "exclusiveMaximum" = true, "maximum" = 1))]
    pub holdout: f64,
    /// By a key: rows of one key are on the same side, in this run and in every other. About that share of the keys is held out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<SplitColumn>,
    /// By time: the newest rows are held out, `ceil(holdout * rows)` of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<SplitColumn>,
    /// By chance: `ceil(holdout * rows)` rows are held out, the same ones of the same table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random: Option<RandomSplit>,
}

/// The column that a split goes by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SplitColumn {
    /// Its name. With `hash` any column, such as a customer's number; with `time` numbers, or texts such as `2026-11-24`
    /// or `2026-11-24T05:30:00Z`. No cell may be missing.
    #[schemars(length(min = 1, max = 253))]
    pub column: String,
}

/// How rows are drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RandomSplit {
    /// Another seed draws other rows; 0 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub seed: Option<i64>,
    /// Whether each class has its share of the held-out rows, within one row; `true` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stratified: Option<bool>,
}
