//! One column: what its cells look like.

use super::dates::is_date;
use crate::csv::CellNumber;
use crate::csv::cut_value;
use crate::csv::table::{Column, Values};
use std::collections::hash_map::{DefaultHasher, Entry};
use std::collections::{BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use trainyard_contract::dataset::ColumnDescription;

/// Different values that are kept to be shown.
const SHOWN: usize = 3;
/// Words among numbers that are kept: more are no ways to write that a number is missing.
const WORDS_KEPT: usize = 4;
/// Of so many looked-at texts of a hundred at least, the column is what they are.
const MOST: u64 = 95;
/// So many of a hundred must be numbers, where the others are a few words.
const MANY_NUMBERS: u64 = 70;

/// What stands in a column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// Its Arrow type.
    pub data_type: String,
    /// Cells without a value.
    pub missing: u64,
    /// Cells with an infinite number.
    pub infinite: u64,
    /// Cells with another value.
    pub there: u64,
    /// Cells with a value that were looked at.
    pub looked_at: u64,
    /// Different values among these.
    pub distinct: u64,
    /// All cells with a value have the same.
    pub constant: bool,
    /// The least and the greatest number among those that were looked at.
    pub range: Option<(f64, f64)>,
    /// Texts that are dates.
    pub dates: bool,
    /// The first different values, cut.
    pub examples: Vec<String>,
    /// Of a column of texts that are mostly numbers: the others, if they are few.
    pub words_among_numbers: Option<Vec<String>>,
    /// Whether in all rows that were looked at the value says what the target is: none of the values goes with two classes.
    pub says_target: bool,
}

impl ColumnProfile {
    /// Whether it holds texts.
    pub fn is_text(&self) -> bool {
        self.data_type == "Utf8"
    }

    /// Whether it holds whole numbers.
    pub fn is_whole(&self) -> bool {
        self.data_type.starts_with("Int")
    }

    /// Whether all cells that have a value were looked at.
    pub fn all_looked_at(&self) -> bool {
        self.looked_at == self.there
    }

    /// Whether each value stands in one row only.
    pub fn all_different(&self) -> bool {
        self.distinct == self.looked_at
    }
}

/// What was seen so far.
#[derive(Default)]
pub(super) struct ColumnSummary {
    looked_at: u64,
    /// The different values, each with the class of the first row that has both.
    distinct: HashMap<Value, Option<ClassMark>>,
    /// A value goes with two classes.
    conflicts: bool,
    /// The first value, and whether another was met.
    first: Option<Value>,
    varies: bool,
    range: Option<(f64, f64)>,
    texts: u64,
    dates: u64,
    numbers: u64,
    words: BTreeSet<String>,
    examples: Vec<String>,
}

/// Stands for a class of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClassMark(u64);

/// The classes of every `step`th row of the target; none where it is missing.
pub(super) fn class_marks(target: &Column, rows: usize, step: usize) -> Vec<Option<ClassMark>> {
    let mark = |row| {
        let mut hasher = DefaultHasher::new();
        value_at(target, row).hash(&mut hasher);
        ClassMark(hasher.finish())
    };
    let rows = (0..rows).step_by(step);
    rows.map(|row| has_value(target, row).then(|| mark(row))).collect()
}

/// A value. The same number is one value, whether it was read as a number or as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Value {
    Whole(i64),
    Float(u64),
    /// The text, or what it hashes to where it is long.
    Text(Box<[u8]>),
}

/// Longer texts are told apart by their beginning and their length.
const TEXT_MAX: usize = 64;

impl ColumnSummary {
    /// Looks at every `step`th row of a block. `classes` are those of these rows, where there is a target.
    pub(super) fn look_at(&mut self, column: &Column, rows: usize, step: usize, classes: &[Option<ClassMark>]) {
        if !self.varies {
            self.compare_all(column, rows);
        }
        for (place, row) in (0..rows).step_by(step).enumerate() {
            if has_value(column, row) {
                self.look_at_cell(column, row, classes.get(place).copied().flatten());
            }
        }
    }

    /// Whether all cells with a value have the same.
    fn compare_all(&mut self, column: &Column, rows: usize) {
        let mut nulls = column.nulls.iter().map(|&row| row as usize).peekable();
        for row in 0..rows {
            if nulls.next_if_eq(&row).is_some() {
                continue;
            }
            let value = value_at(column, row);
            match &self.first {
                None => self.first = Some(value),
                Some(first) if *first == value => {}
                Some(_) => {
                    self.varies = true;
                    return;
                }
            }
        }
    }

