//! Collects what metrics need of rows, block by block.

use super::areas::{PrecisionRecallCurve, Ranking, RocCurve};
use super::binning::{Calibration, ThresholdCounts};
use super::confusion::{Confusion, Share, Shares};
use super::file::{JudgedRows, Metrics};
use super::kept_scores::KeptScores;
use super::sum::Sum;
use super::threshold::ThresholdGoal;
use crate::logistic::Predictions;
use crate::model::Classes;

/// With more than two classes: curves are drawn of this many, the first ones.
const CURVES_MAX: usize = 6;

/// Judges predictions.
///
/// Judges of consecutive blocks, [joined](Judge::join) in the order of the blocks, make the same metrics, bit for bit, whoever made
/// them: one thread or many.
#[derive(Clone, Debug)]
pub struct Judge {
    confusion: Confusion,
    log_loss: Sum,
    squares: Sum,
    calibration: Calibration,
    at_thresholds: ThresholdCounts,
    scores: KeptScores,
}

impl Judge {
    /// A judge who has seen nothing, of predictions of so many classes, at least two.
    pub fn new(classes: usize) -> Self {
        Self {
            confusion: Confusion::new(classes),
            log_loss: Sum::default(),
            squares: Sum::default(),
            calibration: Calibration::default(),
            at_thresholds: ThresholdCounts::default(),
            scores: KeptScores::new(classes),
        }
    }

    /// Sees the next rows: the true class of each, and what was predicted.
    ///
    /// # Panics
    /// The two are not of as many rows, or name a class that was not announced.
    pub fn add(&mut self, classes: &[u32], predictions: &Predictions) {
        assert_eq!(classes.len(), predictions.classes.len(), "a prediction for each row");
        self.count(classes, predictions);
        self.add_losses(classes, predictions);
        self.scores.add(classes, predictions);
    }

    fn count(&mut self, classes: &[u32], predictions: &Predictions) {
        let is_binary = predictions.probabilities.len() == 2;
        for (row, (&class, &predicted)) in classes.iter().zip(&predictions.classes).enumerate() {
            self.confusion.add(class, predicted);
            if is_binary {
                let p = predictions.probabilities[1][row];
                self.calibration.add(p, class == 1);
                self.at_thresholds.add(p, class == 1);
            } else {
                let p = predictions.probabilities[predicted as usize][row];
                self.calibration.add(p, class == predicted);
            }
        }
    }

    fn add_losses(&mut self, classes: &[u32], predictions: &Predictions) {
        for (row, &class) in classes.iter().enumerate() {
            // As scikit-learn clips, so that one row that was surely wrong costs 36 and not infinity.
            let p = predictions.probabilities[class as usize][row].clamp(f64::EPSILON, 1.0 - f64::EPSILON);
            self.log_loss.add(-libm::log(p));
            let mut squares = 0.0;
            for (other, column) in predictions.probabilities.iter().enumerate() {
                let missing = f64::from(u8::from(other == class as usize)) - column[row];
                squares += missing * missing;
            }
            self.squares.add(squares);
        }
    }

    /// Takes over what another judge has seen of the rows that follow.
    pub fn join(&mut self, other: &Self) {
        self.confusion.join(&other.confusion);
        self.log_loss.join(other.log_loss);
        self.squares.join(other.squares);
        self.calibration.join(&other.calibration);
        self.at_thresholds.join(&other.at_thresholds);
        self.scores.join(&other.scores);
    }

    /// How many rows were seen.
    pub fn rows(&self) -> u64 {
        self.confusion.rows()
    }

    /// What the predictions are worth. `goal` is what a threshold is chosen for, if one is; with two classes only. `None` where
    /// no row was seen.
    pub fn finish(self, data: JudgedRows, classes: &Classes, goal: Option<ThresholdGoal>) -> Option<Metrics> {
        (self.rows() > 0).then(|| self.verdict(data, classes, goal))
    }

