//! A model's features as columns of numbers: the way from a dataset's arrays to what the solver and the predictor read.

use super::categories::{Categories, Places};
use super::fitted::{FittedColumn, FittedOneHot, FittedScale, Preprocess};
use crate::dataset::read_numbers;
use arrow_array::{Array, ArrayRef};
use std::sync::atomic::{AtomicU64, Ordering};
use trainyard_contract::stage::UnknownCategory;

/// Turns features into encoded features.
#[derive(Debug)]
pub struct Encoder {
    features: Vec<Encoding>,
    width: usize,
    /// Cells of categories that no training row had, and that were let through.
    unknown: AtomicU64,
}

/// What becomes of one feature.
#[derive(Debug)]
enum Encoding {
    Number {
        fill: Option<f64>,
        scale: Option<FittedScale>,
    },
    OneHot {
        places: Places,
        /// The column of each category.
        columns: Vec<usize>,
        width: usize,
        missing: Missing,
        unknown: Unknown,
    },
}

/// What becomes of a missing cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Refused,
    Column(usize),
    /// What fills it is a category that no training row had.
    Unknown,
}

/// What becomes of a category that no training row had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    Refused,
    Zeros,
    Column(usize),
}

/// A cell that cannot be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeFault {
    /// Of which feature, from 0.
    pub feature: usize,
    /// In which row of the block, from 0.
    pub row: usize,
    /// What is wrong.
    pub problem: EncodeProblem,
}

/// What is wrong with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeProblem {
    /// It is missing, and nothing fills it.
    Missing,
    /// No training row had its category, and the model refuses such rows.
    UnknownCategory,
    /// The column holds texts where numbers are needed.
    NoNumbers,
}

impl Encoder {
    /// Encodes `features` as `preprocess` says.
    pub fn new(features: &[String], preprocess: &Preprocess) -> Self {
        let features: Vec<Encoding> = features.iter().map(|name| encoding(preprocess.of(name))).collect();
        let width = features.iter().map(Encoding::width).sum();
        Self {
            features,
            width,
            unknown: AtomicU64::new(0),
        }
    }

    /// How many encoded features there are.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The feature that each encoded feature comes from, by number.
    pub fn owners(&self) -> Vec<usize> {
        let widths = self.features.iter().map(Encoding::width).enumerate();
        widths
            .flat_map(|(feature, width)| std::iter::repeat_n(feature, width))
            .collect()
    }

    /// Empties `columns` for a block.
    pub fn clear(&self, columns: &mut Vec<Vec<f64>>) {
        columns.resize_with(self.width, Vec::new);
        columns.iter_mut().for_each(Vec::clear);
    }

    /// How many cells so far had a category that no training row had, and count as none or as an infrequent one.
    pub fn unknown_cells(&self) -> u64 {
        self.unknown.load(Ordering::Relaxed)
    }

    /// Puts the encoded features of a block behind what `into` holds, one column each. `arrays` are the features'.
    ///
    /// # Errors
    /// A cell that cannot be encoded, the first one of the first feature that has one.
    pub fn encode(&self, arrays: &[ArrayRef], into: &mut [Vec<f64>]) -> Result<(), EncodeFault> {
        let mut numbers = Vec::new();
        let mut at = 0;
        for (feature, (encoding, array)) in self.features.iter().zip(arrays).enumerate() {
            let width = encoding.width();
            let columns = &mut into[at..at + width];
            self.encode_feature(encoding, array, columns, &mut numbers)
                .map_err(|(row, problem)| EncodeFault { feature, row, problem })?;
            at += width;
        }
        Ok(())
    }

