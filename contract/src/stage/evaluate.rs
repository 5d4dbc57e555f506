//! `evaluate`: a model is judged on rows that it has never seen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Judges the model of the nearest `train` above on the rows that it held out or, with `input`, on another labelled dataset.
/// Writes `metrics.json`, `model-card.md` and `report.html`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvaluateSpec {
    /// What must hold, such as `roc_auc >= 0.8`: comparisons of metrics with numbers, joined by `and`, `or`, `not`. One that
    /// does not hold fails the stage (class `Data`), so that the model never becomes the champion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 1_024)))]
    pub require: Vec<String>,
    /// With two classes: how the probability is chosen from which on a row counts as `classes[1]`. Reported beside the
    /// metrics at 0.5, which do not change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<ThresholdChoice>,
}

/// How a threshold is chosen. Exactly one of the two is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "has(self.maximize) != has(self.cost)", "message": "threshold needs exactly one of maximize and cost"},
]))]
pub struct ThresholdChoice {
    /// The metric that is greatest there; of several thresholds the greatest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximize: Option<ThresholdMetric>,
    /// What mistakes cost; the sum is least there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<MistakeCost>,
}

/// What a threshold can maximize.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdMetric {
    /// Harmonic mean of precision and recall.
    F1,
    /// Share of right predictions.
    Accuracy,
    /// Mean of both classes' recalls.
    BalancedAccuracy,
    /// Matthews' correlation coefficient.
    MatthewsCorrcoef,
}

/// What a mistake costs, in any unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MistakeCost {
    /// Of a row that is taken for `classes[1]` and is not: 0 or more.
    #[schemars(range(min = 0))]
    pub false_positive: f64,
    /// Of a row of `classes[1]` that is missed: 0 or more.
    #[schemars(range(min = 0))]
    pub false_negative: f64,
}

/// The numbers of `metrics.json` that a requirement may name.
pub const REQUIRABLE_METRICS: [&str; 20] = [
    "rows",
    "accuracy",
    "balanced_accuracy",
    "precision",
    "precision_micro",
    "precision_macro",
    "precision_weighted",
    "recall",
    "recall_micro",
    "recall_macro",
    "recall_weighted",
    "f1",
    "f1_micro",
    "f1_macro",
    "f1_weighted",
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier_score",
    "matthews_corrcoef",
];

/// A metric that models are compared by, named as in scikit-learn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MetricName {
    /// Mean negative logarithm of the probability of the right class; less is better.
    #[default]
    LogLoss,
    /// Area under the ROC curve; with more than two classes the mean over one class against the rest.
    RocAuc,
    /// Average precision: the area under the precision-recall curve, with more classes the mean.
    AveragePrecision,
    /// Share of right predictions.
    Accuracy,
    /// Mean of the classes' recalls.
    BalancedAccuracy,
    /// Harmonic mean of precision and recall, with more classes the mean.
    F1,
    /// Mean squared difference of the probability and what was true; less is better.
    BrierScore,
    /// Matthews' correlation coefficient.
    MatthewsCorrcoef,
}

impl MetricName {
    /// Whether a smaller value is the better one.
    pub const fn less_is_better(self) -> bool {
        match self {
            Self::LogLoss | Self::BrierScore => true,
            Self::RocAuc
            | Self::AveragePrecision
            | Self::Accuracy
            | Self::BalancedAccuracy
            | Self::F1
            | Self::MatthewsCorrcoef => false,
        }
    }
}
