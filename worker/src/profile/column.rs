//! One column: what its cells look like.

use super::dates::is_date;
use crate::csv::CellNumber;
use crate::csv::cut_value;
use crate::csv::table::{Column, Values};
use crate::stage::train::is_held_out;
use std::collections::{BTreeSet, HashMap};
use std::iter::Peekable;
use trainyard_contract::dataset::ColumnDescription;

/// So many rows with a value and as many without one must be there before that says something.
const ROWS_TO_SAY: u64 = 10;
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
    /// Cells with another value, in rows whose class is known.
    pub there: u64,
    /// How many of them were looked at.
    pub looked_at: u64,
    /// Different values among these.
    pub distinct: u64,
    /// All of these cells have the same value.
    pub constant: bool,
    /// The least and the greatest number among those that were looked at.
    pub range: Option<(f64, f64)>,
    /// What its texts are.
    pub texts: Texts,
    /// The first different values, cut.
    pub examples: Vec<String>,
    /// Of a column of texts that are mostly numbers: the others, if they are few.
    pub words_among_numbers: Option<Vec<String>>,
    /// Whether the column says the class.
    pub says_target: SaysTarget,
    /// What a split by its values would hold out, where they may be keys.
    pub key_split: Option<KeySplit>,
}

/// What the texts of a column are, most of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Texts {
    /// Whatever texts are.
    #[default]
    Words,
    /// Dates, with or without a time.
    Dates,
    /// Numbers with a comma or a unit: `1,5`, `12 %`, `$3`.
    OtherNumbers,
}

/// How a column says the class in the rows that were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SaysTarget {
    /// It does not.
    #[default]
    No,
    /// None of its values, of which there are several, goes with two classes.
    ByValue,
    /// Its cells have a value in rows of one class, and none in rows of another one.
    ByPresence,
}

/// A split of the rows that were looked at by a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySplit {
    /// Rows that would be held out.
    pub held_out: u64,
    /// Every class has a row that would not be.
    pub every_class_is_kept: bool,
    /// Several classes have rows that would be.
    pub several_classes_are_held_out: bool,
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
    there: u64,
    looked_at: u64,
    distinct: HashMap<Value, Seen>,
    /// Classes of rows in which there is a value, and of those in which there is none.
    present: ClassSet,
    absent: ClassSet,
    absent_rows: u64,
    /// The first value, and whether another was met.
    first: Option<Value>,
    varies: bool,
    range: Option<(f64, f64)>,
    texts: u64,
    dates: u64,
    numbers: u64,
    other_numbers: u64,
    words: BTreeSet<String>,
    examples: Vec<String>,
}

/// How often a value was looked at, and with which classes.
#[derive(Clone, Copy, Default)]
struct Seen {
    rows: u64,
    classes: ClassSet,
}

/// Classes as bits; all from the 64th on share the last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ClassSet(u64);

impl ClassSet {
    /// The set of the class that was met as the `number`th one.
    pub(super) fn of(number: usize) -> Self {
        Self(1 << number.min(63))
    }

    fn join(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn count(self) -> u32 {
        self.0.count_ones()
    }

    fn is_apart_from(self, other: Self) -> bool {
        self.0 & other.0 == 0
    }
}

/// The classes of the target in the order in which they were met.
#[derive(Default)]
pub(super) struct ClassNumbers(HashMap<Value, usize>);

impl ClassNumbers {
    /// The classes of every `step`th row of the target.
    pub(super) fn of_rows(&mut self, target: &Column, rows: usize, step: usize) -> Vec<Option<ClassSet>> {
        let rows = (0..rows).step_by(step);
        rows.map(|row| has_value(target, row).then(|| self.of(value_at(target, row))))
            .collect()
    }

    fn of(&mut self, class: Value) -> ClassSet {
        let next = self.0.len();
        // A measurement has more classes than anybody looks at.
        let number = if next < 64 {
            *self.0.entry(class).or_insert(next)
        } else {
            self.0.get(&class).copied().unwrap_or(next)
        };
        ClassSet::of(number)
    }
}

/// The rows of a block that are looked at.
pub(super) struct LookedAt<'a> {
    pub(super) rows: usize,
    /// Every how many-th row.
    pub(super) step: usize,
    /// The class of each of them; `None` without a target. A row without a class does not count.
    pub(super) classes: Option<Vec<Option<ClassSet>>>,
    /// All rows of the block without a class.
    pub(super) without_class: &'a [u32],
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

/// The share of the keys that a split by a key would hold out.
pub const HOLDOUT_SHARE: f64 = 0.2;

impl ColumnSummary {
    pub(super) fn look_at(&mut self, column: &Column, block: &LookedAt<'_>) {
        self.there += (block.rows - joined_len(&column.nulls, block.without_class)) as u64;
        if !self.varies {
            self.compare_all(column, block);
        }
        for (place, row) in (0..block.rows).step_by(block.step).enumerate() {
            let class = match &block.classes {
                None => ClassSet::default(),
                Some(classes) => match classes[place] {
                    Some(class) => class,
                    None => continue,
                },
            };
            if has_value(column, row) {
                self.look_at_cell(column, row, class);
            } else {
                self.absent = self.absent.join(class);
                self.absent_rows += 1;
            }
        }
        // A word among numbers may stand anywhere.
        if let Values::Text(values) = &column.values
            && block.step > 1
            && self.words.is_empty()
        {
            let rows = (0..block.rows).filter(|&row| has_value(column, row));
            let is_word = |text: &&[u8]| matches!(CellNumber::parse(text), CellNumber::NotANumber);
            let words = rows.map(|row| values.of(row)).filter(is_word).take(WORDS_KEPT);
            self.words
                .extend(words.map(|text| cut_value(&String::from_utf8_lossy(text))));
        }
    }

