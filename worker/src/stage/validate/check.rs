//! What is wrong with a dataset, all of it.
//!
//! In: the description, the spec, and which columns later stages need. Out: faults, in the file's order.

use super::report::{ReportExample, ReportFault, ReportKind};
use super::{declared, target};
use crate::StageError;
use crate::attempt::StopFlag;
use crate::dataset::{DatasetReader, header_line, is_number};
use crate::similar::similar;
use std::collections::{HashMap, HashSet};
use trainyard_contract::dataset::{CellFaultKind, ColumnDescription, DatasetDescription};
use trainyard_contract::document::ColumnNeeds;
use trainyard_contract::stage::{ColumnType, NullRule, ValidateSpec};

/// All faults: first those of the header, then those of cells in the order of their first row.
pub(super) fn faults(
    description: &DatasetDescription,
    reader: &DatasetReader,
    spec: &ValidateSpec,
    needs: &ColumnNeeds,
    stop: &StopFlag,
) -> Result<Vec<ReportFault>, StageError> {
    let rules = Rules::new(spec, needs);
    let mut faults = missing_columns(description, &rules);
    for (index, column) in description.columns.iter().enumerate() {
        stop.check()?;
        faults.extend(wrong_type(description, column, &rules));
        faults.extend(noted_faults(column, &rules));
        if let Some(&column_type) = rules.types.get(column.name.as_str()) {
            let declared = declared::faults(description, reader, index, column_type, stop)?;
            let is_asked = |fault: &ReportFault| fault.kind != ReportKind::Null || rules.is_complete(&column.name);
            faults.extend(declared.into_iter().filter(is_asked));
        }
        if rules.targets.contains(column.name.as_str()) {
            faults.extend(target::faults(description, reader, index, stop)?);
        }
    }
    if description.rows == 0 {
        faults.push(ReportFault::of_table(ReportKind::NoRows));
    }
    faults.sort_by_key(ReportFault::first_row);
    Ok(faults)
}

/// What is asked of which column.
struct Rules<'a> {
    /// Columns that must be there, each once, in the order of the manifest.
    required: Vec<&'a str>,
    /// Columns that must have no missing cell; `None` for all.
    complete: Option<HashSet<&'a str>>,
    /// Columns that must have no infinite cell; `None` for all.
    finite: Option<HashSet<&'a str>>,
    /// Columns that later stages need as numbers.
    numbers: HashSet<&'a str>,
    /// Columns whose values are classes.
    targets: HashSet<&'a str>,
    /// Declared types.
    types: HashMap<&'a str, ColumnType>,
}

impl<'a> Rules<'a> {
    fn new(spec: &'a ValidateSpec, needs: &'a ColumnNeeds) -> Self {
        let named = needs.numbers.iter().chain(&needs.used).chain(&spec.required_columns);
        let named = named
            .chain(spec.columns.iter().map(|column| &column.name))
            .map(String::as_str);
        let mut seen = HashSet::new();
        let required: Vec<&str> = named.filter(|name| seen.insert(*name)).collect();
        let named = |name: &str| {
            let mut columns = spec.columns.iter().map(|column| &column.name);
            spec.required_columns.iter().any(|required| required == name) || columns.any(|column| column == name)
        };
        let may_be_null = |name: &str| needs.may_be_null.iter().any(|column| column == name) && !named(name);
        let finite: Option<HashSet<&str>> = match spec.no_nulls.unwrap_or_default() {
            NullRule::Used => Some(required.iter().copied().collect()),
            NullRule::All => None,
            NullRule::Off => Some(HashSet::new()),
        };
        let complete = finite.as_ref().map(|columns| {
            let columns = columns.iter().copied();
            columns.filter(|name| !may_be_null(name)).collect()
        });
        Self {
            required,
            complete,
            finite,
            numbers: needs.numbers.iter().map(String::as_str).collect(),
            targets: needs.targets.iter().map(String::as_str).collect(),
            types: spec
                .columns
                .iter()
                .filter_map(|column| Some((column.name.as_str(), column.column_type?)))
                .collect(),
        }
    }

    fn is_complete(&self, column: &str) -> bool {
        self.complete.as_ref().is_none_or(|columns| columns.contains(column))
    }

    fn is_fault(&self, column: &str, kind: CellFaultKind) -> bool {
        match kind {
            CellFaultKind::Null => self.is_complete(column),
            // A model that fills missing cells must not take an infinity for one.
            CellFaultKind::NotFinite => self.finite.as_ref().is_none_or(|columns| columns.contains(column)),
            // Such cells are noted only where somebody needs or declared the type: the table has lost what they held.
            CellFaultKind::NotANumber | CellFaultKind::NotAnInteger => true,
        }
    }
}

fn missing_columns(description: &DatasetDescription, rules: &Rules) -> Vec<ReportFault> {
    let names = || description.columns.iter().map(|column| column.name.as_str());
    let there: HashSet<&str> = names().collect();
    let missing = rules.required.iter().filter(|name| !there.contains(*name));
    missing
        .map(|&name| ReportFault {
            kind: ReportKind::MissingColumn,
            column: name.to_owned(),
            count: 1,
            examples: vec![ReportExample {
                file: None,
                line: header_line(&description.source),
                row: None,
                value: similar(name, names()).unwrap_or_default().to_owned(),
            }],
        })
        .collect()
}

/// A column that later stages need as numbers was declared as text.
fn wrong_type(description: &DatasetDescription, column: &ColumnDescription, rules: &Rules) -> Option<ReportFault> {
    let is_number = column.data_type.parse().is_ok_and(|data_type| is_number(&data_type));
    (!is_number && rules.numbers.contains(column.name.as_str())).then(|| ReportFault {
        kind: ReportKind::WrongType,
        column: column.name.clone(),
        count: 1,
        examples: vec![ReportExample {
            file: None,
            line: header_line(&description.source),
            row: None,
            value: column.data_type.clone(),
        }],
    })
}

/// All faults that were noted when the table was made, in its order.
pub(super) fn noted(description: &DatasetDescription, needs: &ColumnNeeds) -> Vec<ReportFault> {
    let spec = ValidateSpec::default();
    let rules = Rules::new(&spec, needs);
    let columns = description.columns.iter();
    let mut faults: Vec<ReportFault> = columns.flat_map(|column| noted_faults(column, &rules)).collect();
    faults.sort_by_key(ReportFault::first_row);
    faults
}

/// The faults that were noted when the table was made.
fn noted_faults(column: &ColumnDescription, rules: &Rules) -> impl Iterator<Item = ReportFault> {
    let faults = column.faults.iter();
    faults
        .filter(|fault| rules.is_fault(&column.name, fault.kind))
        .map(|fault| ReportFault {
            kind: fault.kind.into(),
            column: column.name.clone(),
            count: fault.count,
            examples: fault
                .examples
                .iter()
                .map(|example| ReportExample {
                    file: None,
                    line: example.line,
                    row: Some(example.row),
                    value: example.value.clone(),
                })
                .collect(),
        })
}
