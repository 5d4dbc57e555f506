//! Tables as files for other programs: CSV, Parquet or Arrow, written whole or not at all.
//!
//! In: batches. Out: a file with its digest; the same batches give the same bytes. A writer that is dropped before it is
//! finished takes its file with it.
//!
//! A dataset's whole numbers are as narrow as its rows allow. Outside they are 64 bits wide, so that tomorrow's file has the types
//! of today's.

mod csv;
mod parquet;

pub use csv::CsvStream;

use crate::artifact::HashingWriter;
use crate::csv::BatchSink;
use crate::dataset::DatasetError;
use crate::stage::WrittenFile;
use ::parquet::arrow::ArrowWriter;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef};
use camino::Utf8PathBuf;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use trainyard_contract::stage::PredictionFormat;

/// Bytes that are gathered before they are written.
const BUFFER_BYTES: usize = 256 << 10;

/// What a file of a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// Text in UTF-8, `,` between cells, a line a row.
    Csv,
    /// Columns, compressed with snappy.
    Parquet,
    /// An Arrow IPC file, as `data.arrow` is.
    Arrow,
}

impl TableFormat {
    /// The format that the end of a file's name says.
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "parquet" | "pq" => Some(Self::Parquet),
            "arrow" | "feather" => Some(Self::Arrow),
            _ => None,
        }
    }
}

impl From<PredictionFormat> for TableFormat {
    fn from(format: PredictionFormat) -> Self {
        match format {
            PredictionFormat::Csv => Self::Csv,
            PredictionFormat::Parquet => Self::Parquet,
        }
    }
}

type Output = HashingWriter<BufWriter<File>>;

/// Writes one file.
pub struct TableFile {
    path: Utf8PathBuf,
    format: TableFormat,
    writer: Option<Writer>,
    /// A file stands at the path that is not whole.
    unfinished: bool,
}

enum Writer {
    Csv(csv::CsvRows<Output>),
    Parquet(Box<ArrowWriter<Output>>),
    Arrow(Box<FileWriter<Output>>),
}

impl TableFile {
    /// Will write the file at `path`.
    pub fn new(path: Utf8PathBuf, format: TableFormat) -> Self {
        Self {
            path,
            format,
            writer: None,
            unfinished: false,
        }
    }

    /// Writes the file's end and syncs it to the disk.
    ///
    /// # Errors
    /// The disk does not take it, or no table was begun.
    pub fn finish(mut self) -> Result<WrittenFile, DatasetError> {
        let output = match self.take_writer()? {
            Writer::Csv(rows) => rows.into_inner(),
            Writer::Parquet(writer) => writer.into_inner().map_err(|error| self.parquet_error(error))?,
            Writer::Arrow(writer) => writer.into_inner().map_err(|error| self.arrow_error(error))?,
        };
        let (buffered, sha256, bytes) = output.finish();
        let file = buffered
            .into_inner()
            .map_err(|error| self.write_error(error.into_error()))?;
        file.sync_all().map_err(|error| self.write_error(error))?;
        self.unfinished = false;
        Ok(WrittenFile {
            name: self.path.file_name().unwrap_or_default().to_owned(),
            sha256,
            bytes,
        })
    }

    fn take_writer(&mut self) -> Result<Writer, DatasetError> {
        let missing = || ArrowError::InvalidArgumentError("no table was begun".to_owned());
        Ok(self.writer.take().ok_or_else(missing)?)
    }

    fn write(&self, writer: &mut Writer, batch: &RecordBatch) -> Result<(), DatasetError> {
        match writer {
            Writer::Csv(rows) => rows.write(batch).map_err(|error| self.write_error(error)),
            Writer::Parquet(writer) => writer.write(batch).map_err(|error| self.parquet_error(error)),
            Writer::Arrow(writer) => writer.write(batch).map_err(|error| self.arrow_error(error)),
        }
    }

    fn arrow_error(&self, error: ArrowError) -> DatasetError {
        match error {
            ArrowError::IoError(_, source) => self.write_error(source),
            error => DatasetError::Table(error),
        }
    }

    fn parquet_error(&self, error: ::parquet::errors::ParquetError) -> DatasetError {
        match parquet::io_error(error) {
            Ok(source) => self.write_error(source),
            Err(problem) => DatasetError::Table(ArrowError::ParquetError(problem)),
        }
    }

    fn write_error(&self, source: io::Error) -> DatasetError {
        DatasetError::Write {
            path: self.path.clone(),
            source,
        }
    }
}

impl BatchSink for TableFile {
    fn begin(&mut self, schema: &SchemaRef) -> Result<(), DatasetError> {
        let schema = &wide_schema(schema);
        // An earlier beginning is written over.
        self.writer = None;
        let file = File::create(&self.path).map_err(|source| self.write_error(source))?;
        self.unfinished = true;
        let mut output = HashingWriter::new(BufWriter::with_capacity(BUFFER_BYTES, file));
        self.writer = Some(match self.format {
            TableFormat::Csv => {
                let header = csv::header(schema);
                output
                    .write_all(header.as_bytes())
                    .map_err(|source| self.write_error(source))?;
                Writer::Csv(csv::CsvRows::new(output))
            }
            TableFormat::Parquet => {
                let writer = parquet::writer(output, schema).map_err(|error| self.parquet_error(error))?;
                Writer::Parquet(Box::new(writer))
            }
            TableFormat::Arrow => {
                let writer = FileWriter::try_new(output, schema).map_err(|error| self.arrow_error(error))?;
                Writer::Arrow(Box::new(writer))
            }
        });
        Ok(())
    }

    fn take(&mut self, batch: RecordBatch) -> Result<(), DatasetError> {
        let mut writer = self.take_writer()?;
        let written = wide(&batch).and_then(|batch| self.write(&mut writer, &batch));
        self.writer = Some(writer);
        written
    }
}

/// The schema with whole numbers of 64 bits.
fn wide_schema(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        if field.data_type().is_signed_integer() {
            Arc::new(field.as_ref().clone().with_data_type(DataType::Int64))
        } else {
            Arc::clone(field)
        }
    });
    Arc::new(Schema::new_with_metadata(
        fields.collect::<Vec<_>>(),
        schema.metadata().clone(),
    ))
}

fn wide(batch: &RecordBatch) -> Result<RecordBatch, DatasetError> {
    let schema = wide_schema(batch.schema_ref());
    let columns = batch.columns().iter().map(|column| -> ArrayRef {
        match column.data_type() {
            DataType::Int8 => Arc::new(column.as_primitive::<Int8Type>().unary::<_, Int64Type>(i64::from)),
            DataType::Int16 => Arc::new(column.as_primitive::<Int16Type>().unary::<_, Int64Type>(i64::from)),
            DataType::Int32 => Arc::new(column.as_primitive::<Int32Type>().unary::<_, Int64Type>(i64::from)),
            _ => Arc::clone(column),
        }
    });
    Ok(RecordBatch::try_new(schema, columns.collect())?)
}

impl Drop for TableFile {
    fn drop(&mut self) {
        if self.unfinished {
            // Whoever looks into the folder must not take it for a table. Where even that fails, nothing more can be done.
            let _ = fs::remove_file(&self.path);
        }
    }
}
