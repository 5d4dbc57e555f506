//! Areas under the ROC and the precision-recall curve, and the curves themselves, thinned for pages.
//!
//! Rows of one score enter a curve together, so that ties count as they do in scikit-learn. The sums under the ROC curve are
//! whole numbers; nothing of it is rounded before the last division.

use super::sum::Sum;
use serde::{Deserialize, Serialize};

/// The most points of a curve in `metrics.json`.
pub(super) const CURVE_POINTS_MAX: usize = 200;

/// Points of a ROC curve: of all where there are few, else of some of them along the curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RocCurve {
    /// Which class is told from the rest, by its place in `classes`.
    pub class: usize,
    /// Share of the other rows that are taken for the class.
    pub fpr: Vec<f64>,
    /// Share of the rows of the class that are found.
    pub tpr: Vec<f64>,
}

/// Points of a precision-recall curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrecisionRecallCurve {
    /// Which class is told from the rest, by its place in `classes`.
    pub class: usize,
    /// Share of the rows taken for the class that are of it.
    pub precision: Vec<f64>,
    /// Share of the rows of the class that are found.
    pub recall: Vec<f64>,
}

/// What is left when all rows with a score of at least `threshold` are taken for the class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) threshold: f64,
    /// Rows of the class among them.
    pub(super) right: u64,
    /// Other rows among them.
    pub(super) wrong: u64,
}

/// The scores of the rows of a class and of the other rows, both from the greatest.
pub(super) struct Ranking {
    of_class: Vec<f64>,
    others: Vec<f64>,
}

impl Ranking {
    /// Takes scores by rows, and the class that is told from the rest.
    pub(super) fn new(classes: &[u32], scores: &[f64], class: u32) -> Self {
        let of_side = |wanted: bool| {
            let rows = classes.iter().zip(scores);
            let side = rows.filter(|&(&row, _)| (row == class) == wanted);
            let mut side: Vec<f64> = side.map(|(_, &score)| score).collect();
            side.sort_unstable_by(|a, b| b.total_cmp(a));
            side
        };
        Self {
            of_class: of_side(true),
            others: of_side(false),
        }
    }

    pub(super) fn positives(&self) -> u64 {
        self.of_class.len() as u64
    }

    pub(super) fn negatives(&self) -> u64 {
        self.others.len() as u64
    }

    /// Whether there are rows on both sides.
    pub(super) fn has_both(&self) -> bool {
        !self.of_class.is_empty() && !self.others.is_empty()
    }

