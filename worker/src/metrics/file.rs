//! `metrics.json`: the metrics as people and programs read them.

use super::{CalibrationBin, ChosenThreshold, PrecisionRecallCurve, RocCurve, ThresholdRow};
use crate::model::Classes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::Write as _;
use trainyard_contract::stage::{MetricName, REQUIRABLE_METRICS};

/// Which rows a model was judged on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JudgedRows {
    /// Rows that were held out of its training.
    Holdout,
    /// The rows that it was trained on.
    Training,
    /// Another labelled dataset.
    Dataset,
}

/// How much a model needs its columns: what it is worth less when the values of one are dealt out anew among the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PermutationImportance {
    /// The metric that falls: `roc_auc`, or `accuracy` with more than two classes.
    pub metric: String,
    /// Its value on these rows as the columns are.
    pub baseline: f64,
    /// How many rows it was measured on, evenly taken.
    pub rows: u64,
    /// The columns, the most important first.
    pub columns: Vec<ColumnImportance>,
}

/// How much a model needs a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnImportance {
    /// Its name.
    pub column: String,
    /// How much the metric falls, as a mean over several shuffles. About 0, and below it by chance, for a column of no use.
    pub importances_mean: f64,
    /// The standard deviation over the shuffles.
    pub importances_std: f64,
}

/// How good a model is on some rows. The order of the fields is the order of the keys in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Which rows these are.
    pub data: JudgedRows,
    /// How many.
    pub rows: u64,
    /// How many of them, evenly taken, the areas, curves and the chosen threshold are of; all where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_rows: Option<u64>,
    /// The classes of the model.
    pub classes: Classes,
    /// Share of right predictions.
    pub accuracy: f64,
    /// Mean of the recalls of the classes that have rows.
    pub balanced_accuracy: f64,
    /// Of `classes[1]`; with more than two classes the mean, as `precision_macro`.
    pub precision: f64,
    /// Of `classes[1]`; with more than two classes the mean, as `recall_macro`.
    pub recall: f64,
    /// Of `classes[1]`; with more than two classes the mean, as `f1_macro`.
    pub f1: f64,
    /// Area under the ROC curve; with more than two classes the mean over the classes, one against the rest.
    pub roc_auc: Option<f64>,
    /// Average precision; with more than two classes the mean over the classes, one against the rest.
    pub average_precision: Option<f64>,
    /// Mean negative logarithm of the probability of the right class.
    pub log_loss: Option<f64>,
    /// Mean squared difference of the probabilities and what is true; with two classes half of it.
    pub brier_score: Option<f64>,
    /// Matthews' correlation coefficient.
    pub matthews_corrcoef: f64,
    /// Over all rows at once: the accuracy.
    pub precision_micro: f64,
    /// Mean over the classes that are there or predicted.
    pub precision_macro: f64,
    /// Mean over the classes, weighted by their rows.
    pub precision_weighted: f64,
    /// Over all rows at once: the accuracy.
    pub recall_micro: f64,
    /// Mean over the classes that are there or predicted.
    pub recall_macro: f64,
    /// Mean over the classes, weighted by their rows.
    pub recall_weighted: f64,
    /// Over all rows at once: the accuracy.
    pub f1_micro: f64,
    /// Mean over the classes that are there or predicted.
    pub f1_macro: f64,
    /// Mean over the classes, weighted by their rows.
    pub f1_weighted: f64,
    /// Of each class.
    pub precision_per_class: Vec<f64>,
    /// Of each class.
    pub recall_per_class: Vec<f64>,
    /// Of each class.
    pub f1_per_class: Vec<f64>,
    /// With more than two classes: of each, against the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roc_auc_per_class: Vec<Option<f64>>,
    /// With more than two classes: of each, against the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub average_precision_per_class: Vec<Option<f64>>,
    /// Rows of each class.
    pub support: Vec<u64>,
    /// How often each class (outer) was taken for which (inner).
    pub confusion_matrix: Vec<Vec<u64>>,
    /// Tenths of the probability, as far as rows lie in them: of `classes[1]`; with more than two classes of the predicted one.
    pub calibration: Vec<CalibrationBin>,
    /// With two classes: what other thresholds would do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<ThresholdRow>,
    /// The threshold that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<ChosenThreshold>,
    /// Points of the ROC curve of `classes[1]`; with more than two classes of the first classes, each against the rest.
    pub roc_curve: Vec<RocCurve>,
    /// Points of the precision-recall curve of the same classes.
    pub precision_recall_curve: Vec<PrecisionRecallCurve>,
    /// How much the model needs each column, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permutation_importance: Option<PermutationImportance>,
    /// The names of metrics that are 0/0 and 0 by convention, or cannot be measured and are `null`.
    pub undefined: Vec<String>,
}