    fn verdict(self, data: JudgedRows, classes: &Classes, goal: Option<ThresholdGoal>) -> Metrics {
        let rows = self.rows();
        let is_binary = classes.count() == 2;
        let mut undefined = Undefined::default();
        let precision = Averages::new("precision", &self.confusion.precision(), is_binary, &mut undefined);
        let recall = Averages::new("recall", &self.confusion.recall(), is_binary, &mut undefined);
        let f1 = Averages::new("f1", &self.confusion.f1(), is_binary, &mut undefined);
        let balanced_accuracy = undefined.see("balanced_accuracy", self.confusion.balanced_accuracy());
        let matthews_corrcoef = undefined.see("matthews_corrcoef", self.confusion.matthews());
        let areas = Areas::new(&self.scores, is_binary, goal);
        if is_binary && goal.is_some() && areas.threshold.is_none() {
            undefined.add("threshold");
        }
        // Two classes share what is missing to certainty.
        let brier_share = if is_binary { 0.5 } else { 1.0 };
        Metrics {
            data,
            rows,
            area_rows: self.scores.thinned(),
            classes: classes.clone(),
            accuracy: self.confusion.accuracy(),
            balanced_accuracy,
            precision: precision.headline,
            recall: recall.headline,
            f1: f1.headline,
            roc_auc: undefined.look("roc_auc", mean(&areas.roc_auc)),
            average_precision: undefined.look("average_precision", mean(&areas.average_precision)),
            log_loss: undefined.look("log_loss", Some(self.log_loss.mean(rows))),
            brier_score: undefined.look("brier_score", Some(self.squares.mean(rows) * brier_share)),
            matthews_corrcoef,
            precision_micro: precision.micro,
            precision_macro: precision.macro_mean,
            precision_weighted: precision.weighted,
            recall_micro: recall.micro,
            recall_macro: recall.macro_mean,
            recall_weighted: recall.weighted,
            f1_micro: f1.micro,
            f1_macro: f1.macro_mean,
            f1_weighted: f1.weighted,
            precision_per_class: precision.per_class,
            recall_per_class: recall.per_class,
            f1_per_class: f1.per_class,
            roc_auc_per_class: areas.per_class(areas.roc_auc.clone()),
            average_precision_per_class: areas.per_class(areas.average_precision.clone()),
            support: self.confusion.support(),
            confusion_matrix: self.confusion.table(),
            calibration: self.calibration.filled(),
            thresholds: if is_binary {
                self.at_thresholds.table()
            } else {
                Vec::new()
            },
            threshold: areas.threshold,
            roc_curve: areas.roc_curve,
            precision_recall_curve: areas.precision_recall_curve,
            permutation_importance: None,
            undefined: undefined.0,
        }
    }
}

/// The names of what could not be measured.
#[derive(Default)]
struct Undefined(Vec<String>);