    /// One step for each distinct score, from the greatest.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step> {
        let (mut right, mut wrong) = (0, 0);
        std::iter::from_fn(move || {
            let threshold = match (self.of_class.get(right), self.others.get(wrong)) {
                (Some(&a), Some(&b)) => a.max(b),
                (Some(&only), None) | (None, Some(&only)) => only,
                (None, None) => return None,
            };
            // A score that cannot be compared (NaN) is a step of its own.
            let passes = |score: Option<&f64>| score.is_some_and(|&score| score >= threshold || score.is_nan());
            while passes(self.of_class.get(right)) {
                right += 1;
            }
            while passes(self.others.get(wrong)) {
                wrong += 1;
            }
            Some(Step {
                threshold,
                right: right as u64,
                wrong: wrong as u64,
            })
        })
    }

    /// The area under the ROC curve; `None` without rows on both sides.
    pub(super) fn roc_auc(&self) -> Option<f64> {
        if !self.has_both() {
            return None;
        }
        let (mut doubled, mut before) = (0_u128, (0, 0));
        for Step { right, wrong, .. } in self.steps() {
            doubled += u128::from(wrong - before.1) * u128::from(right + before.0);
            before = (right, wrong);
        }
        let whole = u128::from(self.positives()) * u128::from(self.negatives());
        Some(doubled as f64 / (2.0 * whole as f64))
    }

    /// The sum of the precisions at each step, weighted by what recall gains there; `None` without rows on both sides.
    pub(super) fn average_precision(&self) -> Option<f64> {
        if !self.has_both() {
            return None;
        }
        let (mut sum, mut before) = (Sum::default(), 0);
        for Step { right, wrong, .. } in self.steps() {
            let gained = (right - before) as f64;
            sum.add(gained * right as f64 / (right + wrong) as f64);
            before = right;
        }
        Some(sum.mean(self.positives()))
    }

    /// The ROC curve from (0, 0) to (1, 1).
    pub(super) fn roc_curve(&self, class: usize) -> Option<RocCurve> {
        let (positives, negatives) = (self.positives() as f64, self.negatives() as f64);
        let place = |step: &Step| f64::midpoint(step.right as f64 / positives, step.wrong as f64 / negatives);
        let steps = self.some_steps(place)?;
        let start = std::iter::once(0.0);
        Some(RocCurve {
            class,
            fpr: start
                .clone()
                .chain(steps.iter().map(|step| step.wrong as f64 / negatives))
                .collect(),
            tpr: start
                .chain(steps.iter().map(|step| step.right as f64 / positives))
                .collect(),
        })
    }

    /// The precision-recall curve, from the greatest score.
    pub(super) fn precision_recall_curve(&self, class: usize) -> Option<PrecisionRecallCurve> {
        let positives = self.positives() as f64;
        let steps = self.some_steps(|step| step.right as f64 / positives)?;
        Some(PrecisionRecallCurve {
            class,
            precision: steps
                .iter()
                .map(|step| step.right as f64 / (step.right + step.wrong) as f64)
                .collect(),
            recall: steps.iter().map(|step| step.right as f64 / positives).collect(),
        })
    }

    /// All steps where a curve has room for them, else the first in each of as many equal parts of the way, which `place`
    /// measures from 0 to 1, and the last step. `None` without rows on both sides.
    fn some_steps(&self, place: impl Fn(&Step) -> f64) -> Option<Vec<Step>> {
        // Beside them stand the curve's start and the last step.
        let room = CURVE_POINTS_MAX - 3;
        if !self.has_both() {
            return None;
        }
        if self.steps().nth(room).is_none() {
            return Some(self.steps().collect());
        }
        let (mut kept, mut left_out, mut part) = (Vec::with_capacity(CURVE_POINTS_MAX), None, 0.0);
        for step in self.steps() {
            let way = place(&step) * room as f64;
            if way >= part {
                kept.push(step);
                part = way.floor() + 1.0;
                left_out = None;
            } else {
                left_out = Some(step);
            }
        }
        kept.extend(left_out);
        Some(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each pair of a row of the class and another one: 1 for the right order, a half for a tie.
    fn by_pairs(classes: &[u32], scores: &[f64]) -> f64 {
        let side = |wanted: u32| {
            let rows = classes.iter().zip(scores);
            rows.filter(move |&(&class, _)| class == wanted)
                .map(|(_, &score)| score)
        };
        let pairs = side(1).flat_map(|a| {
            side(0).map(move |b| {
                if a > b {
                    1.0
                } else if a < b {
                    0.0
                } else {
                    0.5
                }
            })
        });
        pairs.sum::<f64>() / (side(1).count() * side(0).count()) as f64
    }

    #[test]
    fn areas_by_hand() {
        // scikit-learn's own example: 0.75, and 0.83 as average precision.
        let ranking = Ranking::new(&[0, 0, 1, 1], &[0.1, 0.4, 0.35, 0.8], 1);
        assert!((ranking.roc_auc().unwrap() - 0.75).abs() < 1e-15);
        assert!((ranking.average_precision().unwrap() - (0.5 + 1.0 / 3.0)).abs() < 1e-15);
        let curve = ranking.roc_curve(1).unwrap();
        assert_eq!(curve.fpr, [0.0, 0.0, 0.5, 0.5, 1.0]);
        assert_eq!(curve.tpr, [0.0, 0.5, 0.5, 1.0, 1.0]);
        let all_tied = Ranking::new(&[0, 1, 1], &[0.5; 3], 1);
        assert!((all_tied.roc_auc().unwrap() - 0.5).abs() < 1e-15);
        assert!((all_tied.average_precision().unwrap() - 2.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn there_is_no_area_without_rows_of_both_sides() {
        for classes in [[0, 0], [1, 1]] {
            let ranking = Ranking::new(&classes, &[0.2, 0.9], 1);
            assert_eq!((ranking.roc_auc(), ranking.average_precision()), (None, None));
            assert_eq!((ranking.roc_curve(1), ranking.precision_recall_curve(1)), (None, None));
        }
    }

    #[test]
    fn a_score_that_is_no_number_hangs_nothing() {
        let ranking = Ranking::new(&[0, 1, 0, 1], &[f64::NAN, f64::NAN, 0.5, -f64::NAN], 1);
        assert_eq!(
            ranking.steps().last().map(|step| (step.right, step.wrong)),
            Some((2, 2))
        );
    }

    #[test]
    fn a_long_curve_is_thinned_along_its_way() {
        let rows = 100_000_u32;
        let classes: Vec<u32> = (0..rows).map(|row| u32::from(row % 7 == 0 || row > 60_000)).collect();
        let scores: Vec<f64> = (0..rows).map(|row| f64::from(row) / f64::from(rows)).collect();
        let ranking = Ranking::new(&classes, &scores, 1);
        let roc = ranking.roc_curve(1).unwrap();
        let precision_recall = ranking.precision_recall_curve(1).unwrap();
        for points in [roc.fpr.len(), precision_recall.recall.len()] {
            assert!((190..=CURVE_POINTS_MAX).contains(&points), "{points}");
        }
        assert_eq!((roc.fpr[0], roc.tpr[0]), (0.0, 0.0));
        assert_eq!((roc.fpr.last(), roc.tpr.last()), (Some(&1.0), Some(&1.0)));
        assert_eq!(precision_recall.recall.last(), Some(&1.0));
        let area: f64 = (1..roc.fpr.len())
            .map(|at| (roc.fpr[at] - roc.fpr[at - 1]) * f64::midpoint(roc.tpr[at], roc.tpr[at - 1]))
            .sum();
        assert!((area - ranking.roc_auc().unwrap()).abs() < 1e-3, "{area}");
    }

    proptest! {
        #[test]
        fn the_roc_area_counts_pairs(rows in prop::collection::vec((0..2_u32, 0..12_u32), 2..60)) {
            let classes: Vec<u32> = rows.iter().map(|row| row.0).collect();
            let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.1) / 11.0).collect();
            if let Some(area) = Ranking::new(&classes, &scores, 1).roc_auc() {
                prop_assert!((area - by_pairs(&classes, &scores)).abs() < 1e-14);
            } else {
                prop_assert!(classes.iter().all(|class| *class == classes[0]));
            }
        }
    }
}
