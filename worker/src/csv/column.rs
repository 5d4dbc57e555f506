//! The cells of one column in one block, as they are read.
//!
//! In: cells, in order. Out: whole numbers, floats or text, which rows are missing, and the faults. A column that is to be
//! inferred begins as whole numbers and turns to floats by itself when it meets one; text it cannot turn to, since the cells
//! before are numbers already (`007` would be `7`): then the block has to be read again with the column as text.
//!
//! Not here: the type of the whole column (`column_type.rs`).

use super::column_type::{ReadAs, Seen};
use super::header::ColumnKind;
use super::null_words::NullWords;
use super::number::CellNumber;
use super::word::cut_value;
use trainyard_contract::dataset::{CellExample, CellFaultKind, CellFaults, EXAMPLES_MAX};
use trainyard_contract::stage::ColumnType;

/// Every whole float64 up to here is one whole number and not several rounded to one.
const EXACT_WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// One column of a block.
pub(crate) struct Column {
    kind: ColumnKind,
    pub(crate) values: Values,
    /// The rows that are missing, ascending; their values are 0 or empty.
    pub(crate) nulls: Vec<u32>,
    /// The faults; rows count from the block's first.
    pub(crate) faults: Vec<CellFaults>,
    /// All bits that the whole numbers need, besides the sign.
    bits: u64,
    /// A column that is to be inferred holds text, but was not read as text.
    pub(crate) needs_text: bool,
}

/// The values of a column of a block.
pub(crate) enum Values {
    Whole(Vec<i64>),
    Float(Vec<f64>),
    Text(TextValues),
}

/// Texts, one after another.
#[derive(Default)]
pub(crate) struct TextValues {
    pub(crate) bytes: Vec<u8>,
    /// Where each ends.
    pub(crate) ends: Vec<usize>,
}

impl TextValues {
    /// The text of a row.
    pub(crate) fn of(&self, row: usize) -> &[u8] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[row]]
    }
}

/// Where a cell stands.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Physical line where its record starts, where the file has lines.
    pub(crate) line: Option<u64>,
    /// Row, from the block's first.
    pub(crate) row: u32,
}

impl Column {
    pub(crate) fn new(kind: ColumnKind) -> Self {
        Self {
            kind,
            values: Values::Whole(Vec::new()),
            nulls: Vec::new(),
            faults: Vec::new(),
            bits: 0,
            needs_text: false,
        }
    }

    /// Empties the column and makes it ready to be read so.
    pub(crate) fn begin(&mut self, read_as: ReadAs) {
        match (&mut self.values, read_as) {
            (Values::Whole(values), ReadAs::Whole) => values.clear(),
            (Values::Float(values), ReadAs::Float) => values.clear(),
            (Values::Text(values), ReadAs::Text) => {
                values.bytes.clear();
                values.ends.clear();
            }
            (values, ReadAs::Whole) => *values = Values::Whole(Vec::new()),
            (values, ReadAs::Float) => *values = Values::Float(Vec::new()),
            (values, ReadAs::Text) => *values = Values::Text(TextValues::default()),
        }
        self.nulls.clear();
        self.faults.clear();
        self.bits = 0;
        self.needs_text = false;
    }

    /// What the cells of this block say about the column's type.
    pub(crate) fn seen(&self) -> Seen {
        match &self.values {
            Values::Whole(values) => Seen {
                bits: self.bits,
                whole: values.len() > self.nulls.len(),
                ..Seen::default()
            },
            Values::Float(_) => Seen {
                float: true,
                ..Seen::default()
            },
            Values::Text(_) => Seen {
                text: true,
                ..Seen::default()
            },
        }
    }

