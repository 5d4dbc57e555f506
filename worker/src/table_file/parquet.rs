//! How Parquet is written: the same rows give the same bytes, in memory that does not grow with them.

use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use std::io::{self, Write};

/// Rows of a row group: it is held in memory, encoded, until it is whole.
const GROUP_ROWS: usize = 128 << 10;
/// Bytes of a row group, where rows are wide.
const GROUP_BYTES: usize = 32 << 20;

/// Begins a file.
pub(super) fn writer<W: Write + Send>(output: W, schema: &SchemaRef) -> Result<ArrowWriter<W>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_max_row_group_bytes(Some(GROUP_BYTES))
        .build();
    ArrowWriter::try_new(output, SchemaRef::clone(schema), Some(properties))
}

/// What the system said, if it did; else what the library says.
pub(super) fn io_error(error: ParquetError) -> std::result::Result<io::Error, String> {
    match error {
        ParquetError::External(source) => source
            .downcast::<io::Error>()
            .map(|source| *source)
            .map_err(|source| source.to_string()),
        other => Err(other.to_string()),
    }
}
