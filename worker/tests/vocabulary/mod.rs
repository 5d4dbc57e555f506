//! CSV text to a table whose cells are texts, so that tests are tables.
#![allow(dead_code, reason = "each test file uses a part of it")]

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use trainyard_contract::dataset::{CellFaultKind, DatasetDescription};
use trainyard_contract::stage::CsvSource;
use trainyard_worker::csv::{CsvError, CsvOptions, read_bytes};

/// A table and what is known about it, or why there is none.
pub(crate) type Read = Result<(Vec<RecordBatch>, DatasetDescription), CsvError>;

/// The table of `text` with pandas' rules.
pub(crate) fn read(text: &str) -> Read {
    read_with(text, &CsvSource::default(), &[])
}

/// The table of `text`, of which `numbers` are needed as numbers.
pub(crate) fn read_with(text: &str, source: &CsvSource, numbers: &[&str]) -> Read {
    let numbers: Vec<String> = numbers.iter().map(|&name| name.to_owned()).collect();
    read_bytes("t.csv", text.as_bytes(), &CsvOptions::new(source, &numbers)?)
}

/// All cells of a column, as texts.
pub(crate) fn cells(batches: &[RecordBatch], column: usize) -> Vec<String> {
    batches
        .iter()
        .map(|batch| batch.column(column))
        .flat_map(|array| {
            (0..array.len()).map(|row| {
                if array.is_null(row) {
                    "null".to_owned()
                } else {
                    cell(array, row)
                }
            })
        })
        .collect()
}

fn cell(array: &dyn Array, row: usize) -> String {
    match array.data_type() {
        DataType::Int8 => array.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => format!("{:?}", array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        other => other.to_string(),
    }
}

/// The kind of a fault, how many cells have it, and line, row and value of the first.
pub(crate) type Fault<'a> = (CellFaultKind, u64, Vec<(u64, u64, &'a str)>);

/// The faults of a column.
pub(crate) fn faults(description: &DatasetDescription, column: usize) -> Vec<Fault<'_>> {
    let faults = description.columns[column].faults.iter();
    faults
        .map(|fault| {
            let examples = fault.examples.iter();
            let examples = examples.map(|e| (e.line.unwrap_or(0), e.row, e.value.as_str()));
            (fault.kind, fault.count, examples.collect())
        })
        .collect()
}
