//! `dataset.json`: what a stage knows about the dataset that it wrote, beside `data.arrow`.
//!
//! It carries what the table itself cannot: the lines of cells that were missing, not finite or no number, so that `validate`
//! can name them all without reading the CSV again. Bounded: counts are whole, examples are the first [`EXAMPLES_MAX`].

use crate::stage::ExtractSpec;
use serde::{Deserialize, Serialize};

/// How many examples of a fault are kept.
pub const EXAMPLES_MAX: usize = 5;
/// The longest value kept in an example, in characters; a longer one ends in `…`.
pub const EXAMPLE_VALUE_MAX: usize = 60;

/// How many runs of consecutive lines are kept; behind them a row's line is not known.
pub const LINE_RUNS_MAX: usize = 1_000;

/// What is known about a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatasetDescription {
    /// Rows of the table.
    pub rows: u64,
    /// What the table was made from.
    pub source: DatasetSource,
    /// The columns, in the table's order.
    pub columns: Vec<ColumnDescription>,
    /// Where the rows stand in the source, at most [`LINE_RUNS_MAX`] runs, ascending; blank lines and line ends in quotes begin
    /// a new one. Empty where the rows come from no file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub line_runs: Vec<LineRun>,
    /// The first row whose line is not known, where there were more runs than are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines_known_to: Option<u64>,
}

impl DatasetDescription {
    /// The physical line where the record of `row` (from 0) starts, where that is known.
    pub fn line(&self, row: u64) -> Option<u64> {
        if row >= self.lines_known_to.unwrap_or(self.rows) {
            return None;
        }
        let after = self.line_runs.partition_point(|run| run.row <= row);
        let run = self.line_runs.get(after.checked_sub(1)?)?;
        Some(run.line + (row - run.row))
    }
}

/// Rows that stand on consecutive lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineRun {
    /// The first of them, from 0.
    pub row: u64,
    /// Its physical line; the next row stands on the next line.
    pub line: u64,
}

/// The file that a dataset was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatasetSource {
    /// The file as people know it: what stands before `:LINE` in messages.
    pub name: String,
    /// Hexadecimal sha-256 of the file's bytes as they lie there (compressed where they are).
    pub sha256: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// How it was read, so that a model's `predict` reads other files in the same way.
    pub extract: ExtractSpec,
}

/// A column of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ColumnDescription {
    /// Its name.
    pub name: String,
    /// Its Arrow type: `Int8`, `Int16`, `Int32`, `Int64`, `Float64` or `Utf8`.
    pub data_type: String,
    /// The faults of its cells, at most one entry a kind. In the table such a cell is null.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<CellFaults>,
}

/// All faults of one kind in one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CellFaults {
    /// What is wrong with the cells.
    pub kind: CellFaultKind,
    /// How many there are.
    pub count: u64,
    /// The first of them, in the file's order.
    pub examples: Vec<CellExample>,
}

/// What can be wrong with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CellFaultKind {
    /// The cell is empty or holds a null word.
    Null,
    /// A number that is not finite: `inf`, `1e999`.
    NotFinite,
    /// No number, in a column that a later stage needs as numbers (or that is declared `Number` or `Integer`).
    NotANumber,
    /// A number with a fraction or too large, in a column that is declared `Integer`.
    NotAnInteger,
}

/// One cell with a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CellExample {
    /// Physical line of the file where the cell's record starts; the header is line 1.
    pub line: u64,
    /// Row of the table, from 0.
    pub row: u64,
    /// The cell as it stands in the file, cut to [`EXAMPLE_VALUE_MAX`] characters.
    pub value: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_table() {
        let run = |row, line| LineRun { row, line };
        let mut description = DatasetDescription {
            rows: 10,
            source: DatasetSource {
                name: "t.csv".to_owned(),
                sha256: String::new(),
                bytes: 0,
                extract: ExtractSpec::default(),
            },
            columns: Vec::new(),
            line_runs: vec![run(0, 2), run(3, 7), run(4, 9)],
            lines_known_to: None,
        };
        let lines = |description: &DatasetDescription| [0, 2, 3, 4, 9, 10].map(|row| description.line(row));
        assert_eq!(
            lines(&description),
            [Some(2), Some(4), Some(7), Some(9), Some(14), None]
        );
        description.lines_known_to = Some(9);
        assert_eq!(lines(&description), [Some(2), Some(4), Some(7), Some(9), None, None]);
        description.line_runs.clear();
        assert_eq!(lines(&description), [None; 6]);
    }
}
