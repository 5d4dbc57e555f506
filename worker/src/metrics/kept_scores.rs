//! The scores of rows from which areas and thresholds are found: those of all rows, or evenly taken ones of very many.

use crate::logistic::Predictions;

/// Of more rows than this every second, fourth, … one is kept for areas, curves and the choice of a threshold.
pub const AREA_ROWS_MAX: usize = 2_097_152;
/// With more than two classes: no more probabilities than this are kept (64 MiB), so fewer rows where there are many classes.
pub const AREA_SCORES_MAX: usize = 8_388_608;

/// The true class and the scores of every `stride`-th row, from the first.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KeptScores {
    /// A power of two.
    stride: u64,
    /// How many rows were seen.
    seen: u64,
    rows_max: usize,
    /// The true class of each kept row.
    pub(super) classes: Vec<u32>,
    /// Two classes: the probability of `classes[1]`, alone. More: a column a class.
    pub(super) columns: Vec<Vec<f64>>,
}

impl KeptScores {
    pub(super) fn new(classes: usize) -> Self {
        let columns = if classes == 2 { 1 } else { classes };
        Self::with_room(columns, AREA_ROWS_MAX.min(AREA_SCORES_MAX / columns.max(1)))
    }

    fn with_room(columns: usize, rows_max: usize) -> Self {
        Self {
            stride: 1,
            seen: 0,
            rows_max,
            classes: Vec::new(),
            columns: vec![Vec::new(); columns],
        }
    }

    /// How many rows the scores are of, where they are not those of all rows.
    pub(super) fn thinned(&self) -> Option<u64> {
        (self.stride > 1).then_some(self.classes.len() as u64)
    }

    /// The next rows.
    pub(super) fn add(&mut self, classes: &[u32], predictions: &Predictions) {
        let first = predictions.probabilities.len() - self.columns.len();
        let columns: Vec<&[f64]> = predictions.probabilities[first..].iter().map(Vec::as_slice).collect();
        self.append(classes, &columns, classes.len() as u64, 1);
    }

    /// The rows that another one has seen, behind those of this one. The same rows are kept as if they had come one by one,
    /// where `other` has not begun to leave rows out.
    pub(super) fn join(&mut self, other: &Self) {
        self.thin_to(other.stride);
        let columns: Vec<&[f64]> = other.columns.iter().map(Vec::as_slice).collect();
        self.append(&other.classes, &columns, other.seen, other.stride);
    }

    /// `rows` rows, of which every `stride`-th is at hand.
    fn append(&mut self, classes: &[u32], columns: &[&[f64]], rows: u64, stride: u64) {
        let step = usize::try_from(self.stride / stride).unwrap_or(usize::MAX);
        // The next row that this one keeps, among those at hand.
        let to_next = self.seen.next_multiple_of(self.stride) - self.seen;
        let from = usize::try_from(to_next / stride).unwrap_or(usize::MAX);
        if step == 1 && from == 0 {
            self.classes.extend_from_slice(classes);
            for (into, column) in self.columns.iter_mut().zip(columns) {
                into.extend_from_slice(column);
            }
        } else {
            self.classes.extend(classes.iter().skip(from).step_by(step));
            for (into, column) in self.columns.iter_mut().zip(columns) {
                into.extend(column.iter().skip(from).step_by(step));
            }
        }
        self.seen += rows;
        while self.classes.len() > self.rows_max {
            self.thin_to(self.stride * 2);
        }
    }

    fn thin_to(&mut self, stride: u64) {
        while self.stride < stride {
            keep_every_second(&mut self.classes);
            self.columns.iter_mut().for_each(keep_every_second);
            self.stride *= 2;
        }
    }
}

fn keep_every_second<T: Copy>(values: &mut Vec<T>) {
    let kept = values.len().div_ceil(2);
    for to in 0..kept {
        values[to] = values[2 * to];
    }
    values.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows whose score is their number.
    fn rows(numbers: std::ops::Range<u32>) -> (Vec<u32>, Predictions) {
        let scores = numbers.clone().map(f64::from).collect();
        let classes: Vec<u32> = numbers.map(|number| number % 2).collect();
        let predictions = Predictions {
            probabilities: vec![Vec::new(), scores],
            classes: classes.clone(),
        };
        (classes, predictions)
    }

    #[test]
    fn the_same_rows_are_kept_however_they_come() {
        for (total, blocks) in [(7, 3), (8, 8), (9, 2), (100, 7), (1_000, 6), (1_000, 1), (64, 5)] {
            let mut one_by_one = KeptScores::with_room(1, 8);
            let mut joined = KeptScores::with_room(1, 8);
            for first in (0..total).step_by(blocks) {
                let block = first..total.min(first + u32::try_from(blocks).unwrap());
                for row in block.clone() {
                    let (classes, predictions) = rows(row..row + 1);
                    one_by_one.add(&classes, &predictions);
                }
                let (classes, predictions) = rows(block);
                let mut part = KeptScores::with_room(1, 8);
                part.add(&classes, &predictions);
                joined.join(&part);
            }
            assert_eq!(one_by_one, joined, "{total} in blocks of {blocks}");
            let stride = joined.stride;
            let want: Vec<f64> = (0..total)
                .step_by(usize::try_from(stride).unwrap())
                .map(f64::from)
                .collect();
            assert_eq!(joined.columns[0], want);
            assert!(joined.classes.len() <= 8 && (stride == 1 || joined.classes.len() > 4));
            assert_eq!(joined.thinned().is_some(), total > 8);
        }
    }

    #[test]
    fn many_classes_leave_room_for_fewer_rows() {
        for (classes, rows_max) in [(2, AREA_ROWS_MAX), (3, AREA_ROWS_MAX), (1_000, 8_388)] {
            assert_eq!(KeptScores::new(classes).rows_max, rows_max);
        }
    }
}