    /// Whether all cells with a value have the same.
    fn compare_all(&mut self, column: &Column, block: &LookedAt<'_>) {
        let (mut nulls, mut without_class) = (as_rows(&column.nulls), as_rows(block.without_class));
        for row in 0..block.rows {
            let is_missing = nulls.next_if_eq(&row).is_some();
            let has_no_class = without_class.next_if_eq(&row).is_some();
            if is_missing || has_no_class {
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

    fn look_at_cell(&mut self, column: &Column, row: usize, class: ClassSet) {
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
        if self.examples.len() < SHOWN && !self.distinct.contains_key(&value) {
            self.examples.push(shown(column, row));
        }
        let seen = self.distinct.entry(value).or_default();
        seen.rows += 1;
        seen.classes = seen.classes.join(class);
        self.present = self.present.join(class);
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
        self.other_numbers += u64::from(is_other_number(&words));
        None
    }

    pub(super) fn finish(self, column: &ColumnDescription, missing: u64, infinite: u64) -> ColumnProfile {
        let is_text = column.data_type == "Utf8";
        let mostly_numbers = is_text && self.numbers * 100 >= self.texts * MANY_NUMBERS && !self.words.is_empty();
        ColumnProfile {
            name: column.name.clone(),
            data_type: column.data_type.clone(),
            missing,
            infinite,
            there: self.there,
            looked_at: self.looked_at,
            distinct: self.distinct.len() as u64,
            constant: !self.varies,
            range: self.range.filter(|_| !is_text),
            texts: if is_text { self.kind_of_texts() } else { Texts::Words },
            says_target: self.says_target(),
            key_split: self.key_split(),
            examples: self.examples,
            words_among_numbers: mostly_numbers.then(|| self.words.into_iter().collect()),
        }
    }

    fn kind_of_texts(&self) -> Texts {
        let most = |cells: u64| cells * 100 >= self.looked_at * MOST;
        if self.dates > 0 && most(self.dates) {
            Texts::Dates
        } else if self.other_numbers > 0 && most(self.other_numbers + self.numbers) {
            Texts::OtherNumbers
        } else {
            Texts::Words
        }
    }

    fn says_target(&self) -> SaysTarget {
        let is_one = |classes: ClassSet| classes.count() == 1;
        let enough = self.looked_at >= ROWS_TO_SAY && self.absent_rows >= ROWS_TO_SAY;
        if enough && is_one(self.present) && is_one(self.absent) && self.present.is_apart_from(self.absent) {
            SaysTarget::ByPresence
        } else if self.present.count() > 1 && self.distinct.values().all(|seen| is_one(seen.classes)) {
            SaysTarget::ByValue
        } else {
            SaysTarget::No
        }
    }

    /// Looks at values that repeat, and are whole numbers or texts.
    fn key_split(&self) -> Option<KeySplit> {
        if self.looked_at == self.distinct.len() as u64 {
            return None;
        }
        let (mut kept, mut held_out, mut rows) = (ClassSet::default(), ClassSet::default(), 0);
        for (value, seen) in &self.distinct {
            let is_held_out = match value {
                Value::Whole(number) => is_held_out(number.to_string().as_bytes(), HOLDOUT_SHARE),
                Value::Text(text) => is_held_out(text, HOLDOUT_SHARE),
                Value::Float(_) => return None,
            };
            if is_held_out {
                held_out = held_out.join(seen.classes);
                rows += seen.rows;
            } else {
                kept = kept.join(seen.classes);
            }
        }
        Some(KeySplit {
            held_out: rows,
            every_class_is_kept: kept == self.present,
            several_classes_are_held_out: held_out.count() > 1,
        })
    }
}

fn as_rows(rows: &[u32]) -> Peekable<impl Iterator<Item = usize>> {
    rows.iter().map(|&row| row as usize).peekable()
}

/// How many rows are in one of two sorted lists at least.
fn joined_len(left: &[u32], right: &[u32]) -> usize {
    let both = left.iter().filter(|row| right.binary_search(row).is_ok()).count();
    left.len() + right.len() - both
}

/// Whether a text is a number with a comma or a unit.
fn is_other_number(text: &str) -> bool {
    let bare = text.trim_matches(|c: char| matches!(c, '$' | '€' | '£' | '%') || c.is_whitespace());
    let is_number = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
            && matches!(
                CellNumber::parse(text.as_bytes()),
                CellNumber::Whole(_) | CellNumber::Float(_)
            )
    };
    let ways = [
        bare.to_owned(),
        bare.replace(',', "."),
        bare.replace(',', ""),
        bare.replace('.', "").replace(',', "."),
    ];
    (bare != text.trim() || bare.contains(',')) && ways.iter().any(|way| is_number(way))
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