impl Undefined {
    fn add(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    fn see(&mut self, name: &str, share: Share) -> f64 {
        if share.undefined {
            self.add(name);
        }
        share.value
    }

    fn look(&mut self, name: &str, value: Option<f64>) -> Option<f64> {
        let value = value.filter(|value| value.is_finite());
        if value.is_none() {
            self.add(name);
        }
        value
    }
}

/// One of precision, recall and F1 in all its forms.
struct Averages {
    headline: f64,
    micro: f64,
    macro_mean: f64,
    weighted: f64,
    per_class: Vec<f64>,
}

impl Averages {
    fn new(name: &str, shares: &Shares, is_binary: bool, undefined: &mut Undefined) -> Self {
        let headline = if is_binary {
            shares.per_class[1]
        } else {
            shares.macro_mean
        };
        let averages = Self {
            headline: undefined.see(name, headline),
            micro: undefined.see(&format!("{name}_micro"), shares.micro),
            macro_mean: undefined.see(&format!("{name}_macro"), shares.macro_mean),
            weighted: undefined.see(&format!("{name}_weighted"), shares.weighted),
            per_class: shares.per_class.iter().map(|share| share.value).collect(),
        };
        if shares.per_class.iter().any(|share| share.undefined) {
            undefined.add(&format!("{name}_per_class"));
        }
        averages
    }
}

/// What ranking the rows by their scores tells; with two classes of `classes[1]`, with more of each class.
struct Areas {
    roc_auc: Vec<Option<f64>>,
    average_precision: Vec<Option<f64>>,
    roc_curve: Vec<RocCurve>,
    precision_recall_curve: Vec<PrecisionRecallCurve>,
    threshold: Option<super::ChosenThreshold>,
}

impl Areas {
    fn new(scores: &KeptScores, is_binary: bool, goal: Option<ThresholdGoal>) -> Self {
        let first = usize::from(is_binary);
        let mut areas = Self {
            roc_auc: Vec::new(),
            average_precision: Vec::new(),
            roc_curve: Vec::new(),
            precision_recall_curve: Vec::new(),
            threshold: None,
        };
        for (class, column) in (first..).zip(&scores.columns) {
            let ranking = Ranking::new(&scores.classes, column, u32::try_from(class).unwrap_or(u32::MAX));
            areas.roc_auc.push(ranking.roc_auc());
            areas.average_precision.push(ranking.average_precision());
            if areas.roc_curve.len() < CURVES_MAX {
                areas.roc_curve.extend(ranking.roc_curve(class));
                areas
                    .precision_recall_curve
                    .extend(ranking.precision_recall_curve(class));
            }
            if is_binary {
                areas.threshold = goal.and_then(|goal| goal.choose(&ranking));
            }
        }
        areas
    }

