//! Cells that are not of the type that `validate` declares for their column.
//!
//! `extract` has noted them already where it knew that numbers are needed; what it read as text, or as numbers with
//! fractions, is looked through here.

use super::report::{ReportExample, ReportFault, ReportKind};
use crate::StageError;
use crate::attempt::StopFlag;
use crate::csv::{CellNumber, cut_value};
use crate::dataset::DatasetReader;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use trainyard_contract::dataset::{DatasetDescription, EXAMPLES_MAX};
use trainyard_contract::stage::ColumnType;

/// The faults of the column of this number, one a kind.
pub(super) fn faults(
    description: &DatasetDescription,
    reader: &DatasetReader,
    column: usize,
    wanted: ColumnType,
    stop: &StopFlag,
) -> Result<Vec<ReportFault>, StageError> {
    let judge: fn(&ArrayRef, usize) -> Option<Bad> = match (wanted, reader.schema().field(column).data_type()) {
        (ColumnType::Number, DataType::Utf8) => |array, row| bad_text(array, row, false),
        (ColumnType::Integer, DataType::Utf8) => |array, row| bad_text(array, row, true),
        (ColumnType::Integer, DataType::Float64) => bad_float,
        (ColumnType::Text | ColumnType::Number | ColumnType::Integer, _) => return Ok(Vec::new()),
    };
    let mut faults: Vec<ReportFault> = Vec::new();
    for block in 0..reader.blocks() {
        stop.check()?;
        let array = &reader.read(block, &[column])?[0];
        for (row, table_row) in (0..array.len()).zip(reader.block_rows(block)) {
            if array.is_valid(row)
                && let Some((kind, value)) = judge(array, row)
            {
                let name = &description.columns[column].name;
                add(&mut faults, (kind, name), || ReportExample {
                    file: None,
                    line: description.line(table_row),
                    row: Some(table_row),
                    value: cut_value(&value),
                });
            }
        }
    }
    Ok(faults)
}

/// What is wrong with a cell, and the cell.
type Bad = (ReportKind, String);

fn bad_text(array: &ArrayRef, row: usize, whole: bool) -> Option<Bad> {
    let text = array.as_string::<i32>().value(row);
    let kind = match CellNumber::parse(text.as_bytes()) {
        CellNumber::Whole(_) => return None,
        CellNumber::Float(number) if !whole || number.fract() == 0.0 => return None,
        CellNumber::Float(_) => ReportKind::NotAnInteger,
        CellNumber::NotFinite => ReportKind::NotFinite,
        CellNumber::Blank => ReportKind::Null,
        CellNumber::NotANumber => ReportKind::NotANumber,
    };
    Some((kind, text.to_owned()))
}

fn bad_float(array: &ArrayRef, row: usize) -> Option<Bad> {
    let number = array.as_primitive::<Float64Type>().value(row);
    (number.fract() != 0.0).then(|| (ReportKind::NotAnInteger, number.to_string()))
}

fn add(faults: &mut Vec<ReportFault>, (kind, column): (ReportKind, &str), example: impl FnOnce() -> ReportExample) {
    let at = faults.iter().position(|fault| fault.kind == kind).unwrap_or_else(|| {
        faults.push(ReportFault {
            kind,
            column: column.to_owned(),
            count: 0,
            examples: Vec::new(),
        });
        faults.len() - 1
    });
    let fault = &mut faults[at];
    fault.count += 1;
    if fault.examples.len() < EXAMPLES_MAX {
        fault.examples.push(example());
    }
}
