//! One block of records, read into columns.
//!
//! In: a [`Block`], how each column is to be read. Out: columns of equal length, and the records that do not fit into a
//! table. This is where the time goes, so it runs on all threads, and the memory of a table is used again.

use super::blocks::Block;
use super::cell::{Cell, CellEnd, after_blank_line, cell};
use super::column::{Column, Place};
use super::column_type::ReadAs;
use super::fault::RecordFault;
use super::header::Header;
use super::line_runs::LineRuns;
use super::null_words::NullWords;
use super::number::few_digits;
use super::options::{CsvOptions, Dialect};
use super::word::Word;

/// What all blocks of a file share.
pub(crate) struct Rules<'a> {
    pub(crate) header: &'a Header,
    dialect: Dialect,
    null_words: &'a NullWords,
    /// Cells of digits only are numbers, whatever the null words and the dialect.
    digits_are_numbers: bool,
}

impl<'a> Rules<'a> {
    pub(crate) fn new(header: &'a Header, options: &'a CsvOptions) -> Self {
        let dialect = options.dialect;
        Self {
            header,
            dialect,
            null_words: &options.null_words,
            digits_are_numbers: !options.null_words.any_is_digits()
                && !dialect.delimiter.is_ascii_digit()
                && !dialect.quote.is_ascii_digit(),
        }
    }
}

/// The table of one block.
pub(crate) struct BlockTable {
    /// The block's number.
    pub(crate) number: u64,
    pub(crate) rows: u32,
    pub(crate) columns: Vec<Column>,
    pub(crate) faults: RecordFaults,
    /// On which lines the rows stand.
    pub(crate) lines: LineRuns,
    scratch: Vec<u8>,
}

/// Records that do not fit into a table: the first, and how many there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RecordFaults {
    pub(crate) first: Option<(u64, RecordFault)>,
    pub(crate) count: u64,
}

impl RecordFaults {
    /// Notes a fault of the record that starts at `line`.
    pub(crate) fn add(&mut self, line: u64, fault: RecordFault) {
        self.count += 1;
        if self.first.as_ref().is_none_or(|(first, _)| line < *first) {
            self.first = Some((line, fault));
        }
    }

    /// Takes over the faults of another part of the file.
    pub(crate) fn join(&mut self, other: &Self) {
        if let Some((line, fault)) = &other.first {
            self.add(*line, fault.clone());
            self.count += other.count - 1;
        }
    }
}

impl BlockTable {
    pub(crate) fn new(header: &Header) -> Self {
        Self {
            number: 0,
            rows: 0,
            columns: header.kinds.iter().copied().map(Column::new).collect(),
            faults: RecordFaults::default(),
            lines: LineRuns::default(),
            scratch: Vec::new(),
        }
    }

    /// Columns of `rows` rows each that were read elsewhere, from row `first_row` of a file on that has no lines.
    pub(crate) fn of_columns(number: u64, (first_row, rows): (u64, u32), columns: Vec<Column>) -> Self {
        Self {
            number,
            rows,
            columns,
            faults: RecordFaults::default(),
            lines: LineRuns::consecutive(first_row + 1, rows),
            scratch: Vec::new(),
        }
    }

    /// Reads `block`. Columns that turn out to be text although `read_as` says otherwise are read as text.
    pub(crate) fn read(&mut self, block: &Block, rules: &Rules, read_as: &[ReadAs]) {
        self.number = block.number;
        self.begin(read_as.iter().copied());
        self.read_records(block, rules);
        if self.columns.iter().any(|column| column.needs_text) {
            let again: Vec<ReadAs> = self
                .columns
                .iter()
                .zip(read_as)
                .map(|(column, &read_as)| if column.needs_text { ReadAs::Text } else { read_as })
                .collect();
            self.begin(again.into_iter());
            self.read_records(block, rules);
        }
        if std::str::from_utf8(block.bytes()).is_err() {
            self.note_not_utf8(block, rules);
        }
    }

    fn begin(&mut self, read_as: impl Iterator<Item = ReadAs>) {
        self.rows = 0;
        self.faults = RecordFaults::default();
        self.lines.clear();
        for (column, read_as) in self.columns.iter_mut().zip(read_as) {
            column.begin(read_as);
        }
    }

