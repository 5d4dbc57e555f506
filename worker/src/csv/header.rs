//! The names of a CSV table's columns, and how the cells of each are read.
//!
//! In: the first record, or the names that the manifest declares. Out: [`Header`]. A name stands as it is written; columns
//! without a name, two of one name and a declared column that is not there are refused.

use super::blocks::Block;
use super::cell::{CellEnd, after_blank_line, cell};
use super::error::{CsvError, RecordFault, Word};
use super::options::CsvOptions;
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
            let names = options.columns.iter().map(|column| column.name.clone()).collect();
            return Self::new(0, names, options, file).map(Some);
        }
        let line = block.first_line + lines;
        let (names, next, inner_lines) = read_names(block.bytes(), at, line, options, file)?;
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

    fn new(line: u64, names: Vec<String>, options: &CsvOptions, file: &str) -> Result<Self, CsvError> {
        let positions = distinct(&names, line, file)?;
        let mut kinds: Vec<ColumnKind> = names
            .iter()
            .map(|name| {
                if options.numbers.contains(name) {
                    ColumnKind::Needed
                } else {
                    ColumnKind::Inferred
                }
            })
            .collect();
        for declared in &options.columns {
            let Some(&position) = positions.get(declared.name.as_str()) else {
                return Err(CsvError::MissingColumn {
                    name: file.to_owned(),
                    line,
                    column: Word::new(&declared.name),
                    found: similar(&declared.name, names.iter().map(String::as_str)).map(Word::new),
                    columns: some_names(&names),
                });
            };
            if let Some(column_type) = declared.column_type {
                kinds[position] = ColumnKind::Declared(column_type);
            }
        }
        Ok(Self { line, names, kinds })
    }
}

/// The names, where the next record starts, and how many line ends stand inside the names.
fn read_names(
    bytes: &[u8],
    mut at: usize,
    line: u64,
    options: &CsvOptions,
    file: &str,
) -> Result<(Vec<String>, usize, u64), CsvError> {
    let mut scratch = Vec::new();
    let mut names = Vec::new();
    let mut lines = 0;
    loop {
        let found = cell(bytes, at, options.dialect, &mut scratch);
        let name = std::str::from_utf8(found.content).map_err(|error| CsvError::Record {
            name: file.to_owned(),
            line,
            fault: RecordFault::NotUtf8 {
                byte: found.content[error.valid_up_to()],
                column: None,
            },
            more: 0,
        })?;
        names.push(match options.header {
            HeaderRule::Lowercase => name.to_lowercase(),
            HeaderRule::Present | HeaderRule::Absent => name.to_owned(),
        });
        lines += found.lines;
        at = found.next;
        if found.end == CellEnd::Record {
            return Ok((names, at, lines));
        }
    }
}

/// Where each name stands; refuses the first that is empty or was there before.
fn distinct<'a>(names: &'a [String], line: u64, file: &str) -> Result<HashMap<&'a str, usize>, CsvError> {
    let mut positions = HashMap::with_capacity(names.len());
    for (position, name) in names.iter().enumerate() {
        if name.trim().is_empty() {
            return Err(CsvError::UnnamedColumn {
                name: file.to_owned(),
                line,
                position: position + 1,
            });
        }
        if let Some(first) = positions.insert(name.as_str(), position) {
            return Err(CsvError::DoubledColumn {
                name: file.to_owned(),
                line,
                column: Word::new(name),
                first: first + 1,
                second: position + 1,
            });
        }
    }
    Ok(positions)
}

/// The names for a hint: the first few.
pub(crate) fn some_names(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{}`", Word::new(name)))
        .collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
