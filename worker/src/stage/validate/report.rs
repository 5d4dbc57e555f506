//! `report.json`: everything that `validate` found, and the first of it in a line.

use crate::csv::{FileName, Word, and_more, some_names};
use crate::dataset::place_in;
use crate::stage::train::classes::{CLASSES_MAX, why_no_class};
use camino::Utf8Path;
use serde::{Deserialize, Serialize};
use trainyard_contract::dataset::{CellFaultKind, DatasetDescription, DatasetSource};
use trainyard_contract::document::ColumnNeeds;

/// What `validate` found.
///
/// ```json
/// {"source": {"name": "data/people.csv", "sha256": "…", "bytes": 66}, "rows": 4,
///  "columns": [{"name": "age", "dataType": "Int8"}],
///  "faults": [{"kind": "Null", "column": "age", "count": 3, "examples": [{"line": 4, "row": 2, "value": ""}]}]}
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What the dataset was made from.
    pub source: DatasetSource,
    /// Rows of the dataset.
    pub rows: u64,
    /// Its columns.
    pub columns: Vec<ReportColumn>,
    /// All faults; empty if the stage succeeded. Those of one kind in one column are one entry; in the order of their first
    /// row.
    pub faults: Vec<ReportFault>,
}

/// A column of the dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportColumn {
    /// Its name.
    pub name: String,
    /// Its Arrow type.
    pub data_type: String,
}

/// All faults of one kind in one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportFault {
    /// What is wrong.
    pub kind: ReportKind,
    /// The column's name; empty where the table as a whole is wrong.
    pub column: String,
    /// How many cells; 1 where the column itself is wrong.
    pub count: u64,
    /// The first five.
    pub examples: Vec<ReportExample>,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReportKind {
    /// The column is not there; the example's value is the column that was probably meant, if there is one.
    MissingColumn,
    /// The column holds text, but numbers are needed; the example's value is its Arrow type.
    WrongType,
    /// The cell is empty or holds a null word.
    Null,
    /// The cell holds an infinite number.
    NotFinite,
    /// The cell holds no number.
    NotANumber,
    /// The cell holds a number that is not whole, or too large.
    NotAnInteger,
    /// The cell of a target holds a number that is no class: one with a fraction, or so large that it is rounded.
    NotAClass,
    /// All cells of a target are of one class; the example's value is that class.
    OneClass,
    /// A target has more than a thousand classes.
    TooManyClasses,
    /// The table has no rows.
    NoRows,
}

/// One place with a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportExample {
    /// The file, where the table comes from several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Physical line of the file where the record starts (the header is line 1); `null` where it is not known.
    pub line: Option<u64>,
    /// Row of the table, from 0; `null` for a fault of the column itself.
    pub row: Option<u64>,
    /// The cell, cut to 60 characters.
    pub value: String,
}

impl From<CellFaultKind> for ReportKind {
    fn from(kind: CellFaultKind) -> Self {
        match kind {
            CellFaultKind::Null => Self::Null,
            CellFaultKind::NotFinite => Self::NotFinite,
            CellFaultKind::NotANumber => Self::NotANumber,
            CellFaultKind::NotAnInteger => Self::NotAnInteger,
        }
    }
}

impl ReportFault {
    /// A fault of the table as a whole.
    pub(super) fn of_table(kind: ReportKind) -> Self {
        Self {
            kind,
            column: String::new(),
            count: 1,
            examples: Vec::new(),
        }
    }

    /// Where the first is, from 1; 0 for what is wrong with a column as a whole. What has no place comes last.
    pub(super) fn first_row(&self) -> u64 {
        let first = self.examples.first();
        first.map_or(u64::MAX, |example| example.row.map_or(0, |row| row + 1))
    }

    /// The file and the line or row of the first of these faults.
    fn place(&self, source: &DatasetSource) -> String {
        match self.examples.first() {
            Some(ReportExample {
                line, row: Some(row), ..
            }) => place_in(source, *row, *line),
            Some(ReportExample { line: Some(line), .. }) => format!("{}:{line}", FileName::new(&source.name)),
            Some(_) | None => FileName::new(&source.name).to_string(),
        }
    }

    /// The first of these faults.
    fn sentence(&self, rows: u64) -> String {
        let column = Word::new(&self.column);
        let example = self.examples.first();
        let value = Word::new(example.map_or("", |example| &example.value));
        let is_blank = example.is_none_or(|example| example.value.trim().is_empty());
        match self.kind {
            ReportKind::MissingColumn if is_blank => format!("column `{column}` is missing"),
            ReportKind::MissingColumn => format!("column `{column}` is missing; found `{value}`"),
            ReportKind::WrongType => format!("column `{column}` is read as text, but numbers are needed"),
            ReportKind::Null if is_blank => format!("column `{column}` is empty"),
            ReportKind::Null => format!("column `{column}`: `{value}` is read as missing"),
            ReportKind::NotFinite => format!("column `{column}`: `{value}` is not finite"),
            ReportKind::NotANumber => format!("column `{column}`: `{value}` is not a number"),
            ReportKind::NotAnInteger => format!("column `{column}`: `{value}` is not a whole number"),
            ReportKind::NotAClass => format!("column `{column}`: {}", self.why_no_class()),
            ReportKind::OneClass => format!("column `{column}` has one class only, `{value}`, in all {rows} rows"),
            ReportKind::TooManyClasses => format!("column `{column}` has more than {CLASSES_MAX} different values"),
            ReportKind::NoRows => "there are no rows".to_owned(),
        }
    }

