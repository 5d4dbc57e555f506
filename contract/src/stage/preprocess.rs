//! What is done to columns before a model sees them. It belongs to the model: fitted on the rows it is trained on, saved and
//! applied with it.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;

/// The longest constant that takes the place of missing cells, in characters.
const CONSTANT_LENGTH_MAX: u32 = 253;

/// One step for some of the features. Exactly one of `impute`, `oneHot` and `scale` is set. Steps of a column are done in the
/// order in which they stand: `impute` first, then `oneHot` or `scale`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "[has(self.impute), has(self.oneHot), has(self.scale)].filter(is, is).size() == 1",
     "message": "a preprocess step needs exactly one of impute, oneHot and scale"},
]))]
pub struct PreprocessStep {
    /// The columns, all of them features; none twice.
    #[schemars(length(min = 1, max = 10_000), inner(length(min = 1, max = 253)), extend("x-kubernetes-list-type" = "set"))]
    pub columns: Vec<String>,
    /// Fills missing cells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impute: Option<Impute>,
    /// Turns each category into a column of zeros and ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_hot: Option<OneHot>,
    /// Brings numbers to a common size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<Scale>,
}

/// What stands in for a missing cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "(self.strategy == 'Constant') == has(self.value)",
     "message": "value goes with strategy: Constant, and only with it", "fieldPath": ".value"},
]))]
pub struct Impute {
    /// How it is found in the rows that the model is trained on.
    pub strategy: ImputeStrategy,
    /// With `strategy: Constant`: the text or the number. A number with a fraction stands in quotes: `"0.5"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<ConstantValue>,
}

/// How the stand-in for missing cells is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ImputeStrategy {
    /// The mean of the numbers.
    #[default]
    Mean,
    /// The median of the numbers; of an even count the mean of the two in the middle.
    Median,
    /// The value that most rows have, number or text; of several the smallest.
    MostFrequent,
    /// What `value` says.
    Constant,
}

/// A text or a whole number on the wire; the text of it here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ConstantValue(pub String);

impl<'de> Deserialize<'de> for ConstantValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// The two forms that an API server lets pass.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Number(i64),
        }
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::Text(text) => text,
            Written::Number(number) => number.to_string(),
        }))
    }
}

impl JsonSchema for ConstantValue {
    fn schema_name() -> Cow<'static, str> {
        "ConstantValue".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"x-kubernetes-int-or-string": true, "maxLength": CONSTANT_LENGTH_MAX})
    }
}

/// One column of zeros and ones a category, in the order of the categories: numbers by value, texts by code point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OneHot {
    /// What becomes of a category that no training row had: `Ignore` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<UnknownCategory>,
    /// The most columns that one column becomes: 2 to 1,000; no bound when left out. With as many categories or more the rarest
    /// ones share the last column, as scikit-learn's `max_categories` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 1_000))]
    pub max_categories: Option<u32>,
}

/// What becomes of a category that no training row had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum UnknownCategory {
    /// All its columns are 0.
    #[default]
    Ignore,
    /// It counts among the rarest ones where there is a column for them; else all its columns are 0.
    Infrequent,
    /// The row is refused (class `Data`).
    Error,
}

/// Brings numbers to a common size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scale {
    /// How: `Standard` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<ScaleMethod>,
}

/// How numbers are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ScaleMethod {
    /// The mean becomes 0, the standard deviation (of the population) 1.
    #[default]
    Standard,
    /// The least becomes 0, the greatest 1.
    MinMax,
}