    fn look_at_cell(&mut self, column: &Column, row: usize, class: Option<ClassMark>) {
        self.looked_at += 1;
        let number = match &column.values {
            Values::Whole(values) => Some(values[row] as f64),
            Values::Float(values) => Some(values[row]),
            Values::Text(values) => self.look_at_text(values.of(row)),
        };
        if let Some(number) = number {
            let (least, most) = self.range.unwrap_or((number, number));
            self.range = Some((least.min(number), most.max(number)));
        }
        let value = value_at(column, row);
        match self.distinct.entry(value) {
            Entry::Vacant(new) => {
                new.insert(class);
                if self.examples.len() < SHOWN {
                    self.examples.push(shown(column, row));
                }
            }
            Entry::Occupied(mut known) => {
                let first = known.get_mut();
                self.conflicts |= matches!((*first, class), (Some(first), Some(class)) if first != class);
                *first = first.or(class);
            }
        }
    }

    fn look_at_text(&mut self, text: &[u8]) -> Option<f64> {
        self.texts += 1;
        let words = String::from_utf8_lossy(text);
        match CellNumber::parse(text) {
            CellNumber::Whole(number) => {
                self.numbers += 1;
                return Some(number as f64);
            }
            CellNumber::Float(number) => {
                self.numbers += 1;
                return Some(number);
            }
            CellNumber::Blank | CellNumber::NotFinite | CellNumber::NotANumber => {}
        }
        if self.words.len() < WORDS_KEPT {
            self.words.insert(cut_value(&words));
        }
        self.dates += u64::from(is_date(&words));
        None
    }

    pub(super) fn finish(self, column: &ColumnDescription, missing: u64, infinite: u64, rows: u64) -> ColumnProfile {
        let is_text = column.data_type == "Utf8";
        let there = rows.saturating_sub(missing + infinite);
        let mostly_numbers = is_text && self.numbers * 100 >= self.texts * MANY_NUMBERS && self.numbers < self.texts;
        let has_classes = self.distinct.values().any(Option::is_some);
        ColumnProfile {
            name: column.name.clone(),
            data_type: column.data_type.clone(),
            missing,
            infinite,
            there,
            looked_at: self.looked_at,
            distinct: self.distinct.len() as u64,
            constant: !self.varies,
            range: self.range.filter(|_| !is_text),
            dates: is_text && self.dates > 0 && self.dates * 100 >= self.looked_at * MOST,
            examples: self.examples,
            words_among_numbers: mostly_numbers.then(|| self.words.into_iter().collect()),
            says_target: has_classes && !self.conflicts,
        }
    }
}

fn has_value(column: &Column, row: usize) -> bool {
    let place = column.nulls.binary_search_by(|&null| (null as usize).cmp(&row));
    place.is_err()
}

fn value_at(column: &Column, row: usize) -> Value {
    match &column.values {
        Values::Whole(values) => Value::Whole(values[row]),
        Values::Float(values) => of_float(values[row]),
        Values::Text(values) => match CellNumber::parse(values.of(row)) {
            CellNumber::Whole(number) => Value::Whole(number),
            CellNumber::Float(number) => of_float(number),
            CellNumber::Blank | CellNumber::NotFinite | CellNumber::NotANumber => of_text(values.of(row)),
        },
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a whole number that an i64 holds")]
fn of_float(number: f64) -> Value {
    /// Every whole float64 up to here is one whole number.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        Value::Whole(number as i64)
    } else {
        Value::Float(number.to_bits())
    }
}

fn of_text(text: &[u8]) -> Value {
    if text.len() <= TEXT_MAX {
        return Value::Text(text.into());
    }
    let mut cut = text[..TEXT_MAX].to_vec();
    cut.extend_from_slice(&text.len().to_le_bytes());
    cut.extend_from_slice(&text[text.len() - 8..]);
    Value::Text(cut.into())
}

fn shown(column: &Column, row: usize) -> String {
    match &column.values {
        Values::Whole(values) => values[row].to_string(),
        Values::Float(values) => format!("{:?}", values[row]),
        Values::Text(values) => cut_value(&String::from_utf8_lossy(values.of(row))),
    }
}