    fn why_no_class(&self) -> String {
        let value = self.examples.first().and_then(|example| example.value.parse().ok());
        value.map_or_else(String::new, why_no_class)
    }

    fn advice(&self, report: &Report) -> String {
        match self.kind {
            ReportKind::MissingColumn => report.column_advice(self),
            ReportKind::WrongType if report.source.has_lines() => {
                "take the column's type Text out of extract.csv.columns, or make it a category with oneHot in \
                 train.preprocess"
                    .to_owned()
            }
            ReportKind::WrongType => "make it a category with oneHot in train.preprocess".to_owned(),
            ReportKind::NotANumber => self.number_advice(report.rows).to_owned(),
            ReportKind::Null => {
                "fill the cells of a feature with impute in train.preprocess, or leave rows out with train.where"
                    .to_owned()
            }
            ReportKind::NotAClass => {
                "logistic regression predicts classes: the target's values must be whole numbers or texts".to_owned()
            }
            ReportKind::OneClass => "there is nothing to tell apart: train on rows of two classes or more".to_owned(),
            ReportKind::TooManyClasses => {
                "is it a measurement or a key? The target's values are the classes".to_owned()
            }
            ReportKind::NotFinite | ReportKind::NotAnInteger | ReportKind::NoRows => String::new(),
        }
    }

    /// What to do about cells that are no numbers, by what they look like.
    fn number_advice(&self, rows: u64) -> &'static str {
        let mut values = self.examples.iter().map(|example| example.value.trim());
        let first = values.next().unwrap_or_default();
        let bare = first.trim_matches(|c: char| matches!(c, '$' | '€' | '£' | '%') || c.is_whitespace());
        let without_commas = bare.replace(',', "");
        if bare != without_commas && without_commas.parse::<f64>().is_ok() {
            "a number has a point and nothing between its thousands: 0.5 for 0,5 and 1000 for 1,000"
        } else if bare != first && bare.parse::<f64>().is_ok() {
            "a number stands alone, without a unit"
        } else if self.count * 2 > rows && values.any(|value| value != first) {
            "to learn from its words make it a category: oneHot in train.preprocess"
        } else if self.count * 2 > rows {
            "to learn from its words make it a category: oneHot in train.preprocess; or name a word for missing cells in csv.nullValues"
        } else {
            "a word for missing cells can be named in csv.nullValues"
        }
    }
}

impl Report {
    /// What is said about `description`.
    pub(super) fn new(description: &DatasetDescription, mut faults: Vec<ReportFault>) -> Self {
        let columns = description.columns.iter();
        if !description.source.files.is_empty() {
            let examples = faults.iter_mut().flat_map(|fault| &mut fault.examples);
            for example in examples {
                let (file, _) = example.row.map(|row| description.source.file_of(row)).unzip();
                example.file = file.map(str::to_owned);
            }
        }
        Self {
            source: description.source.clone(),
            rows: description.rows,
            columns: columns
                .map(|column| ReportColumn {
                    name: column.name.clone(),
                    data_type: column.data_type.clone(),
                })
                .collect(),
            faults,
        }
    }

    /// The first fault in the file, and how many more there are; `None` if there is none.
    pub fn message(&self) -> Option<String> {
        let first = self.faults.first()?;
        let all: u64 = self.faults.iter().map(|fault| fault.count).sum();
        Some(format!(
            "{}: {}{}",
            first.place(&self.source),
            first.sentence(self.rows),
            and_more(all - 1)
        ))
    }

    /// What to do about the first fault, where that is known. `needs` are those of later stages.
    pub(super) fn advice(&self, needs: &ColumnNeeds) -> String {
        let Some(fault) = self.faults.first() else {
            return String::new();
        };
        let advice = fault.advice(self);
        // Only a condition uses a column that is neither a number nor a target, and takes its missing cells.
        let is = |names: &[String]| names.contains(&fault.column);
        let is_in_a_condition = is(&needs.may_be_null) && !is(&needs.numbers) && !is(&needs.targets);
        if fault.kind == ReportKind::MissingColumn && is_in_a_condition {
            format!(
                "{advice}; a text in train.where stands in single quotes: '{}'",
                Word::new(&fault.column)
            )
        } else {
            advice
        }
    }

    /// What to do; `path` is where the report will be found.
    pub(super) fn hint(&self, path: &Utf8Path, needs: &ColumnNeeds) -> String {
        let advice = self.advice(needs);
        let places = if self.source.has_lines() { "lines" } else { "rows" };
        let place = format!("all of them, with {places}, are in {path}");
        if advice.is_empty() {
            place
        } else {
            format!("{advice}; {place}")
        }
    }

    /// What to do about a column that is not there.
    fn column_advice(&self, fault: &ReportFault) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        if let [only] = names.as_slice()
            && let Some(separator) = only.chars().find(|c| matches!(c, ';' | '\t' | '|' | ','))
        {
            return format!(
                "there is one column: set csv.delimiter to `{}`",
                Word::new(&separator.to_string())
            );
        }
        let found = fault.examples.first().map_or("", |example| &example.value);
        let case = if found.to_lowercase() == fault.column {
            "; csv.header: Lowercase takes names in lower case"
        } else {
            ""
        };
        format!("the columns are {}{case}", some_names(&names))
    }
}