    fn read_records(&mut self, block: &Block, rules: &Rules) {
        let bytes = block.bytes();
        let mut line = block.first_line;
        let mut at = 0;
        while at < bytes.len() {
            if let Some(next) = after_blank_line(bytes, at, rules.dialect) {
                at = next;
                line += 1;
            } else {
                let lines;
                (at, lines) = self.read_record(bytes, at, line, rules);
                line += lines;
            }
        }
    }

    /// Reads the record at `start`; says where the next one starts and how many lines this one has.
    #[inline]
    fn read_record(&mut self, bytes: &[u8], start: usize, line: u64, rules: &Rules) -> (usize, u64) {
        let place = Place {
            line: Some(line),
            row: self.rows,
        };
        let last = self.columns.len() - 1;
        let mut at = start;
        let mut lines = 1;
        for (index, column) in self.columns.iter_mut().enumerate() {
            if rules.digits_are_numbers
                && !column.is_text()
                && let Some((value, length)) = few_digits(bytes, at)
                && let Some(next) = small_cell_end(bytes, at + length, index == last, rules.dialect)
            {
                column.push_small(value);
                at = next;
                continue;
            }
            let found = cell(bytes, at, rules.dialect, &mut self.scratch);
            column.push(found.content, place, rules.null_words);
            lines += found.lines;
            at = found.next;
            let fits = (found.end == CellEnd::Record) == (index == last);
            if !fits {
                let end = found.end;
                return self.leave_record(bytes, (at, lines), (index + 1, end), line, rules);
            }
        }
        self.lines.push(self.rows, line);
        self.rows += 1;
        (at, lines)
    }

    /// Goes to the end of a record with too few or too many fields, and takes back what it added.
    #[cold]
    fn leave_record(
        &mut self,
        bytes: &[u8],
        (mut at, mut lines): (usize, u64),
        (mut found, mut end): (usize, CellEnd),
        line: u64,
        rules: &Rules,
    ) -> (usize, u64) {
        while end == CellEnd::Delimiter {
            let extra: Cell = cell(bytes, at, rules.dialect, &mut self.scratch);
            found += 1;
            (at, end) = (extra.next, extra.end);
            lines += extra.lines;
        }
        for column in &mut self.columns {
            column.truncate(self.rows);
        }
        self.faults.add(line, rules.header.fields_fault(found));
        (at, lines)
    }

    /// Finds the records of a block that are not UTF-8.
    #[cold]
    fn note_not_utf8(&mut self, block: &Block, rules: &Rules) {
        let bytes = block.bytes();
        let (mut at, mut line) = (0, block.first_line);
        while at < bytes.len() {
            if let Some(next) = after_blank_line(bytes, at, rules.dialect) {
                (at, line) = (next, line + 1);
                continue;
            }
            let (mut index, mut lines, mut fault) = (0, 1, None);
            loop {
                let found = cell(bytes, at, rules.dialect, &mut self.scratch);
                if let Err(error) = std::str::from_utf8(found.content)
                    && fault.is_none()
                {
                    fault = Some(RecordFault::NotUtf8 {
                        byte: found.content[error.valid_up_to()],
                        column: rules.header.names.get(index).map(|name| Word::new(name)),
                    });
                }
                at = found.next;
                lines += found.lines;
                index += 1;
                if found.end == CellEnd::Record {
                    break;
                }
            }
            if let Some(fault) = fault {
                self.faults.add(line, fault);
            }
            line += lines;
        }
    }
}

/// Where the next cell or record starts if the cell ends at `at` in the way that its place in the record demands.
#[inline]
fn small_cell_end(bytes: &[u8], at: usize, is_last: bool, dialect: Dialect) -> Option<usize> {
    let end = *bytes.get(at)?;
    if !is_last {
        (end == dialect.delimiter).then_some(at + 1)
    } else if end == b'\n' {
        Some(at + 1)
    } else {
        (end == b'\r' && bytes.get(at + 1) == Some(&b'\n')).then_some(at + 2)
    }
}
