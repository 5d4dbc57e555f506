//! Record batches, filled from blocks.
//!
//! In: the tables of blocks, in order, and the types of all columns. Out: batches of [`BATCH_ROWS`] rows, or fewer where rows
//! are so wide that a batch would not fit into memory. Where batches are cut depends on the table alone.

use super::block_table::BlockTable;
use super::column::{Column, TextValues, Values};
use crate::dataset::{BATCH_BYTES, BATCH_ROWS, DatasetError};
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{ArrayRef, PrimitiveArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow_buffer::{ArrowNativeType, Buffer, NullBuffer, NullBufferBuilder, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, SchemaRef};
use std::ops::Range;
use std::sync::Arc;

/// Takes the batches of a table, in order.
pub trait BatchSink: Send {
    /// A table of this schema begins. What was taken before is of no use: reading starts again when the types of a file
    /// turn out to be others than its beginning said.
    fn begin(&mut self, schema: &SchemaRef) -> Result<(), DatasetError>;

    /// Takes the next batch.
    fn take(&mut self, batch: RecordBatch) -> Result<(), DatasetError>;
}

/// Fills batches and hands them on.
pub(crate) struct Batcher<'a> {
    schema: SchemaRef,
    columns: Vec<BatchColumn>,
    rows: usize,
    sink: &'a mut dyn BatchSink,
}

struct BatchColumn {
    values: BatchValues,
    nulls: NullBufferBuilder,
}

enum BatchValues {
    Int8(Vec<i8>),
    Int16(Vec<i16>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float64(Vec<f64>),
    Utf8 { bytes: Vec<u8>, offsets: Vec<i32> },
}

impl<'a> Batcher<'a> {
    /// Begins a table.
    pub(crate) fn begin(schema: SchemaRef, sink: &'a mut dyn BatchSink) -> Result<Self, DatasetError> {
        sink.begin(&schema)?;
        let columns = schema
            .fields()
            .iter()
            .map(|field| BatchColumn::new(field.data_type()))
            .collect();
        Ok(Self {
            schema,
            columns,
            rows: 0,
            sink,
        })
    }