    /// The areas of the classes; with two classes there is one, which stands on its own.
    fn per_class(&self, areas: Vec<Option<f64>>) -> Vec<Option<f64>> {
        if self.roc_auc.len() == 1 { Vec::new() } else { areas }
    }
}

/// The mean of the areas, where there are all of them.
fn mean(areas: &[Option<f64>]) -> Option<f64> {
    let sum: Option<f64> = areas.iter().copied().sum();
    sum.map(|sum| sum / areas.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use trainyard_contract::stage::ThresholdMetric;

    fn predictions(probabilities: Vec<Vec<f64>>) -> Predictions {
        let rows = probabilities[0].len();
        let best = |row: usize| {
            let mut best = 0;
            for class in 1..probabilities.len() {
                if probabilities[class][row] > probabilities[best][row] {
                    best = class;
                }
            }
            u32::try_from(best).unwrap()
        };
        let classes = (0..rows).map(best).collect();
        Predictions { probabilities, classes }
    }

    fn of_two(positive: &[f64]) -> Predictions {
        predictions(vec![positive.iter().map(|p| 1.0 - p).collect(), positive.to_vec()])
    }

    fn judged(classes: &[u32], predictions: &Predictions, goal: Option<ThresholdGoal>) -> Metrics {
        let count = predictions.probabilities.len();
        let labels = Classes::Whole((0..i64::try_from(count).unwrap()).collect());
        let mut judge = Judge::new(count);
        judge.add(classes, predictions);
        judge.finish(JudgedRows::Holdout, &labels, goal).unwrap()
    }

    #[test]
    fn two_classes_by_hand() {
        let metrics = judged(&[0, 0, 1, 1], &of_two(&[0.1, 0.4, 0.35, 0.8]), None);
        let near = |value: f64, want: f64| assert!((value - want).abs() < 1e-15, "{value} {want}");
        near(metrics.accuracy, 0.75);
        near(metrics.precision, 1.0);
        near(metrics.recall, 0.5);
        near(metrics.f1, 2.0 / 3.0);
        near(metrics.roc_auc.unwrap(), 0.75);
        near(metrics.log_loss.unwrap(), -libm::log(0.9 * 0.6 * 0.35 * 0.8) / 4.0);
        near(metrics.brier_score.unwrap(), (0.01 + 0.16 + 0.4225 + 0.04) / 4.0);
        assert_eq!(metrics.confusion_matrix, [[2, 0], [1, 1]]);
        assert_eq!((metrics.thresholds.len(), metrics.calibration.len()), (19, 3));
        assert_eq!(metrics.undefined, [] as [&str; 0]);
    }

    #[test]
    fn what_cannot_be_measured_is_null_and_named() {
        let goal = ThresholdGoal::Greatest(ThresholdMetric::F1);
        let metrics = judged(&[0, 0, 0], &of_two(&[0.1, 0.2, 0.3]), Some(goal));
        assert_eq!(
            (metrics.roc_auc, metrics.average_precision, &metrics.threshold),
            (None, None, &None)
        );
        for name in [
            "precision",
            "recall",
            "f1",
            "balanced_accuracy",
            "matthews_corrcoef",
            "roc_auc",
            "threshold",
        ] {
            assert!(
                metrics.undefined.iter().any(|undefined| undefined == name),
                "{name}: {:?}",
                metrics.undefined
            );
        }
        assert!((metrics.accuracy - 1.0).abs() < 1e-15 && metrics.log_loss.is_some());
        let none = Judge::new(2).finish(JudgedRows::Dataset, &Classes::Whole(vec![0, 1]), None);
        assert_eq!(none, None);
        let absent = predictions(vec![vec![0.6, 0.2], vec![0.3, 0.7], vec![0.1, 0.1]]);
        let metrics = judged(&[0, 1], &absent, None);
        assert_eq!(
            (metrics.roc_auc, &metrics.roc_auc_per_class),
            (None, &vec![Some(1.0), Some(1.0), None])
        );
        assert!((metrics.f1 - 1.0).abs() < 1e-15, "{metrics:?}");
    }

    #[test]
    fn a_row_that_was_surely_wrong_costs_a_finite_loss() {
        let metrics = judged(&[0, 1], &of_two(&[1.0, 1.0]), None);
        let want = -libm::log(f64::EPSILON) / 2.0;
        assert!((metrics.log_loss.unwrap() - want).abs() < 1e-12);
    }

    #[test]
    fn the_file_reads_back() {
        let metrics = judged(
            &[0, 1, 2, 2],
            &predictions(vec![vec![0.5; 4], vec![0.3; 4], vec![0.2; 4]]),
            None,
        );
        let text = metrics.to_json().unwrap();
        assert_eq!(serde_json::from_str::<Metrics>(&text).unwrap(), metrics);
        assert!(
            text.starts_with("{\n  \"data\": \"holdout\",\n  \"rows\": 4,\n  \"classes\": [0, 1, 2],\n"),
            "{text}"
        );
        assert!(
            text.contains("\"confusion_matrix\": [\n    [1, 0, 0],\n    [1, 0, 0],\n    [2, 0, 0]\n  ],\n"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn blocks_in_their_order_are_judged_as_one(
            classes in 2..5_usize,
            rows in prop::collection::vec((0..4_u32, prop::array::uniform4(0.001..1.0_f64)), 1..80),
            block in 1..80_usize,
        ) {
            let truly: Vec<u32> = rows.iter().map(|row| row.0 % u32::try_from(classes).unwrap()).collect();
            let share = |class: usize, row: &[f64; 4]| row[class] / row[..classes].iter().sum::<f64>();
            let columns = (0..classes).map(|class| rows.iter().map(|row| share(class, &row.1)).collect()).collect();
            let all = predictions(columns);
            let mut joined = Judge::new(classes);
            for from in (0..rows.len()).step_by(block) {
                let to = rows.len().min(from + block);
                let part = Predictions {
                    probabilities: all.probabilities.iter().map(|column| column[from..to].to_vec()).collect(),
                    classes: all.classes[from..to].to_vec(),
                };
                let mut judge = Judge::new(classes);
                judge.add(&truly[from..to], &part);
                joined.join(&judge);
            }
            let labels = Classes::Whole((0..i64::try_from(classes).unwrap()).collect());
            let joined = joined.finish(JudgedRows::Holdout, &labels, None).unwrap();
            prop_assert_eq!(joined, judged(&truly, &all, None));
        }
    }
}
