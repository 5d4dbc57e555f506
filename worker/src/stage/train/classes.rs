//! The classes of a target column: found in a first pass, then looked up row by row.
//!
//! Whole numbers are classes in numeric order, however the column stores them (`0.0` is 0); texts are classes by code point.
//! Every row's class is its number in that order.

use crate::model::Classes;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow_schema::DataType;
use std::collections::HashMap;

/// More classes than this are no classes but measurements or keys.
pub(in crate::stage) const CLASSES_MAX: usize = 1_000;
/// Whole numbers less far apart than this are looked up in a table.
const TABLE_MAX: i128 = 4_096;
/// 2^53: from here on a float64 may stand for several whole numbers, which would become one class.
const WHOLE_LIMIT: f64 = 9_007_199_254_740_992.0;

/// The different values of a target column, with their rows.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stage) enum Found {
    Whole(Vec<(i64, u64)>),
    Text(HashMap<String, u64>),
}

/// Why a value is no class.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stage) enum NoClass {
    /// A number that is no class ([`why_no_class`]), at this row of the block.
    NotWhole { row: usize, value: f64 },
    /// There are more than [`CLASSES_MAX`].
    TooMany,
}

impl Found {
    /// Nothing yet of a column of this type.
    pub(in crate::stage) fn nothing(data_type: &DataType) -> Self {
        match data_type {
            DataType::Utf8 => Self::Text(HashMap::new()),
            _ => Self::Whole(Vec::new()),
        }
    }

    /// Adds the values of a block's column.
    pub(super) fn add(&mut self, column: &ArrayRef) -> Result<(), NoClass> {
        let mut first = None;
        self.add_but(column, |row, value| {
            first.get_or_insert(NoClass::NotWhole { row, value });
        })?;
        first.map_or(Ok(()), Err)
    }

    /// Adds the values of a block's column, but for nulls and for the numbers that are no classes: those are `refused`, with
    /// their row in the block.
    pub(in crate::stage) fn add_but(
        &mut self,
        column: &ArrayRef,
        refused: impl FnMut(usize, f64),
    ) -> Result<(), NoClass> {
        match self {
            Self::Text(texts) => {
                let mut values = column.as_string::<i32>().iter().flatten();
                values.try_for_each(|text| add_text(texts, text, 1))
            }
            Self::Whole(numbers) => match column.data_type() {
                DataType::Int8 => add_all(numbers, column.as_primitive::<Int8Type>()),
                DataType::Int16 => add_all(numbers, column.as_primitive::<Int16Type>()),
                DataType::Int32 => add_all(numbers, column.as_primitive::<Int32Type>()),
                DataType::Int64 => add_all(numbers, column.as_primitive::<Int64Type>()),
                _ => add_floats(numbers, column.as_primitive::<Float64Type>(), refused),
            },
        }
    }

    /// How many classes there are so far.
    pub(in crate::stage) fn count(&self) -> usize {
        match self {
            Self::Whole(numbers) => numbers.len(),
            Self::Text(texts) => texts.len(),
        }
    }

    /// Adds what another thread has found.
    pub(super) fn join(&mut self, other: Self) -> Result<(), NoClass> {
        match (self, other) {
            (Self::Whole(numbers), Self::Whole(others)) => others
                .into_iter()
                .try_for_each(|(number, rows)| add_number(numbers, number, rows)),
            (Self::Text(texts), Self::Text(others)) => others
                .into_iter()
                .try_for_each(|(text, rows)| add_text(texts, &text, rows)),
            // One column has one type.
            (Self::Whole(_), Self::Text(_)) | (Self::Text(_), Self::Whole(_)) => Ok(()),
        }
    }

    /// The classes in their order, with their rows.
    pub(in crate::stage) fn into_classes(self) -> (Classes, Vec<u64>) {
        match self {
            Self::Whole(numbers) => {
                let (classes, rows) = numbers.into_iter().unzip();
                (Classes::Whole(classes), rows)
            }
            Self::Text(texts) => {
                let mut texts: Vec<_> = texts.into_iter().collect();
                texts.sort_unstable();
                let (classes, rows) = texts.into_iter().unzip();
                (Classes::Text(classes), rows)
            }
        }
    }
}

fn add_text(texts: &mut HashMap<String, u64>, text: &str, rows: u64) -> Result<(), NoClass> {
    if let Some(known) = texts.get_mut(text) {
        *known += rows;
    } else if texts.len() == CLASSES_MAX {
        return Err(NoClass::TooMany);
    } else {
        texts.insert(text.to_owned(), rows);
    }
    Ok(())
}

