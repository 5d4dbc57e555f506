//! A threshold that is best for a purpose: of all scores that occur, the one at which a measure is greatest or a cost least.

use super::areas::{Ranking, Step};
use super::confusion::{Confusion, Share};
use serde::{Deserialize, Serialize};
use trainyard_contract::stage::ThresholdMetric;

/// What a threshold is chosen for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ThresholdGoal {
    /// The measure is greatest there.
    Greatest(ThresholdMetric),
    /// The mistakes cost least there.
    Cheapest {
        /// What a row costs that is taken for `classes[1]` and is not.
        false_positive: f64,
        /// What a row of `classes[1]` costs that is missed.
        false_negative: f64,
    },
}

/// The chosen threshold, and what it does: a row counts as `classes[1]` where its probability is at least `value`. Of several
/// that are as good it is the greatest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChosenThreshold {
    /// The threshold, one of the probabilities that occur.
    pub value: f64,
    /// Why it was chosen: `f1`, `cost`, …
    pub best: String,
    /// What all mistakes cost at it, where it was chosen by cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Share of right predictions.
    pub accuracy: f64,
    /// Mean of both classes' recalls.
    pub balanced_accuracy: f64,
    /// Share of the rows taken for `classes[1]` that are.
    pub precision: f64,
    /// Share of the rows of `classes[1]` that are found.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// Matthews' correlation coefficient.
    pub matthews_corrcoef: f64,
    /// Rows taken for `classes[1]`.
    pub predicted_positives: u64,
    /// Those of them that are not.
    pub false_positives: u64,
    /// Rows of `classes[1]` that are missed.
    pub false_negatives: u64,
}

impl ThresholdGoal {
    /// The best threshold for rows so ranked; `None` without rows of both classes.
    pub(super) fn choose(self, ranking: &Ranking) -> Option<ChosenThreshold> {
        if !ranking.has_both() {
            return None;
        }
        let mut best: Option<(f64, Step)> = None;
        for step in ranking.steps() {
            let gain = self.gain(&step, ranking);
            // The steps come from the greatest: a later one has to be better.
            if best.as_ref().is_none_or(|&(so_far, _)| gain > so_far) {
                best = Some((gain, step));
            }
        }
        best.map(|(gain, step)| self.describe(gain, &step, ranking))
    }

    fn gain(self, step: &Step, ranking: &Ranking) -> f64 {
        let (positives, negatives) = (ranking.positives(), ranking.negatives());
        let missed = positives - step.right;
        match self {
            Self::Greatest(ThresholdMetric::F1) => Share::of(2 * step.right, positives + step.right + step.wrong).value,
            Self::Greatest(ThresholdMetric::Accuracy) => {
                Share::of(step.right + negatives - step.wrong, positives + negatives).value
            }
            Self::Greatest(ThresholdMetric::BalancedAccuracy) => balanced(step, ranking),
            Self::Greatest(ThresholdMetric::MatthewsCorrcoef) => confusion(step, ranking).matthews().value,
            Self::Cheapest {
                false_positive,
                false_negative,
            } => -(false_positive * step.wrong as f64 + false_negative * missed as f64),
        }
    }

    fn describe(self, gain: f64, step: &Step, ranking: &Ranking) -> ChosenThreshold {
        let confusion = confusion(step, ranking);
        let of_class = |shares: super::confusion::Shares| shares.per_class[1].value;
        ChosenThreshold {
            value: step.threshold,
            best: match self {
                Self::Greatest(measure) => name(measure),
                Self::Cheapest { .. } => "cost",
            }
            .to_owned(),
            // Zero has no sign here.
            cost: matches!(self, Self::Cheapest { .. }).then_some(0.0 - gain),
            accuracy: confusion.accuracy(),
            balanced_accuracy: balanced(step, ranking),
            precision: of_class(confusion.precision()),
            recall: of_class(confusion.recall()),
            f1: of_class(confusion.f1()),
            matthews_corrcoef: confusion.matthews().value,
            predicted_positives: step.right + step.wrong,
            false_positives: step.wrong,
            false_negatives: ranking.positives() - step.right,
        }
    }
}

/// The measure's name, as in scikit-learn.
const fn name(measure: ThresholdMetric) -> &'static str {
    match measure {
        ThresholdMetric::F1 => "f1",
        ThresholdMetric::Accuracy => "accuracy",
        ThresholdMetric::BalancedAccuracy => "balanced_accuracy",
        ThresholdMetric::MatthewsCorrcoef => "matthews_corrcoef",
    }
}

fn balanced(step: &Step, ranking: &Ranking) -> f64 {
    let found = Share::of(step.right, ranking.positives()).value;
    let left = Share::of(ranking.negatives() - step.wrong, ranking.negatives()).value;
    f64::midpoint(found, left)
}

fn confusion(step: &Step, ranking: &Ranking) -> Confusion {
    Confusion::of_two(
        [ranking.negatives() - step.wrong, step.wrong],
        [ranking.positives() - step.right, step.right],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of class 1 are 0.9, 0.6, 0.4; of class 0 are 0.7, 0.3, 0.2, 0.1.
    fn ranking() -> Ranking {
        Ranking::new(&[1, 1, 1, 0, 0, 0, 0], &[0.9, 0.6, 0.4, 0.7, 0.3, 0.2, 0.1], 1)
    }

    #[test]
    fn thresholds_table() {
        use ThresholdMetric::{Accuracy, BalancedAccuracy, F1, MatthewsCorrcoef};
        let cost = |false_positive, false_negative| ThresholdGoal::Cheapest {
            false_positive,
            false_negative,
        };
        for (name, goal, value) in [
            ("f1", ThresholdGoal::Greatest(F1), 0.4),
            ("accuracy", ThresholdGoal::Greatest(Accuracy), 0.4),
            ("balanced accuracy", ThresholdGoal::Greatest(BalancedAccuracy), 0.4),
            ("matthews", ThresholdGoal::Greatest(MatthewsCorrcoef), 0.4),
            ("false alarms are dear", cost(10.0, 1.0), 0.9),
            ("missing is dear", cost(1.0, 10.0), 0.4),
            ("all is free: the greatest", cost(0.0, 0.0), 0.9),
        ] {
            let chosen = goal.choose(&ranking()).unwrap();
            assert!((chosen.value - value).abs() < 1e-15, "{name}: {chosen:?}");
        }
    }

    #[test]
    fn what_the_threshold_does_is_told() {
        let goal = ThresholdGoal::Cheapest {
            false_positive: 2.0,
            false_negative: 5.0,
        };
        let chosen = goal.choose(&ranking()).unwrap();
        assert_eq!((chosen.best.as_str(), chosen.cost), ("cost", Some(2.0)));
        assert_eq!(
            (
                chosen.predicted_positives,
                chosen.false_positives,
                chosen.false_negatives
            ),
            (4, 1, 0)
        );
        assert!((chosen.precision - 0.75).abs() < 1e-15 && (chosen.accuracy - 6.0 / 7.0).abs() < 1e-15);
        assert!((chosen.balanced_accuracy - 0.875).abs() < 1e-15);
        let nothing = goal.choose(&Ranking::new(&[1, 1], &[0.2, 0.8], 1));
        assert_eq!(nothing, None);
    }
}
