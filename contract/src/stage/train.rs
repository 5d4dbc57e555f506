//! `train`: a model is fitted on a dataset and saved as a model version.

use super::{PreprocessStep, Search, Split};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Fits a model and saves it as a model version. Exactly one algorithm is set; today that is `logisticRegression`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "has(self.logisticRegression)", "message": "train needs exactly one algorithm: logisticRegression"},
    {"rule": "!(self.target in self.features)", "message": "target must not be among the features", "fieldPath": ".target"},
    {"rule": "!has(self.search) || !has(self.logisticRegression) || !has(self.logisticRegression.c)",
     "message": "c stands either in logisticRegression or in search.over", "fieldPath": ".search"},
]))]
pub struct TrainSpec {
    /// The columns that the model learns from, in this order; 1 to 10,000, none twice. Numbers, or what `preprocess` turns
    /// into numbers.
    #[schemars(length(min = 1, max = 10_000), inner(length(min = 1, max = 253)), extend("x-kubernetes-list-type" = "set"))]
    pub features: Vec<String>,
    /// The column that the model predicts: its values are the classes, whole numbers or texts.
    #[schemars(length(min = 1, max = 253))]
    pub target: String,
    /// Which rows count, such as `churned is not null and age >= 18`: those for which it is true. All when left out.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1_024))]
    pub row_filter: Option<String>,
    /// Which of these rows are held out for `evaluate`; none when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// What is done to features before the model sees them, fitted on the rows that it is trained on; at most 64 steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub preprocess: Vec<PreprocessStep>,
    /// Logistic regression with an L2 penalty, binary or multinomial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logistic_regression: Option<LogisticRegressionSpec>,
    /// Settings that are tried by cross-validation on the training rows; the best one makes the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// Further files of the model version. `model.json`, `model.onnx`, `metrics.json` and `manifest.json` are always there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "set"))]
    pub save: Vec<SaveFormat>,
}

/// Logistic regression as scikit-learn states it: the minimum of `C * sum_i s_i loss_i + 1/2 ||W||^2`, intercepts not penalised.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogisticRegressionSpec {
    /// Inverse strength of the penalty, as scikit-learn's `C`: above 0; 1 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = true, "minimum" = 0))]
    pub c: Option<f64>,
    /// Weights of the classes; all 1 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_weight: Option<ClassWeight>,
    /// The most iterations of the solver: 1 to 100,000; 100 when left out. A model that needs more says `converged: false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub max_iterations: Option<u32>,
    /// When the solver stops: once the expected gain of another step, relative to the objective, is below it. Above 0, at
    /// most 0.1; 1e-14 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = true, "minimum" = 0, "maximum" = 0.1))]
    pub tolerance: Option<f64>,
}

/// How much a row of a class counts. Exactly one of the two is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "has(self.balanced) != has(self.weights)", "message": "classWeight needs exactly one of balanced and weights"},
]))]
pub struct ClassWeight {
    /// Every class counts the same in sum: a row weighs `rows / (classes * rows of its class)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balanced: Option<Balanced>,
    /// Class to weight, above 0; a class that is not named weighs 1, one that the data lack is an error (`Config`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        schema_with = "weights_schema",
        extend("minProperties" = 1, "maxProperties" = 1_000)
    )]
    pub weights: Option<BTreeMap<String, f64>>,
}

/// A map's values take no bounds by attribute: the weights' bounds are written out.
fn weights_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "additionalProperties": {"type": "number", "format": "double", "exclusiveMinimum": true, "minimum": 0},
    })
}

/// Has no settings: `balanced: {}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Balanced {}

/// A further file of a model version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SaveFormat {
    /// `model.onnx`, which is always written; naming it changes nothing.
    Onnx,
    /// `model.pkl`, which `joblib.load` opens as a scikit-learn `LogisticRegression`, with `preprocess` as a `Pipeline` that
    /// ends in one; linked beside the version's folder.
    Joblib,
    /// `MLmodel` and what goes with it, so that `mlflow.pyfunc.load_model` and, with `joblib`, `mlflow.sklearn.load_model` open
    /// the version's folder.
    Mlflow,
}
