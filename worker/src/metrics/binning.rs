//! Rows counted by their probability: how well probabilities keep their word, and what other thresholds would do.

use super::confusion::Share;
use super::sum::Sum;
use serde::{Deserialize, Serialize};

/// How many bins of equal width calibration has.
const BINS: usize = 10;
/// Thresholds are multiples of a twentieth.
const STEPS: usize = 20;

/// Rows whose probability lies in one tenth of 0 to 1. A probability on a border belongs to the lower one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// The mean of the probabilities of these rows.
    pub mean_predicted: f64,
    /// How many of them came true, as a share.
    pub fraction_of_positives: f64,
    /// How many there are.
    pub rows: u64,
}

/// What a threshold would do: a row counts as `classes[1]` where its probability is at least that.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdRow {
    /// The threshold.
    pub threshold: f64,
    /// Share of the rows taken for `classes[1]` that are; 0 where none is taken for it.
    pub precision: f64,
    /// Share of the rows of `classes[1]` that are found; 0 where there are none.
    pub recall: f64,
    /// Harmonic mean of both; 0 where neither is above 0.
    pub f1: f64,
    /// Rows taken for `classes[1]`.
    pub predicted_positives: u64,
    /// Those of them that are not.
    pub false_positives: u64,
    /// Rows of `classes[1]` that are missed.
    pub false_negatives: u64,
}

/// Probabilities and what came true, in ten bins.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Calibration {
    bins: [Bin; BINS],
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Bin {
    probabilities: Sum,
    came_true: u64,
    rows: u64,
}

/// The lower end of a bin, as numpy's `linspace` rounds it.
fn bin_start(bin: usize) -> f64 {
    bin as f64 * (1.0 / BINS as f64)
}

/// The least threshold of the steps, 0.05 times their number.
fn threshold(step: usize) -> f64 {
    step as f64 / STEPS as f64
}

/// How many of the ascending `limits` from 1 to `last` a probability has `passed`.
#[inline]
fn passed(p: f64, last: usize, is_past: impl Fn(usize) -> bool) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a guess, cut to the limits and then put right"
    )]
    let mut count = ((p * (last + 1) as f64) as usize).min(last);
    while count < last && is_past(count + 1) {
        count += 1;
    }
    while count > 0 && !is_past(count) {
        count -= 1;
    }
    count
}

impl Calibration {
    /// An event was said to have probability `p`, and came true or did not.
    #[inline]
    pub(super) fn add(&mut self, p: f64, came_true: bool) {
        let bin = &mut self.bins[passed(p, BINS - 1, |bin| bin_start(bin) < p)];
        bin.probabilities.add(p);
        bin.came_true += u64::from(came_true);
        bin.rows += 1;
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (bin, more) in self.bins.iter_mut().zip(&other.bins) {
            bin.probabilities.join(more.probabilities);
            bin.came_true += more.came_true;
            bin.rows += more.rows;
        }
    }

    /// The bins that hold rows.
    pub(super) fn filled(&self) -> Vec<CalibrationBin> {
        let filled = self.bins.iter().filter(|bin| bin.rows > 0);
        filled
            .map(|bin| CalibrationBin {
                mean_predicted: bin.probabilities.mean(bin.rows),
                fraction_of_positives: bin.came_true as f64 / bin.rows as f64,
                rows: bin.rows,
            })
            .collect()
    }
}

/// Rows of two classes, counted by how many of the thresholds 0.05, 0.1, …, 0.95 their probability reaches.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ThresholdCounts {
    /// Rows of `classes[0]` and of `classes[1]`.
    rows: [[u64; 2]; STEPS],
}

impl ThresholdCounts {
    /// A row has probability `p` of `classes[1]`, and is of it or not.
    #[inline]
    pub(super) fn add(&mut self, p: f64, positive: bool) {
        let reached = passed(p, STEPS - 1, |step| threshold(step) <= p);
        self.rows[reached][usize::from(positive)] += 1;
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (rows, more) in self.rows.iter_mut().zip(&other.rows) {
            rows[0] += more[0];
            rows[1] += more[1];
        }
    }

