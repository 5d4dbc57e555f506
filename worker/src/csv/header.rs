//! The names of a CSV table's columns, and how the cells of each are read.
//!
//! In: the first record, or the names that the manifest declares. Out: [`Header`]. A name stands as it is written; columns
//! without a name, two of one name and a declared column that is not there are refused.

use super::blocks::Block;
use super::cell::{CellEnd, after_blank_line, cell};
use super::error::CsvError;
use super::fault::{HeaderFault, RecordFault};
use super::options::CsvOptions;
use super::word::{FileName, Word};
use crate::similar::similar;
use std::collections::HashMap;
use trainyard_contract::stage::{ColumnType, Header as HeaderRule};

/// The columns of a CSV table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// Physical line of the header; 0 where the file has none.
    pub(crate) line: u64,
    pub(crate) names: Vec<String>,
    /// How the cells of each column are read.
    pub(crate) kinds: Vec<ColumnKind>,
}

/// How the cells of a column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// As numbers if all of them are, as text otherwise.
    Inferred,
    /// As numbers; what is none is a fault.
    Needed,
    /// As declared; what does not fit is a fault.
    Declared(ColumnType),
}

impl Header {
    /// Reads the names from the first block and leaves the rest of it; `None` if there are only blank lines in it.
    pub(crate) fn read(block: &mut Block, options: &CsvOptions, file: &str) -> Result<Option<Self>, CsvError> {
        let mut at = 0;
        let mut lines = 0;
        while let Some(next) = after_blank_line(block.bytes(), at, options.dialect) {
            at = next;
            lines += 1;
        }
        if at == block.bytes().len() {
            return Ok(None);
        }
        if options.header == HeaderRule::Absent {
            let names = options.columns.iter().map(|column| Name::new(column.name.as_bytes()));
            return Self::new(0, names.collect(), options, file).map(Some);
        }
        let line = block.first_line + lines;
        let (names, next, inner_lines) = read_names(block.bytes(), at, options);
        block.skip(next, lines + inner_lines + 1);
        Self::new(line, names, options, file).map(Some)
    }

    /// A record of `found` fields, which is not as many as there are columns.
    pub(crate) fn fields_fault(&self, found: usize) -> RecordFault {
        let columns = self.names.len();
        if self.is_in_file() {
            RecordFault::Fields {
                found,
                expected: columns,
            }
        } else {
            RecordFault::DeclaredFields {
                found,
                declared: columns,
            }
        }
    }

    /// Whether the file has a header, and not `csv.columns` only.
    pub(crate) fn is_in_file(&self) -> bool {
        self.line > 0
    }

    fn new(line: u64, names: Vec<Name>, options: &CsvOptions, file: &str) -> Result<Self, CsvError> {
        let mut faults = faults_of_names(&names, options.header);
        let names: Vec<String> = names.into_iter().map(|name| name.text).collect();
        let kinds = kinds(&names, options, &mut faults);
        let more = faults.len().saturating_sub(1) as u64;
        match faults.into_iter().next() {
            None => Ok(Self { line, names, kinds }),
            Some(fault) => Err(CsvError::Header {
                name: FileName::new(file),
                line,
                fault,
                more,
            }),
        }
    }
}

/// A name as it is taken.
struct Name {
    text: String,
    /// The first byte that is not UTF-8.
    bad_byte: Option<u8>,
}

impl Name {
    fn new(bytes: &[u8]) -> Self {
        Self {
            text: String::from_utf8_lossy(bytes).into_owned(),
            bad_byte: std::str::from_utf8(bytes).err().map(|error| bytes[error.valid_up_to()]),
        }
    }
}

