//! The categories of a column: all numbers, or all texts; sorted, none twice.
//!
//! In a file they are a plain JSON array. As scikit-learn has them: numbers by value, texts by code point.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The categories of a column in their order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Categories {
    /// Numbers, by value.
    Numbers(Vec<f64>),
    /// Texts, by code point.
    Texts(Vec<String>),
}

impl Categories {
    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// Each as people write it.
    pub fn labels(&self) -> Vec<String> {
        match self {
            Self::Numbers(numbers) => numbers.iter().map(|&number| label(number)).collect(),
            Self::Texts(texts) => texts.clone(),
        }
    }

    /// Whether they are finite, stand in order, and none stands twice.
    pub fn are_sorted(&self) -> bool {
        match self {
            Self::Numbers(numbers) => {
                numbers.iter().all(|number| number.is_finite()) && numbers.is_sorted_by(|left, right| left < right)
            }
            Self::Texts(texts) => texts.is_sorted_by(|left, right| left < right),
        }
    }
}

/// A whole number without a point, else the shortest text that reads back.
pub fn label(number: f64) -> String {
    format!("{number}")
}

/// The place of each category, for looking up cells.
#[derive(Clone, Debug)]
pub(super) enum Places {
    Numbers(Vec<f64>),
    Texts(HashMap<String, usize>),
}

/// A column that is no number where the categories are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextForNumbers;

impl Places {
    pub(super) fn new(categories: &Categories) -> Self {
        match categories {
            Categories::Numbers(numbers) => Self::Numbers(numbers.clone()),
            Categories::Texts(texts) => Self::Texts(texts.iter().cloned().zip(0..).collect()),
        }
    }

    pub(super) fn of_number(&self, number: f64) -> Option<usize> {
        match self {
            Self::Numbers(numbers) => numbers.binary_search_by(|known| known.total_cmp(&(number + 0.0))).ok(),
            Self::Texts(texts) => texts.get(&label(number)).copied(),
        }
    }

    pub(super) fn of_text(&self, text: &str) -> Option<usize> {
        match self {
            Self::Numbers(_) => None,
            Self::Texts(texts) => texts.get(text).copied(),
        }
    }

    /// Calls `found` with the row and the category of each cell that is there, in the order of the rows.
    pub(super) fn look_up(
        &self,
        column: &ArrayRef,
        numbers: &mut Vec<f64>,
        mut found: impl FnMut(usize, Option<usize>),
    ) -> Result<(), TextForNumbers> {
        if *column.data_type() == DataType::Utf8 {
            if matches!(self, Self::Numbers(_)) {
                return Err(TextForNumbers);
            }
            let texts = column.as_string::<i32>();
            let mut memo = Memo::default();
            for row in 0..texts.len() {
                if texts.is_valid(row) {
                    let text = texts.value(row);
                    found(row, memo.get(text, |text| self.of_text(text)));
                }
            }
        } else {
            if !crate::dataset::read_numbers(column, numbers) {
                return Err(TextForNumbers);
            }
            for (row, &number) in numbers.iter().enumerate() {
                if column.is_valid(row) {
                    found(row, self.of_number(number));
                }
            }
        }
        Ok(())
    }
}

/// Remembers what short texts came to: a column of categories has the same few again and again.
pub(super) struct Memo<'a, T> {
    slots: Vec<Option<(&'a str, T)>>,
}

/// A power of two: some hundred categories rarely share a slot.
const MEMO_SLOTS: usize = 1 << 10;

impl<T> Default for Memo<'_, T> {
    fn default() -> Self {
        Self {
            slots: std::iter::repeat_with(|| None).take(MEMO_SLOTS).collect(),
        }
    }
}

impl<'a, T: Copy> Memo<'a, T> {
    /// What `find` says of `text`, or said before.
    pub(super) fn get(&mut self, text: &'a str, find: impl FnOnce(&'a str) -> T) -> T {
        let slot = &mut self.slots[slot_of(text)];
        match slot {
            Some((known, value)) if *known == text => *value,
            _ => {
                let value = find(text);
                *slot = Some((text, value));
                value
            }
        }
    }
}

/// From the length and the first and last bytes: cheap, and different for texts that differ there.
fn slot_of(text: &str) -> usize {
    let bytes = text.as_bytes();
    let word = |part: &[u8]| part.iter().fold(0_u64, |word, &byte| word << 8 | u64::from(byte));
    let first = word(&bytes[..bytes.len().min(8)]);
    let last = word(&bytes[bytes.len().saturating_sub(8)..]);
    let mixed = (first ^ last.rotate_left(29) ^ bytes.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 54) as usize
}
