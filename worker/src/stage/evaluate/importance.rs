//! How much a model needs each column: what it is worth less when the column's values are dealt out anew among the rows.
//!
//! As `permutation_importance` of scikit-learn: each column is shuffled [`REPEATS`] times, alone; the mean and the standard
//! deviation of the loss are told. It asks only for evenly taken rows, few enough that it takes a second or two. The shuffles
//! are the same in every run.

use crate::StageError;
use crate::attempt::StopFlag;
use crate::in_order::in_order;
use crate::logistic::{Predictions, Predictor};
use crate::metrics::{ColumnImportance, PermutationImportance, accuracy, roc_auc};
use std::sync::atomic::{AtomicUsize, Ordering};

/// How often each column is shuffled.
pub(super) const REPEATS: usize = 5;
/// More rows make the means hardly better.
const ROWS_MAX: usize = 50_000;
/// Numbers of a sample, at most (32 MiB).
const CELLS_MAX: usize = 4 << 20;
/// Multiplications of all predictions together, at most: some seconds.
const WORK_MAX: usize = 4_000_000_000;
/// Of a model with more columns too few rows would be left.
const COLUMNS_MAX: usize = 1_000;

/// Some rows of a dataset, as the model's numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sample {
    /// A column for each of the model's numbers.
    pub(super) numbers: Vec<Vec<f64>>,
    pub(super) classes: Vec<u32>,
}

impl Sample {
    /// Puts another sample behind this one.
    pub(super) fn append(&mut self, mut other: Self) {
        self.numbers.resize_with(other.numbers.len(), Vec::new);
        for (column, more) in self.numbers.iter_mut().zip(&mut other.numbers) {
            column.append(more);
        }
        self.classes.append(&mut other.classes);
    }
}

/// How many rows a sample of a model with so many numbers a row has; `None` where the model has too many columns.
pub(super) fn sample_rows(columns: usize, numbers: usize) -> Option<usize> {
    let work_a_row = REPEATS * columns * numbers;
    let rows = ROWS_MAX
        .min(CELLS_MAX / numbers.max(1))
        .min(WORK_MAX / work_a_row.max(1));
    (columns <= COLUMNS_MAX).then_some(rows)
}

/// Measures the importance of each of `columns`. `owner` tells for each number of the model from which column it comes: all
/// numbers of a column are dealt out together.
///
/// # Errors
/// The stage is to stop.
pub(super) fn importances(
    predictor: &Predictor,
    columns: &[String],
    owner: &[usize],
    sample: &Sample,
    threads: usize,
    stop: &StopFlag,
) -> Result<PermutationImportance, StageError> {
    let mut predictions = Predictions::default();
    predictor.predict(&sample.numbers, sample.classes.len(), &mut predictions);
    let is_binary = predictor.classes() == 2;
    let area = is_binary.then(|| roc_auc(&sample.classes, &predictions)).flatten();
    let (metric, baseline) = match area {
        Some(area) => ("roc_auc", area),
        None => ("accuracy", accuracy(&sample.classes, &predictions)),
    };
    let worth = |predictions: &Predictions| match area {
        // The rows are the same, so both classes are still there.
        Some(_) => roc_auc(&sample.classes, predictions).unwrap_or(baseline),
        None => accuracy(&sample.classes, predictions),
    };
    let next = AtomicUsize::new(0);
    let mut measured = Vec::with_capacity(columns.len());
    in_order::<_, StageError>(
        threads,
        || (Predictions::default(), [0.0; REPEATS]),
        |_| Ok(Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&column| column < columns.len())),
        |column, (predictions, losses)| {
            for (repeat, loss) in losses.iter_mut().enumerate() {
                stop.check()?;
                let shuffled = shuffled(sample, owner, column, repeat);
                predictor.predict(&shuffled, sample.classes.len(), predictions);
                *loss = baseline - worth(predictions);
            }
            Ok(())
        },
        |(_, losses)| measured.push(*losses),
    )?;
    let importance = |(column, losses): (&String, [f64; REPEATS])| {
        let mean = losses.iter().sum::<f64>() / REPEATS as f64;
        let variance = losses.iter().map(|loss| (loss - mean) * (loss - mean)).sum::<f64>() / REPEATS as f64;
        ColumnImportance {
            column: column.clone(),
            importances_mean: mean,
            importances_std: variance.sqrt(),
        }
    };
    let mut columns: Vec<ColumnImportance> = columns.iter().zip(measured).map(importance).collect();
    columns.sort_by(|a, b| b.importances_mean.total_cmp(&a.importances_mean));
    Ok(PermutationImportance {
        metric: metric.to_owned(),
        baseline,
        rows: sample.classes.len() as u64,
        columns,
    })
}