    fn encode_feature(
        &self,
        encoding: &Encoding,
        array: &ArrayRef,
        columns: &mut [Vec<f64>],
        numbers: &mut Vec<f64>,
    ) -> Result<(), (usize, EncodeProblem)> {
        match encoding {
            Encoding::Number { fill, scale } => {
                let column = &mut columns[0];
                let start = column.len();
                let read = if start == 0 { &mut *column } else { &mut *numbers };
                if !read_numbers(array, read) {
                    return Err((0, EncodeProblem::NoNumbers));
                }
                if start > 0 {
                    column.append(numbers);
                }
                fill_missing(array, *fill, &mut column[start..])?;
                if let Some(scale) = scale {
                    let (centre, scale) = (scale.centre, scale.scale);
                    column[start..].iter_mut().for_each(|x| *x = (*x - centre) / scale);
                }
                Ok(())
            }
            Encoding::OneHot {
                places,
                columns: of_category,
                width: _,
                missing,
                unknown,
            } => {
                let start = columns[0].len();
                for column in columns.iter_mut() {
                    column.resize(start + array.len(), 0.0);
                }
                if let Some(first) = first_missing(array) {
                    let column = match (missing, unknown) {
                        (Missing::Refused, _) => return Err((first, EncodeProblem::Missing)),
                        (Missing::Unknown, Unknown::Refused) => return Err((first, EncodeProblem::UnknownCategory)),
                        (Missing::Unknown, Unknown::Zeros) => None,
                        (Missing::Unknown, Unknown::Column(column)) | (Missing::Column(column), _) => Some(*column),
                    };
                    if let Some(column) = column {
                        let missing = (first..array.len()).filter(|&row| array.is_null(row));
                        missing.for_each(|row| columns[column][start + row] = 1.0);
                    }
                }
                let (mut refused, mut unseen) = (None, 0);
                let looked_up = places.look_up(array, numbers, |row, place| match (place, unknown) {
                    (Some(place), _) => columns[of_category[place]][start + row] = 1.0,
                    (None, Unknown::Refused) => {
                        refused.get_or_insert(row);
                    }
                    (None, Unknown::Zeros) => unseen += 1,
                    (None, &Unknown::Column(column)) => {
                        columns[column][start + row] = 1.0;
                        unseen += 1;
                    }
                });
                self.unknown.fetch_add(unseen, Ordering::Relaxed);
                looked_up.map_err(|_| (0, EncodeProblem::NoNumbers))?;
                refused.map_or(Ok(()), |row| Err((row, EncodeProblem::UnknownCategory)))
            }
        }
    }
}

fn first_missing(array: &ArrayRef) -> Option<usize> {
    (array.null_count() > 0).then(|| (0..array.len()).find(|&row| array.is_null(row)))?
}

fn fill_missing(array: &ArrayRef, fill: Option<f64>, values: &mut [f64]) -> Result<(), (usize, EncodeProblem)> {
    let Some(first) = first_missing(array) else {
        return Ok(());
    };
    let Some(fill) = fill else {
        return Err((first, EncodeProblem::Missing));
    };
    for (row, value) in values.iter_mut().enumerate().skip(first) {
        if array.is_null(row) {
            *value = fill;
        }
    }
    Ok(())
}

impl Encoding {
    fn width(&self) -> usize {
        match self {
            Self::Number { .. } => 1,
            Self::OneHot { width, .. } => *width,
        }
    }
}

fn encoding(column: Option<&FittedColumn>) -> Encoding {
    let impute = column.and_then(|column| column.impute.as_ref());
    let Some(one_hot) = column.and_then(|column| column.one_hot.as_ref()) else {
        return Encoding::Number {
            fill: impute.and_then(|impute| impute.number),
            scale: column.and_then(|column| column.scale.clone()),
        };
    };
    let places = Places::new(&one_hot.categories);
    let columns = one_hot.columns();
    let unknown = unknown(one_hot);
    let missing = impute.map_or(Missing::Refused, |impute| {
        let place = match &one_hot.categories {
            Categories::Numbers(_) => impute.number.and_then(|number| places.of_number(number)),
            Categories::Texts(_) => impute.text.as_deref().and_then(|text| places.of_text(text)),
        };
        place.map_or(Missing::Unknown, |place| Missing::Column(columns[place]))
    });
    Encoding::OneHot {
        places,
        columns,
        width: one_hot.width(),
        missing,
        unknown,
    }
}

fn unknown(one_hot: &FittedOneHot) -> Unknown {
    match one_hot.unknown {
        UnknownCategory::Error => Unknown::Refused,
        UnknownCategory::Infrequent if !one_hot.infrequent.is_empty() => Unknown::Column(one_hot.width() - 1),
        UnknownCategory::Infrequent | UnknownCategory::Ignore => Unknown::Zeros,
    }
}
