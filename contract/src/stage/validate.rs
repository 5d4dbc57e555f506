//! `validate`: a dataset is checked before anything is trained on it.

use super::DeclaredColumn;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Checks a dataset and passes it on unchanged; one fault fails the stage (class `Data`). `report.json` holds all faults.
///
/// Columns that later stages use must be there in any case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidateSpec {
    /// Columns that must be there, besides those that later stages use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10_000), inner(length(min = 1, max = 253)), extend("x-kubernetes-list-type" = "set"))]
    pub required_columns: Vec<String>,
    /// Columns that must be there and of a type: `Integer` takes whole numbers only, `Number` any number, `Text` anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10_000), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub columns: Vec<DeclaredColumn>,
    /// Which columns must have no missing cell and no infinity: `Used` when left out. `"Off"` stands in quotes, since kubectl
    /// reads the plain word as `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_nulls: Option<NullRule>,
}

/// Which columns must have no missing cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum NullRule {
    /// The columns that later stages use (features, targets), and `requiredColumns` and `columns`.
    #[default]
    Used,
    /// Every column of the dataset.
    All,
    /// None.
    Off,
}
