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
    /// a new one, and so does another file. In a file that has no lines (Parquet) a row counts as one, from 1. Empty where the
    /// rows come from no file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub line_runs: Vec<LineRun>,
    /// The first row whose line is not known, where there were more runs than are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines_known_to: Option<u64>,
}

impl DatasetDescription {
    /// The physical line where the record of `row` (from 0) starts, where the source has lines and it is known.
    pub fn line(&self, row: u64) -> Option<u64> {
        self.position(row).filter(|_| self.source.has_lines())
    }

    /// The same; in a file without lines the number of the row in its file, from 1.
    pub fn position(&self, row: u64) -> Option<u64> {
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

/// The file, or the files, that a dataset was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatasetSource {
    /// The file as people know it: what stands before `:LINE` in messages. Of several, the path with its wildcards.
    pub name: String,
    /// Hexadecimal sha-256 of the file's bytes as they lie there (compressed where they are). Of several, that of the lines
    /// `SHA256  NAME`, as `sha256sum` prints them.
    pub sha256: String,
    /// Bytes of the file, or of all.
    pub bytes: u64,
    /// How it was read, so that a model's `predict` reads other files in the same way.
    pub extract: ExtractSpec,
    /// The files in their order, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<SourcePart>,
}

impl DatasetSource {
    /// The file that holds `row` (from 0) as people know it, and the number of the row in that file, from 0.
    pub fn file_of(&self, row: u64) -> (&str, u64) {
        let after = self.files.partition_point(|file| file.first_row <= row);
        match after.checked_sub(1).and_then(|before| self.files.get(before)) {
            Some(file) => (&file.name, row - file.first_row),
            None => (&self.name, row),
        }
    }

    /// The source of some of the rows, which are given in order.
    #[must_use]
    pub fn of_rows(&self, rows: impl IntoIterator<Item = u64>) -> Self {
        let mut files = self.files.clone();
        let mut next = 0;
        let mut count = 0;
        for row in rows {
            while next < files.len() && self.files[next].first_row <= row {
                files[next].first_row = count;
                next += 1;
            }
            count += 1;
        }
        files[next..].iter_mut().for_each(|file| file.first_row = count);
        Self { files, ..self.clone() }
    }

    /// Whether its rows stand on lines.
    pub fn has_lines(&self) -> bool {
        self.extract.parquet.is_none()
    }
}

/// One of several files that a dataset was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourcePart {
    /// The file as people know it.
    pub name: String,
    /// Hexadecimal sha-256 of its bytes as they lie there.
    pub sha256: String,
    /// Its bytes.
    pub bytes: u64,
    /// The first row of the table that it holds, from 0; a file without rows has that of the next.
    pub first_row: u64,
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
    /// Physical line of the file where the cell's record starts; the header is line 1. Left out where a file has no lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Row of the table, from 0.
    pub row: u64,
    /// The cell as it stands in the file, cut to [`EXAMPLE_VALUE_MAX`] characters.
    pub value: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::ParquetSource;

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
                files: Vec::new(),
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
        description.source.extract.parquet = Some(ParquetSource::default());
        assert_eq!((description.line(2), description.position(2)), (None, Some(4)));
        description.line_runs.clear();
        description.source.extract.parquet = None;
        assert_eq!(lines(&description), [None; 6]);
    }

    #[test]
    fn files_table() {
        let part = |name: &str, first_row| SourcePart {
            name: name.to_owned(),
            sha256: String::new(),
            bytes: 0,
            first_row,
        };
        let mut source = DatasetSource {
            name: "*.csv".to_owned(),
            sha256: String::new(),
            bytes: 0,
            extract: ExtractSpec::default(),
            files: vec![part("a.csv", 0), part("empty.csv", 3), part("b.csv", 3)],
        };
        let files = [0, 2, 3, 9].map(|row| source.file_of(row));
        assert_eq!(files, [("a.csv", 0), ("a.csv", 2), ("b.csv", 0), ("b.csv", 6)]);
        let some = source.of_rows([1, 2, 5, 7]);
        assert_eq!(
            [0, 1, 2, 3].map(|row| some.file_of(row).0),
            ["a.csv", "a.csv", "b.csv", "b.csv"]
        );
        assert_eq!(source.of_rows([8]).file_of(0), ("b.csv", 0));
        assert_eq!(source.of_rows([0]).file_of(0), ("a.csv", 0));
        source.files.clear();
        assert_eq!(source.file_of(9), ("*.csv", 9));
    }
}