    /// Whether the cells are read as text.
    #[inline]
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.values, Values::Text(_))
    }

    /// Adds a small whole number that is known not to be a null word. Not for a column that is read as text.
    #[inline]
    pub(crate) fn push_small(&mut self, value: u32) {
        match &mut self.values {
            Values::Whole(values) => {
                values.push(i64::from(value));
                self.bits |= u64::from(value);
            }
            Values::Float(values) => values.push(f64::from(value)),
            Values::Text(_) => {}
        }
    }

    /// Adds a cell.
    pub(crate) fn push(&mut self, cell: &[u8], place: Place, null_words: &NullWords) {
        if null_words.contains(cell) {
            return self.push_fault(CellFaultKind::Null, cell, place);
        }
        if self.is_text() {
            return self.push_text(cell);
        }
        match CellNumber::parse(cell) {
            CellNumber::Whole(value) => self.push_whole(value),
            CellNumber::Float(value) => self.push_float(value, cell, place),
            CellNumber::Blank => self.push_fault(CellFaultKind::Null, cell, place),
            CellNumber::NotFinite => {
                if self.kind != ColumnKind::Declared(ColumnType::Integer) {
                    self.turn_to_floats();
                }
                self.push_fault(CellFaultKind::NotFinite, cell, place);
            }
            CellNumber::NotANumber if self.kind == ColumnKind::Inferred => self.needs_text = true,
            CellNumber::NotANumber => self.push_fault(CellFaultKind::NotANumber, cell, place),
        }
    }

    /// Adds a text as it is. Only for a column that is read as text.
    pub(crate) fn push_text(&mut self, text: &[u8]) {
        if let Values::Text(values) = &mut self.values {
            values.bytes.extend_from_slice(text);
            values.ends.push(values.bytes.len());
        }
    }

    /// Adds whole numbers. Not for a column that is read as text.
    pub(crate) fn extend_whole(&mut self, added: impl Iterator<Item = i64>) {
        match &mut self.values {
            Values::Whole(values) => {
                let from = values.len();
                values.extend(added);
                self.bits |= values[from..]
                    .iter()
                    .fold(0, |bits, &value| bits | Seen::bits_of(value));
            }
            Values::Float(values) => values.extend(added.map(|value| value as f64)),
            Values::Text(_) => {}
        }
    }

    /// Adds finite numbers. Only for a column that was turned to floats.
    pub(crate) fn extend_floats(&mut self, added: &[f64]) {
        if let Values::Float(values) = &mut self.values {
            values.extend_from_slice(added);
        }
    }

    /// Adds a finite number, and turns the column to floats. Not for one that is read as text.
    pub(crate) fn push_finite(&mut self, value: f64) {
        self.turn_to_floats();
        if let Values::Float(values) = &mut self.values {
            values.push(value);
        }
    }

    /// Adds a whole number. Not for a column that is read as text.
    pub(crate) fn push_whole(&mut self, value: i64) {
        match &mut self.values {
            Values::Whole(values) => {
                values.push(value);
                self.bits |= Seen::bits_of(value);
            }
            Values::Float(values) => values.push(value as f64),
            Values::Text(_) => {}
        }
    }

    fn push_float(&mut self, value: f64, cell: &[u8], place: Place) {
        if self.kind == ColumnKind::Declared(ColumnType::Integer) {
            if value.fract() == 0.0 && value.abs() <= EXACT_WHOLE_MAX {
                #[expect(clippy::cast_possible_truncation, reason = "a whole number of at most 2^53")]
                self.push_whole(value as i64);
            } else {
                self.push_fault(CellFaultKind::NotAnInteger, cell, place);
            }
            return;
        }
        self.push_finite(value);
    }

    /// Turns whole numbers to floats.
    pub(crate) fn turn_to_floats(&mut self) {
        if let Values::Whole(values) = &self.values {
            // Rounds to the nearest, ties to even, as reading the text as a float does.
            self.values = Values::Float(values.iter().map(|&value| value as f64).collect());
        }
    }

    /// Adds a missing value and says why it is missing.
    pub(crate) fn push_fault(&mut self, kind: CellFaultKind, cell: &[u8], place: Place) {
        self.nulls.push(place.row);
        match &mut self.values {
            Values::Whole(values) => values.push(0),
            Values::Float(values) => values.push(0.0),
            Values::Text(values) => values.ends.push(values.bytes.len()),
        }
        let at = self
            .faults
            .iter()
            .position(|faults| faults.kind == kind)
            .unwrap_or_else(|| {
                let (count, examples) = (0, Vec::new());
                self.faults.push(CellFaults { kind, count, examples });
                self.faults.len() - 1
            });
        let faults = &mut self.faults[at];
        faults.count += 1;
        if faults.examples.len() < EXAMPLES_MAX {
            faults.examples.push(CellExample {
                line: place.line,
                row: u64::from(place.row),
                value: cut_value(&String::from_utf8_lossy(cell)),
            });
        }
    }

    /// Takes back what a record added that turned out not to fit.
    pub(crate) fn truncate(&mut self, rows: u32) {
        let length = rows as usize;
        match &mut self.values {
            Values::Whole(values) => values.truncate(length),
            Values::Float(values) => values.truncate(length),
            Values::Text(values) => {
                values.ends.truncate(length);
                values.bytes.truncate(values.ends.last().copied().unwrap_or(0));
            }
        }
        while self.nulls.last().is_some_and(|&row| row >= rows) {
            self.nulls.pop();
        }
    }
}