impl Metrics {
    /// Every metric that is one number, by name, in the order of [`REQUIRABLE_METRICS`]; `None` for what cannot be measured.
    pub fn scalars(&self) -> impl Iterator<Item = (&'static str, Option<f64>)> {
        let values = [
            Some(self.rows as f64),
            Some(self.accuracy),
            Some(self.balanced_accuracy),
            Some(self.precision),
            Some(self.precision_micro),
            Some(self.precision_macro),
            Some(self.precision_weighted),
            Some(self.recall),
            Some(self.recall_micro),
            Some(self.recall_macro),
            Some(self.recall_weighted),
            Some(self.f1),
            Some(self.f1_micro),
            Some(self.f1_macro),
            Some(self.f1_weighted),
            self.roc_auc,
            self.average_precision,
            self.log_loss,
            self.brier_score,
            Some(self.matthews_corrcoef),
        ];
        REQUIRABLE_METRICS.into_iter().zip(values)
    }

    /// The metric of this name; `None` where it cannot be measured.
    pub fn value(&self, name: MetricName) -> Option<f64> {
        match name {
            MetricName::LogLoss => self.log_loss,
            MetricName::RocAuc => self.roc_auc,
            MetricName::AveragePrecision => self.average_precision,
            MetricName::Accuracy => Some(self.accuracy),
            MetricName::BalancedAccuracy => Some(self.balanced_accuracy),
            MetricName::F1 => Some(self.f1),
            MetricName::BrierScore => self.brier_score,
            MetricName::MatthewsCorrcoef => Some(self.matthews_corrcoef),
        }
    }

    /// The text of `metrics.json`: a key a line; of a table or of curves a row a line.
    ///
    /// # Errors
    /// None of the numbers may be infinite or NaN; [`super::Judge::finish`] lets none be.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = String::from("{");
        let Value::Object(keys) = serde_json::to_value(self)? else {
            return Ok(text);
        };
        for (at, (key, value)) in keys.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = write!(text, "{comma}\n  \"{key}\": {}", laid_out(value));
        }
        text.push_str("\n}\n");
        Ok(text)
    }
}

fn laid_out(value: &Value) -> String {
    match value {
        Value::Array(items) if items.iter().any(|item| item.is_array() || item.is_object()) => {
            let rows: Vec<String> = items.iter().map(|item| format!("\n    {}", spaced(item))).collect();
            format!("[{}\n  ]", rows.join(","))
        }
        Value::Object(keys) => {
            let keys: Vec<String> = keys
                .iter()
                .map(|(key, value)| format!("\n    \"{key}\": {}", spaced(value)))
                .collect();
            format!("{{{}\n  }}", keys.join(","))
        }
        other => spaced(other),
    }
}

/// On one line, with a space behind each comma and colon.
fn spaced(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(spaced).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(keys) => {
            let keys: Vec<String> = keys
                .iter()
                .map(|(key, value)| format!("\"{key}\": {}", spaced(value)))
                .collect();
            format!("{{{}}}", keys.join(", "))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crate::logistic::Predictions;
    use crate::metrics::{Judge, JudgedRows};
    use crate::model::Classes;

    #[test]
    fn scalars_are_what_stands_under_their_names_in_the_file() {
        let mut judge = Judge::new(2);
        let probabilities = vec![vec![0.9, 0.8, 0.45, 0.3, 0.2], vec![0.1, 0.2, 0.55, 0.7, 0.8]];
        let predictions = Predictions {
            probabilities,
            classes: vec![0, 0, 1, 1, 1],
        };
        judge.add(&[0, 1, 0, 1, 1], &predictions);
        let metrics = judge
            .finish(JudgedRows::Holdout, &Classes::Whole(vec![0, 1]), None)
            .unwrap();
        let file = serde_json::to_value(&metrics).unwrap();
        assert_eq!(metrics.scalars().count(), 20);
        for (name, value) in metrics.scalars() {
            assert_eq!(file[name].as_f64(), value, "{name}");
        }
    }
}
