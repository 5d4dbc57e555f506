//! Where a row comes from, for messages.

use crate::csv::FileName;
use trainyard_contract::dataset::{DatasetDescription, DatasetSource};

/// The line of a file's names.
const HEADER_LINE: u64 = 1;

/// `PATH:LINE` of a row, or `PATH, row N` (from 1 in its file) where there are no lines or they are not known.
pub fn place(description: &DatasetDescription, row: u64) -> String {
    let (name, row_in_file) = description.source.file_of(row);
    let name = FileName::new(name);
    match description.position(row) {
        Some(line) if description.source.has_lines() => format!("{name}:{line}"),
        Some(row_in_file) => format!("{name}, row {row_in_file}"),
        None => format!("{name}, row {}", row_in_file + 1),
    }
}

/// The same for a row of a whole table, where only its source is at hand, and the line, where it is known.
pub fn place_in(source: &DatasetSource, row: u64, line: Option<u64>) -> String {
    let (name, row_in_file) = source.file_of(row);
    let name = FileName::new(name);
    match line {
        Some(line) => format!("{name}:{line}"),
        None => format!("{name}, row {}", row_in_file + 1),
    }
}

/// The line of the names of `source`, where it has lines.
pub fn header_line(source: &DatasetSource) -> Option<u64> {
    source.has_lines().then_some(HEADER_LINE)
}
