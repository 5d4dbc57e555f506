//! What the whole table holds: rows of each class, how far each column reaches, and where a number is that cannot be used.

use super::design::{DesignBlock, DesignBlocks};
use super::in_block_order::read_checked;
use super::problem::{FEATURE_MAX, FitError};
use super::scaled::Scaled;

/// Counts and ends of the columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Survey {
    pub(super) class_rows: Vec<u64>,
    /// Least and greatest value of each column; numbers that are none are passed over.
    pub(super) ends: Vec<(f64, f64)>,
}

impl Survey {
    pub(super) fn new(features: usize, classes: usize) -> Self {
        Self {
            class_rows: vec![0; classes],
            ends: vec![(f64::INFINITY, f64::NEG_INFINITY); features],
        }
    }

    pub(super) fn add(&mut self, block: &DesignBlock) {
        for &class in &block.classes {
            self.class_rows[class as usize] += 1;
        }
        for (ends, column) in self.ends.iter_mut().zip(&block.columns) {
            *ends = widened(*ends, ends_of(column));
        }
    }

    /// The largest magnitude in column `j`, in scaled units.
    pub(super) fn reach(&self, scaled: &Scaled, j: usize) -> f64 {
        let ((least, greatest), centre) = (self.ends[j], scaled.centre[j]);
        (greatest - centre).abs().max((least - centre).abs()) * scaled.inverse_scale[j]
    }

    pub(super) fn absorb(&mut self, part: &mut Self) {
        let empty = Self::new(self.ends.len(), self.class_rows.len());
        let part = std::mem::replace(part, empty);
        self.class_rows
            .iter_mut()
            .zip(part.class_rows)
            .for_each(|(to, from)| *to += from);
        self.ends
            .iter_mut()
            .zip(part.ends)
            .for_each(|(to, from)| *to = widened(*to, from));
    }
}

fn widened(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0.min(b.0), a.1.max(b.1))
}

/// In eight lanes, which do not wait for each other.
fn ends_of(column: &[f64]) -> (f64, f64) {
    let (mut least, mut greatest) = ([f64::INFINITY; 8], [f64::NEG_INFINITY; 8]);
    for values in column.chunks(8) {
        for ((least, greatest), &x) in least.iter_mut().zip(&mut greatest).zip(values) {
            *least = if x < *least { x } else { *least };
            *greatest = if x > *greatest { x } else { *greatest };
        }
    }
    (
        least.into_iter().fold(f64::INFINITY, f64::min),
        greatest.into_iter().fold(f64::NEG_INFINITY, f64::max),
    )
}

/// Refuses a table where a class has no row or a number is beyond what the solver can square.
pub(super) fn refuse_unusable<D: DesignBlocks>(data: &D, survey: &Survey) -> Result<(), FitError<D::Error>> {
    if survey.class_rows.iter().filter(|&&rows| rows > 0).count() < 2 {
        return Err(FitError::OneClass);
    }
    if let Some(class) = survey.class_rows.iter().position(|&rows| rows == 0) {
        return Err(FitError::EmptyClass { class });
    }
    if survey
        .ends
        .iter()
        .any(|ends| ends.0 < -FEATURE_MAX || ends.1 > FEATURE_MAX)
    {
        find_unusable(data, survey.class_rows.len())?;
    }
    Ok(())
}

/// Looks for a number that cannot be used, in the order of the rows; the fault names the first.
pub(super) fn find_unusable<D: DesignBlocks>(data: &D, classes: usize) -> Result<(), FitError<D::Error>> {
    let mut block = DesignBlock::default();
    let mut before = 0;
    for index in 0..data.blocks() {
        read_checked(data, classes, index, &mut block)?;
        for row in 0..block.rows() {
            for (feature, column) in block.columns.iter().enumerate() {
                let (value, row) = (column[row], before + row);
                if !value.is_finite() {
                    return Err(FitError::NotFinite { row, feature, value });
                }
                if value.abs() > FEATURE_MAX {
                    return Err(FitError::TooLarge { row, feature, value });
                }
            }
        }
        before += block.rows();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logistic::MemoryDesign;

    #[test]
    fn survey_table() {
        let table = |column: Vec<f64>, classes: Vec<u32>| {
            let data = MemoryDesign::new(vec![column], classes);
            let mut survey = Survey::new(1, 3);
            let mut part = Survey::new(1, 3);
            let mut block = DesignBlock::default();
            for index in 0..data.blocks() {
                data.read(index, &mut block).unwrap();
                part.add(&block);
                survey.absorb(&mut part);
            }
            refuse_unusable(&data, &survey).map(|()| survey)
        };
        let want = Survey {
            class_rows: vec![1, 2, 1],
            ends: vec![(-5.0, 9.0)],
        };
        assert_eq!(table(vec![3.0, 9.0, -5.0, 0.0], vec![0, 1, 1, 2]), Ok(want));
        assert_eq!(table(vec![3.0, 9.0], vec![1, 1]), Err(FitError::OneClass));
        assert_eq!(table(vec![], vec![]), Err(FitError::OneClass));
        assert_eq!(
            table(vec![3.0, 9.0], vec![0, 2]),
            Err(FitError::EmptyClass { class: 1 })
        );
        let huge = FitError::TooLarge {
            row: 1,
            feature: 0,
            value: -1e151,
        };
        assert_eq!(table(vec![3.0, -1e151, 1.0], vec![0, 1, 2]), Err(huge));
        let infinite = FitError::NotFinite {
            row: 2,
            feature: 0,
            value: f64::INFINITY,
        };
        assert_eq!(table(vec![3.0, 1.0, f64::INFINITY], vec![0, 1, 2]), Err(infinite));
    }
}