/// The sample's columns, those of `column` dealt out anew.
fn shuffled<'a>(sample: &'a Sample, owner: &[usize], column: usize, repeat: usize) -> Vec<std::borrow::Cow<'a, [f64]>> {
    let order = permutation(sample.classes.len(), (column * REPEATS + repeat) as u64);
    let numbers = sample.numbers.iter().zip(owner);
    numbers
        .map(|(numbers, &owner)| {
            if owner == column {
                order.iter().map(|&row| numbers[row]).collect::<Vec<f64>>().into()
            } else {
                numbers.as_slice().into()
            }
        })
        .collect()
}

/// The numbers below `count` in an order that looks random (Fisher and Yates), the same for the same seed.
fn permutation(count: usize, seed: u64) -> Vec<usize> {
    let mut random = SplitMix(seed);
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, random.below(last + 1));
    }
    order
}

/// Steele, Lea and Flood's generator.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; the high half of a product, even enough for shuffles.
    fn below(&mut self, limit: usize) -> usize {
        let product = u128::from(self.next()) * limit as u128;
        usize::try_from(product >> 64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten thousand rows of three columns: the class follows from the first, a little from the second, not from the third.
    fn sample() -> Sample {
        let mut random = SplitMix(7);
        let mut uniform = || random.next() as f64 / u64::MAX as f64 - 0.5;
        let numbers: Vec<Vec<f64>> = (0..3).map(|_| (0..10_000).map(|_| uniform()).collect()).collect();
        let class = |row: usize| u32::from(numbers[0][row] + 0.2 * numbers[1][row] > 0.0);
        let classes = (0..10_000).map(class).collect();
        Sample { numbers, classes }
    }

    fn measure(owner: &[usize], columns: &[&str], threads: usize) -> PermutationImportance {
        let predictor = Predictor::new(vec![vec![10.0, 2.0, 0.0]], vec![0.0]);
        let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
        importances(&predictor, &columns, owner, &sample(), threads, &StopFlag::default()).unwrap()
    }

    #[test]
    fn a_column_that_decides_is_important_and_one_that_does_nothing_is_not() {
        let found = measure(&[0, 1, 2], &["first", "second", "third"], 2);
        let names: Vec<&str> = found.columns.iter().map(|column| column.column.as_str()).collect();
        assert_eq!(
            (found.metric.as_str(), names),
            ("roc_auc", vec!["first", "second", "third"])
        );
        assert!((found.baseline - 1.0).abs() < 1e-12, "{found:?}");
        assert!(
            found.columns[0].importances_mean > 0.4 && found.columns[0].importances_std < 0.02,
            "{found:?}"
        );
        assert!((0.001..0.1).contains(&found.columns[1].importances_mean), "{found:?}");
        assert!(found.columns[2].importances_mean.abs() < 1e-12, "{found:?}");
        assert_eq!(found, measure(&[0, 1, 2], &["first", "second", "third"], 1));
    }

    #[test]
    fn the_numbers_of_a_column_are_dealt_out_together() {
        let both = measure(&[0, 0, 1], &["first and second", "third"], 2);
        assert!(both.columns[0].importances_mean > 0.45, "{both:?}");
    }

    #[test]
    fn a_permutation_holds_every_number_once() {
        for count in [0, 1, 2, 1_000] {
            let mut order = permutation(count, 3);
            assert!(count < 1_000 || order != (0..count).collect::<Vec<_>>());
            order.sort_unstable();
            assert_eq!(order, (0..count).collect::<Vec<_>>());
        }
        // The generator's published first numbers for seed 1234567.
        let mut random = SplitMix(1_234_567);
        assert_eq!(
            [random.next(), random.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]
        );
    }

    #[test]
    fn wide_models_are_measured_on_fewer_rows() {
        for (columns, numbers, rows) in [
            (1, 1, Some(50_000)),
            (20, 20, Some(50_000)),
            (100, 100, Some(41_943)),
            (1_000, 1_000, Some(800)),
            (1_001, 1_001, None),
        ] {
            assert_eq!(sample_rows(columns, numbers), rows, "{columns}");
        }
    }
}