fn add_all<T: ArrowPrimitiveType>(numbers: &mut Vec<(i64, u64)>, column: &PrimitiveArray<T>) -> Result<(), NoClass>
where
    T::Native: Into<i64>,
{
    let mut add = |value: T::Native| add_number(numbers, value.into(), 1);
    if column.null_count() == 0 {
        column.values().iter().try_for_each(|&value| add(value))
    } else {
        column.iter().flatten().try_for_each(add)
    }
}

fn add_floats(
    numbers: &mut Vec<(i64, u64)>,
    column: &PrimitiveArray<Float64Type>,
    mut refused: impl FnMut(usize, f64),
) -> Result<(), NoClass> {
    for (row, value) in column.iter().enumerate() {
        let Some(value) = value else { continue };
        match whole(value) {
            Some(number) => add_number(numbers, number, 1)?,
            None => refused(row, value),
        }
    }
    Ok(())
}

/// Why `value` is no class, in words that follow the column's name.
pub(in crate::stage) fn why_no_class(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("a number of about {value:e} is too large for a class: beyond 2^53 they are rounded here")
    } else {
        format!("`{value}` is not a whole number, so no class")
    }
}

#[inline]
fn add_number(numbers: &mut Vec<(i64, u64)>, number: i64, rows: u64) -> Result<(), NoClass> {
    match numbers.binary_search_by_key(&number, |&(known, _)| known) {
        Ok(at) => numbers[at].1 += rows,
        Err(_) if numbers.len() == CLASSES_MAX => return Err(NoClass::TooMany),
        Err(at) => numbers.insert(at, (number, rows)),
    }
    Ok(())
}

/// The whole number that `value` is.
#[expect(
    clippy::cast_possible_truncation,
    reason = "it is whole and in range, as was just seen"
)]
fn whole(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() < WHOLE_LIMIT).then_some(value as i64)
}

/// Finds the number of a value's class.
#[derive(Clone, Debug)]
pub(in crate::stage) enum Lookup {
    /// The class of `number` is `table[number - first]`.
    Table {
        first: i64,
        table: Vec<u32>,
    },
    Whole(HashMap<i64, u32>),
    Text(HashMap<String, u32>),
}

impl Lookup {
    pub(in crate::stage) fn new(classes: &Classes) -> Self {
        let numbers = match classes {
            Classes::Text(texts) => return Self::Text(texts.iter().cloned().zip(0..).collect()),
            Classes::Whole(numbers) => numbers,
        };
        let (first, last) = (
            numbers.first().copied().unwrap_or(0),
            numbers.last().copied().unwrap_or(0),
        );
        if i128::from(last) - i128::from(first) >= TABLE_MAX {
            return Self::Whole(numbers.iter().copied().zip(0..).collect());
        }
        let class = |number| {
            numbers
                .binary_search(&number)
                .ok()
                .and_then(|at| u32::try_from(at).ok())
        };
        let table = (first..=last).map(|number| class(number).unwrap_or(NONE)).collect();
        Self::Table { first, table }
    }

    /// Puts the classes of a block's column behind `into`; `false` where a value is none, since the table has changed.
    #[must_use]
    pub(in crate::stage) fn classes(&self, column: &ArrayRef, into: &mut Vec<u32>) -> bool {
        if column.null_count() > 0 {
            return false;
        }
        match column.data_type() {
            DataType::Utf8 => {
                let mut texts = column.as_string::<i32>().iter().flatten();
                texts.all(|text| push(into, self.of_text(text)))
            }
            DataType::Int8 => self.of_numbers(column.as_primitive::<Int8Type>().values(), into),
            DataType::Int16 => self.of_numbers(column.as_primitive::<Int16Type>().values(), into),
            DataType::Int32 => self.of_numbers(column.as_primitive::<Int32Type>().values(), into),
            DataType::Int64 => self.of_numbers(column.as_primitive::<Int64Type>().values(), into),
            _ => {
                let mut values = column.as_primitive::<Float64Type>().values().iter();
                values.all(|&value| push(into, whole(value).and_then(|number| self.of_number(number))))
            }
        }
    }

    fn of_numbers<T: Copy + Into<i64>>(&self, values: &[T], into: &mut Vec<u32>) -> bool {
        into.reserve(values.len());
        values.iter().all(|&value| push(into, self.of_number(value.into())))
    }

