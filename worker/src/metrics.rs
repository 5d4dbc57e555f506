//! How good predictions are, in scikit-learn's words and numbers.
//!
//! In: the true class of each row, what was predicted and with which probabilities, block by block ([`Judge`]). Out:
//! [`Metrics`], which is also the form of `metrics.json`. Pure: no file, no thread. Judges of blocks that are joined in the order
//! of the blocks give the same bits however many threads made them; memory is bounded whatever the rows.
//!
//! - Where scikit-learn takes 0 for 0/0 (precision, recall, F1, Matthews' coefficient) so does this, and names the metric in
//!   `undefined`. What cannot be measured at all, such as an area without rows of both classes, is `null` and named there.
//! - With two classes precision, recall, F1 and the areas are those of `classes[1]`; with more they are means over the classes,
//!   one against the rest.
//!
//! Not here: where rows come from and what must hold of the metrics (`stage/evaluate.rs`), pages about them.

mod areas;
mod binning;
mod confusion;
mod file;
mod judge;
mod kept_scores;
mod sum;
mod threshold;

use crate::logistic::Predictions;

pub use areas::{PrecisionRecallCurve, RocCurve};
pub use binning::{CalibrationBin, ThresholdRow};
pub use file::{ColumnImportance, JudgedRows, Metrics, PermutationImportance};
pub use judge::Judge;
pub use kept_scores::{AREA_ROWS_MAX, AREA_SCORES_MAX};
pub use threshold::{ChosenThreshold, ThresholdGoal};

/// The area under the ROC curve of predictions of two classes; `None` without rows of both.
pub(crate) fn roc_auc(classes: &[u32], predictions: &Predictions) -> Option<f64> {
    areas::Ranking::new(classes, &predictions.probabilities[1], 1).roc_auc()
}

/// The share of right predictions; 0 of no rows.
pub(crate) fn accuracy(classes: &[u32], predictions: &Predictions) -> f64 {
    let pairs = classes.iter().zip(&predictions.classes);
    let right = pairs.filter(|(class, predicted)| class == predicted).count();
    confusion::Share::of(right as u64, classes.len() as u64).value
}