    /// Adds the rows of a block, whose columns must fit the schema.
    pub(crate) fn add(&mut self, table: &BlockTable) -> Result<(), DatasetError> {
        let rows = table.rows as usize;
        let mut from = 0;
        while from < rows {
            let to = rows.min(from + BATCH_ROWS - self.rows);
            for (column, block) in self.columns.iter_mut().zip(&table.columns) {
                column.add(block, from..to);
            }
            self.rows += to - from;
            from = to;
            if self.rows == BATCH_ROWS {
                self.flush()?;
            }
        }
        let bytes: usize = self.columns.iter().map(BatchColumn::bytes).sum();
        if bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Hands on what there is.
    pub(crate) fn flush(&mut self) -> Result<(), DatasetError> {
        if self.rows == 0 {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        let columns: Result<Vec<ArrayRef>, ArrowError> = self.columns.iter_mut().map(|c| c.take(rows)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = columns
            .and_then(|columns| RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options))
            .map_err(DatasetError::from)?;
        self.sink.take(batch)
    }
}

impl BatchColumn {
    fn new(data_type: &DataType) -> Self {
        let values = match data_type {
            DataType::Int8 => BatchValues::Int8(Vec::new()),
            DataType::Int16 => BatchValues::Int16(Vec::new()),
            DataType::Int32 => BatchValues::Int32(Vec::new()),
            DataType::Int64 => BatchValues::Int64(Vec::new()),
            DataType::Float64 => BatchValues::Float64(Vec::new()),
            // A column type yields no other types than these.
            _ => BatchValues::Utf8 {
                bytes: Vec::new(),
                offsets: vec![0],
            },
        };
        Self {
            values,
            nulls: NullBufferBuilder::new(0),
        }
    }

    fn bytes(&self) -> usize {
        match &self.values {
            BatchValues::Int8(values) => values.len(),
            BatchValues::Int16(values) => 2 * values.len(),
            BatchValues::Int32(values) => 4 * values.len(),
            BatchValues::Int64(values) => 8 * values.len(),
            BatchValues::Float64(values) => 8 * values.len(),
            BatchValues::Utf8 { bytes, offsets } => bytes.len() + 4 * offsets.len(),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the type is the one that all values of the column fit"
    )]
    fn add(&mut self, block: &Column, rows: Range<usize>) {
        self.add_nulls(&block.nulls, &rows);
        match (&mut self.values, &block.values) {
            (BatchValues::Int8(to), Values::Whole(from)) => narrow(to, &from[rows], |value| value as i8),
            (BatchValues::Int16(to), Values::Whole(from)) => narrow(to, &from[rows], |value| value as i16),
            (BatchValues::Int32(to), Values::Whole(from)) => narrow(to, &from[rows], |value| value as i32),
            (BatchValues::Int64(to), Values::Whole(from)) => to.extend_from_slice(&from[rows]),
            (BatchValues::Float64(to), Values::Whole(from)) => narrow(to, &from[rows], |value| value as f64),
            (BatchValues::Float64(to), Values::Float(from)) => to.extend_from_slice(&from[rows]),
            (BatchValues::Utf8 { bytes, offsets }, Values::Text(from)) => add_text(bytes, offsets, from, rows),
            // The types come from what the blocks have seen, so that no block contradicts them.
            (_, Values::Whole(_) | Values::Float(_) | Values::Text(_)) => {}
        }
    }

    fn add_nulls(&mut self, nulls: &[u32], rows: &Range<usize>) {
        let inside = nulls.partition_point(|&row| (row as usize) < rows.start)
            ..nulls.partition_point(|&row| (row as usize) < rows.end);
        let mut next = rows.start;
        for &row in &nulls[inside] {
            self.nulls.append_n_non_nulls(row as usize - next);
            self.nulls.append_null();
            next = row as usize + 1;
        }
        self.nulls.append_n_non_nulls(rows.end - next);
    }

    fn take(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        let nulls = self.nulls.finish();
        match &mut self.values {
            BatchValues::Int8(values) => primitive::<Int8Type>(values, rows, nulls),
            BatchValues::Int16(values) => primitive::<Int16Type>(values, rows, nulls),
            BatchValues::Int32(values) => primitive::<Int32Type>(values, rows, nulls),
            BatchValues::Int64(values) => primitive::<Int64Type>(values, rows, nulls),
            BatchValues::Float64(values) => primitive::<Float64Type>(values, rows, nulls),
            BatchValues::Utf8 { bytes, offsets } => {
                let offsets = OffsetBuffer::new(std::mem::replace(offsets, vec![0]).into());
                let bytes = Buffer::from_vec(std::mem::take(bytes));
                Ok(Arc::new(StringArray::try_new(offsets, bytes, nulls)?))
            }
        }
    }
}

fn primitive<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    rows: usize,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError>
where
    T::Native: ArrowNativeType,
{
    let values = std::mem::replace(values, Vec::with_capacity(rows));
    Ok(Arc::new(PrimitiveArray::<T>::try_new(values.into(), nulls)?))
}

fn narrow<T>(to: &mut Vec<T>, from: &[i64], convert: impl Fn(i64) -> T) {
    to.extend(from.iter().map(|&value| convert(value)));
}

fn add_text(bytes: &mut Vec<u8>, offsets: &mut Vec<i32>, from: &TextValues, rows: Range<usize>) {
    let start = rows.start.checked_sub(1).map_or(0, |before| from.ends[before]);
    let end = rows.end.checked_sub(1).map_or(0, |last| from.ends[last]);
    let base = bytes.len();
    bytes.extend_from_slice(&from.bytes[start..end]);
    offsets.extend(from.ends[rows].iter().map(|&end| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_possible_wrap,
            reason = "a batch is far below 2 GiB"
        )]
        let offset = (base + end - start) as i32;
        offset
    }));
}