    #[inline]
    fn of_number(&self, number: i64) -> Option<u32> {
        match self {
            Self::Table { first, table } => {
                let at = usize::try_from(number.checked_sub(*first)?).ok()?;
                table.get(at).copied().filter(|&class| class != NONE)
            }
            Self::Whole(classes) => classes.get(&number).copied(),
            Self::Text(_) => None,
        }
    }

    fn of_text(&self, text: &str) -> Option<u32> {
        match self {
            Self::Text(classes) => classes.get(text).copied(),
            Self::Table { .. } | Self::Whole(_) => None,
        }
    }
}

/// In a table: a number between two classes that is none.
const NONE: u32 = u32::MAX;

#[inline]
fn push(into: &mut Vec<u32>, class: Option<u32>) -> bool {
    into.extend(class);
    class.is_some()
}

/// The first few labels, for a message.
pub(in crate::stage) fn some_labels(labels: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = labels
        .iter()
        .take(SHOWN)
        .map(|label| format!("`{}`", crate::csv::Word::new(label)))
        .collect();
    let more = if labels.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Float64Array, Int8Array, Int64Array, StringArray};
    use std::sync::Arc;

    #[test]
    fn classes_table() {
        let int8 = |values: &[i8]| Arc::new(Int8Array::from(values.to_vec())) as ArrayRef;
        let int64 = |values: &[i64]| Arc::new(Int64Array::from(values.to_vec())) as ArrayRef;
        let float = |values: &[f64]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
        let text = |values: &[&str]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
        let whole = |numbers: &[i64]| Classes::Whole(numbers.to_vec());
        let words = |words: &[&str]| Classes::Text(words.iter().map(ToString::to_string).collect());
        for (name, column, classes, numbers) in [
            ("small numbers", int8(&[1, 0, 1]), whole(&[0, 1]), vec![1, 0, 1]),
            (
                "negative, with gaps",
                int64(&[7, -2, 3]),
                whole(&[-2, 3, 7]),
                vec![2, 0, 1],
            ),
            (
                "the ends of i64",
                int64(&[i64::MAX, i64::MIN, 0]),
                whole(&[i64::MIN, 0, i64::MAX]),
                vec![2, 0, 1],
            ),
            (
                "minus zero is zero",
                float(&[0.0, -0.0, 1.0]),
                whole(&[0, 1]),
                vec![0, 0, 1],
            ),
            (
                "numeric order, not that of texts",
                float(&[10.0, 9.0]),
                whole(&[9, 10]),
                vec![1, 0],
            ),
            (
                "texts by code point",
                text(&["é", "b", "B", "10", "9"]),
                words(&["10", "9", "B", "b", "é"]),
                vec![4, 3, 2, 0, 1],
            ),
        ] {
            let mut found = Found::nothing(column.data_type());
            found.add(&column).unwrap();
            let mut twice = found.clone();
            twice.join(found.clone()).unwrap();
            let (got, rows) = found.into_classes();
            assert_eq!(got, classes, "{name}");
            assert_eq!(rows.iter().sum::<u64>(), column.len() as u64, "{name}");
            let rows_of_two = twice.into_classes().1;
            assert_eq!(rows_of_two.iter().sum::<u64>(), 2 * column.len() as u64, "{name}");
            let mut looked_up = Vec::new();
            assert!(Lookup::new(&classes).classes(&column, &mut looked_up), "{name}");
            assert_eq!(looked_up, numbers, "{name}");
        }
    }

    #[test]
    fn what_is_no_class() {
        let fails = |values: Vec<f64>| {
            let column = Arc::new(Float64Array::from(values)) as ArrayRef;
            Found::nothing(&DataType::Float64).add(&column).unwrap_err()
        };
        assert_eq!(fails(vec![0.0, 0.5]), NoClass::NotWhole { row: 1, value: 0.5 });
        assert_eq!(fails(vec![1e300]), NoClass::NotWhole { row: 0, value: 1e300 });
        assert_eq!(fails((0..1_001).map(f64::from).collect()), NoClass::TooMany);
        for changed in [3, 1] {
            let column = Arc::new(Int8Array::from(vec![0, changed])) as ArrayRef;
            assert!(!Lookup::new(&Classes::Whole(vec![0, 2])).classes(&column, &mut Vec::new()));
        }
    }
}
