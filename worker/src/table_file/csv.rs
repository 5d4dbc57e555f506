//! A dataset's rows as CSV: what `pandas.read_csv` and `extract` read back as the same table.
//!
//! A number has all digits: the shortest text that reads back to the same float64, with a point or an exponent, so that a
//! column of floats stays one. A missing cell is empty; a text is in quotes where it must be.

use crate::csv::{BatchSink, Dialect, quoted};
use crate::dataset::DatasetError;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, SchemaRef};
use std::borrow::Cow;
use std::io::{self, Write};

/// The first line.
pub(super) fn header(schema: &SchemaRef) -> String {
    let names = schema
        .fields()
        .iter()
        .map(|field| quoted(field.name(), Dialect::default()));
    names.collect::<Vec<Cow<'_, str>>>().join(",") + "\n"
}

/// Writes the lines below it.
pub(super) struct CsvRows<W> {
    output: W,
    line: Vec<u8>,
}

impl<W: Write> CsvRows<W> {
    pub(super) fn new(output: W) -> Self {
        Self {
            output,
            line: Vec::new(),
        }
    }

    pub(super) fn into_inner(self) -> W {
        self.output
    }

    /// Writes the rows of a batch.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let cells: Vec<Cells<'_>> = batch.columns().iter().map(|array| Cells::new(array)).collect();
        for row in 0..batch.num_rows() {
            self.line.clear();
            for (index, column) in cells.iter().enumerate() {
                if index > 0 {
                    self.line.push(b',');
                }
                column.push(row, &mut self.line)?;
            }
            self.line.push(b'\n');
            self.output.write_all(&self.line)?;
        }
        Ok(())
    }
}

/// The cells of a column.
struct Cells<'a> {
    array: &'a dyn Array,
    values: Values<'a>,
}

enum Values<'a> {
    Int8(&'a [i8]),
    Int16(&'a [i16]),
    Int32(&'a [i32]),
    Int64(&'a [i64]),
    Float64(&'a [f64]),
    Utf8(&'a arrow_array::StringArray),
}

impl<'a> Cells<'a> {
    fn new(array: &'a dyn Array) -> Self {
        let values = match array.data_type() {
            DataType::Int8 => Values::Int8(array.as_primitive::<Int8Type>().values()),
            DataType::Int16 => Values::Int16(array.as_primitive::<Int16Type>().values()),
            DataType::Int32 => Values::Int32(array.as_primitive::<Int32Type>().values()),
            DataType::Int64 => Values::Int64(array.as_primitive::<Int64Type>().values()),
            DataType::Float64 => Values::Float64(array.as_primitive::<Float64Type>().values()),
            // A dataset has no other types.
            _ => Values::Utf8(array.as_string::<i32>()),
        };
        Self { array, values }
    }

    fn push(&self, row: usize, line: &mut Vec<u8>) -> io::Result<()> {
        if self.array.is_null(row) {
            return Ok(());
        }
        match &self.values {
            Values::Int8(values) => write!(line, "{}", values[row]),
            Values::Int16(values) => write!(line, "{}", values[row]),
            Values::Int32(values) => write!(line, "{}", values[row]),
            Values::Int64(values) => write!(line, "{}", values[row]),
            Values::Float64(values) => write!(line, "{:?}", values[row]),
            Values::Utf8(values) => line.write_all(quoted(values.value(row), Dialect::default()).as_bytes()),
        }
    }
}

/// Writes a table to a stream that takes nothing back, such as a pipe: where reading begins anew, rows that are written
/// already are passed over.
pub struct CsvStream<'a> {
    rows: CsvRows<&'a mut (dyn Write + Send)>,
    began: bool,
    written: usize,
    passed: usize,
}

impl<'a> CsvStream<'a> {
    /// Will write to `output`.
    pub fn new(output: &'a mut (dyn Write + Send)) -> Self {
        Self {
            rows: CsvRows::new(output),
            began: false,
            written: 0,
            passed: 0,
        }
    }
}

impl BatchSink for CsvStream<'_> {
    fn begin(&mut self, schema: &SchemaRef) -> Result<(), DatasetError> {
        self.passed = 0;
        if std::mem::replace(&mut self.began, true) {
            return Ok(());
        }
        self.rows
            .output
            .write_all(header(schema).as_bytes())
            .map_err(write_error)
    }

    fn take(&mut self, batch: RecordBatch) -> Result<(), DatasetError> {
        let known = (self.written - self.passed).min(batch.num_rows());
        self.passed += batch.num_rows();
        let new = batch.slice(known, batch.num_rows() - known);
        self.rows.write(&new).map_err(write_error)?;
        self.written += new.num_rows();
        Ok(())
    }
}

fn write_error(source: io::Error) -> DatasetError {
    DatasetError::Write {
        path: "the output".into(),
        source,
    }
}
