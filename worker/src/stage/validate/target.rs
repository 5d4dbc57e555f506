//! Faults of a column whose values are classes: numbers that are none, and too few or too many classes.

use super::report::{ReportExample, ReportFault, ReportKind};
use crate::StageError;
use crate::attempt::StopFlag;
use crate::dataset::DatasetReader;
use crate::stage::train::classes::Found;
use arrow_schema::DataType;
use trainyard_contract::dataset::{DatasetDescription, EXAMPLES_MAX};

/// The faults of the column of this number.
pub(super) fn faults(
    description: &DatasetDescription,
    reader: &DatasetReader,
    column: usize,
    stop: &StopFlag,
) -> Result<Vec<ReportFault>, StageError> {
    let data_type = reader.schema().field(column).data_type();
    let mut found = Found::nothing(data_type);
    let mut refused = of_column(description, column, ReportKind::NotAClass, 0);
    for block in 0..reader.blocks() {
        stop.check()?;
        let array = &reader.read(block, &[column])?[0];
        let first_row = reader.block_rows(block).start;
        let added = found.add_but(array, |row, value| {
            refused.count += 1;
            if refused.examples.len() < EXAMPLES_MAX {
                let row = first_row + row as u64;
                refused.examples.push(ReportExample {
                    file: None,
                    line: description.line(row),
                    row: Some(row),
                    value: if value.fract() == 0.0 {
                        format!("{value:e}")
                    } else {
                        value.to_string()
                    },
                });
            }
        });
        if added.is_err() {
            return Ok(vec![of_column(description, column, ReportKind::TooManyClasses, 1)]);
        }
        // There cannot be too many of them, and there are enough.
        if *data_type == DataType::Int8 && found.count() > 1 {
            return Ok(Vec::new());
        }
    }
    if refused.count > 0 {
        return Ok(vec![refused]);
    }
    if found.count() != 1 {
        return Ok(Vec::new());
    }
    let (classes, _) = found.into_classes();
    let mut one = of_column(description, column, ReportKind::OneClass, 1);
    one.examples.push(ReportExample {
        file: None,
        line: description.line(0),
        row: Some(0),
        value: classes.labels().remove(0),
    });
    Ok(vec![one])
}

fn of_column(description: &DatasetDescription, column: usize, kind: ReportKind, count: u64) -> ReportFault {
    ReportFault {
        kind,
        column: description.columns[column].name.clone(),
        count,
        examples: Vec::new(),
    }
}