/// The names, where the next record starts, and how many line ends stand inside the names.
fn read_names(bytes: &[u8], mut at: usize, options: &CsvOptions) -> (Vec<Name>, usize, u64) {
    let mut scratch = Vec::new();
    let mut names = Vec::new();
    let mut lines = 0;
    loop {
        let found = cell(bytes, at, options.dialect, &mut scratch);
        let mut name = Name::new(found.content);
        match options.header {
            HeaderRule::Lowercase => name.text = name.text.to_lowercase(),
            HeaderRule::NumberUnnamed if name.text.trim().is_empty() => name.text = format!("Unnamed: {}", names.len()),
            HeaderRule::NumberUnnamed | HeaderRule::Present | HeaderRule::Absent => {}
        }
        names.push(name);
        lines += found.lines;
        at = found.next;
        if found.end == CellEnd::Record {
            return (names, at, lines);
        }
    }
}

/// Names that are not UTF-8, empty, or there before.
fn faults_of_names(names: &[Name], rule: HeaderRule) -> Vec<HeaderFault> {
    let mut faults = Vec::new();
    let mut firsts = HashMap::with_capacity(names.len());
    for (position, name) in (1..).zip(names) {
        if let Some(byte) = name.bad_byte {
            faults.push(HeaderFault::NotUtf8 { byte });
        } else if name.text.trim().is_empty() {
            faults.push(HeaderFault::Unnamed { position });
        } else if let Some(&first) = firsts.get(name.text.as_str()) {
            faults.push(HeaderFault::Doubled {
                column: Word::new(&name.text),
                first,
                second: position,
                lowercase: rule == HeaderRule::Lowercase,
            });
        } else {
            firsts.insert(name.text.as_str(), position);
        }
    }
    faults
}

/// How the cells of each column are read. A declared column that is not there is a fault.
fn kinds(names: &[String], options: &CsvOptions, faults: &mut Vec<HeaderFault>) -> Vec<ColumnKind> {
    let positions: HashMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
    let mut kinds: Vec<ColumnKind> = names
        .iter()
        .map(|name| {
            if options.numbers.contains(name) {
                ColumnKind::Needed
            } else if options.texts.contains(name) {
                ColumnKind::Declared(ColumnType::Text)
            } else {
                ColumnKind::Inferred
            }
        })
        .collect();
    for declared in &options.columns {
        match (positions.get(declared.name.as_str()), declared.column_type) {
            (Some(&position), Some(column_type)) => kinds[position] = ColumnKind::Declared(column_type),
            (Some(_), None) => {}
            (None, _) => faults.push(missing(&declared.name, names, options.header)),
        }
    }
    kinds
}

fn missing(declared: &str, names: &[String], rule: HeaderRule) -> HeaderFault {
    let lower = declared.to_lowercase();
    let advice = if rule == HeaderRule::Lowercase && lower != declared {
        format!(
            "csv.header: Lowercase takes names in lower case: write `{}` in extract.csv.columns",
            Word::new(&lower)
        )
    } else if rule == HeaderRule::Present
        && lower == declared
        && names.iter().any(|name| name.to_lowercase() == declared)
    {
        let names = some_names(names);
        format!("the columns are {names}: correct extract.csv.columns, or set csv.header to Lowercase")
    } else {
        format!("the columns are {}: correct extract.csv.columns", some_names(names))
    };
    HeaderFault::Missing {
        column: Word::new(declared),
        found: similar(declared, names.iter().map(String::as_str)).map(Word::new),
        advice,
    }
}

/// The first few names for a hint, bounded so that what is said behind them is not cut off.
pub(crate) fn some_names(names: &[String]) -> String {
    const SHOWN: usize = 8;
    const BYTES_MAX: usize = 120;
    let mut shown = String::new();
    let mut count = 0;
    for name in names.iter().take(SHOWN) {
        let name = format!("`{}`", Word::new(name));
        if count > 0 && shown.len() + name.len() > BYTES_MAX {
            break;
        }
        if count > 0 {
            shown.push_str(", ");
        }
        shown.push_str(&name);
        count += 1;
    }
    match names.len() - count {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