    /// The table of all thresholds, from the lowest.
    pub(super) fn table(&self) -> Vec<ThresholdRow> {
        let reaching = |step: usize, class: usize| self.rows[step..].iter().map(|rows| rows[class]).sum();
        let positives: u64 = reaching(0, 1);
        (1..STEPS)
            .map(|step| {
                let (wrong, right): (u64, u64) = (reaching(step, 0), reaching(step, 1));
                ThresholdRow {
                    threshold: threshold(step),
                    precision: Share::of(right, right + wrong).value,
                    recall: Share::of(right, positives).value,
                    f1: Share::of(2 * right, positives + right + wrong).value,
                    predicted_positives: right + wrong,
                    false_positives: wrong,
                    false_negatives: positives - right,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn borders_belong_where_numpy_and_the_threshold_rule_put_them() {
        let bin_of = |p: f64| passed(p, BINS - 1, |bin| bin_start(bin) < p);
        // numpy's third border is 0.30000000000000004, so that 0.3 and it lie below.
        for (p, bin) in [
            (0.0, 0),
            (0.1, 0),
            (0.100_000_1, 1),
            (0.3, 2),
            (0.1 + 0.2, 2),
            (0.31, 3),
            (0.9, 8),
            (1.0, 9),
        ] {
            assert_eq!(bin_of(p), bin, "{p}");
        }
        let step_of = |p: f64| passed(p, STEPS - 1, |step| threshold(step) <= p);
        for (p, step) in [
            (0.0, 0),
            (0.05, 1),
            (0.149_999, 2),
            (0.15, 3),
            (0.5, 10),
            (0.95, 19),
            (1.0, 19),
        ] {
            assert_eq!(step_of(p), step, "{p}");
        }
    }

    proptest! {
        #[test]
        fn a_guess_is_put_right(p in 0.0..=1.0_f64) {
            let want = (1..BINS).filter(|&bin| bin_start(bin) < p).count();
            prop_assert_eq!(passed(p, BINS - 1, |bin| bin_start(bin) < p), want);
            let want = (1..STEPS).filter(|&step| threshold(step) <= p).count();
            prop_assert_eq!(passed(p, STEPS - 1, |step| threshold(step) <= p), want);
        }
    }

    #[test]
    fn a_table_by_hand() {
        let mut counts = ThresholdCounts::default();
        for (p, positive) in [(0.2, false), (0.5, false), (0.5, true), (0.9, true)] {
            counts.add(p, positive);
        }
        let table = counts.table();
        assert_eq!(table.len(), 19);
        let at = |threshold: f64| {
            *table
                .iter()
                .find(|row| (row.threshold - threshold).abs() < 1e-9)
                .unwrap()
        };
        let half = at(0.5);
        assert_eq!(
            (half.predicted_positives, half.false_positives, half.false_negatives),
            (3, 1, 0)
        );
        assert!((half.precision - 2.0 / 3.0).abs() < 1e-15 && (half.f1 - 0.8).abs() < 1e-15);
        let high = at(0.95);
        assert_eq!((high.predicted_positives, high.false_negatives), (0, 2));
        assert_eq!(
            (high.precision.to_bits(), high.recall.to_bits(), high.f1.to_bits()),
            (0, 0, 0)
        );
    }

    #[test]
    fn bins_without_rows_are_left_out() {
        let mut calibration = Calibration::default();
        for (p, came_true) in [(0.25, true), (0.21, false), (0.97, true)] {
            calibration.add(p, came_true);
        }
        let filled = calibration.filled();
        assert_eq!(filled.iter().map(|bin| bin.rows).collect::<Vec<_>>(), [2, 1]);
        assert!((filled[0].mean_predicted - 0.23).abs() < 1e-15);
        assert!((filled[0].fraction_of_positives - 0.5).abs() < 1e-15);
    }
}
