//! Writes `data.arrow`, and hashes it as it goes.

use super::DatasetError;
use crate::artifact::HashingWriter;
use crate::csv::BatchSink;
use crate::stage::WrittenFile;
use arrow_array::RecordBatch;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, SchemaRef};
use camino::{Utf8Path, Utf8PathBuf};
use std::fs::File;
use std::io::{self, BufWriter};
use trainyard_contract::layout::DATASET_FILE;

/// Small pieces of metadata are gathered to this size; columns are written as they are.
const BUFFER_BYTES: usize = 64 << 10;

type Output = HashingWriter<BufWriter<File>>;

/// Writes a dataset's table. The same batches give the same bytes. Not synced: a consumer knows the digest.
pub struct DatasetWriter {
    path: Utf8PathBuf,
    name: &'static str,
    writer: Option<FileWriter<Output>>,
}

impl DatasetWriter {
    /// Writes `data.arrow` in `folder`.
    pub fn new(folder: &Utf8Path) -> Self {
        Self::named(folder, DATASET_FILE)
    }

    /// Writes the file `name` in `folder`.
    pub fn named(folder: &Utf8Path, name: &'static str) -> Self {
        Self {
            path: folder.join(name),
            name,
            writer: None,
        }
    }

    /// Writes the file's end.
    ///
    /// # Errors
    /// The workspace does not take it, or no table was begun.
    pub fn finish(mut self) -> Result<WrittenFile, DatasetError> {
        let output = self.take_writer()?.into_inner().map_err(|error| self.error(error))?;
        let (buffered, sha256, bytes) = output.finish();
        buffered
            .into_inner()
            .map_err(|error| self.write_error(error.into_error()))?;
        Ok(WrittenFile {
            name: self.name.to_owned(),
            sha256,
            bytes,
        })
    }

    fn take_writer(&mut self) -> Result<FileWriter<Output>, DatasetError> {
        let missing = || ArrowError::IpcError("no table was begun".to_owned());
        Ok(self.writer.take().ok_or_else(missing)?)
    }

    fn error(&self, error: ArrowError) -> DatasetError {
        match error {
            ArrowError::IoError(_, source) => self.write_error(source),
            error => DatasetError::Table(error),
        }
    }

    fn write_error(&self, source: io::Error) -> DatasetError {
        DatasetError::Write {
            path: self.path.clone(),
            source,
        }
    }
}

impl BatchSink for DatasetWriter {
    fn begin(&mut self, schema: &SchemaRef) -> Result<(), DatasetError> {
        // An earlier beginning is written over.
        let file = File::create(&self.path).map_err(|source| self.write_error(source))?;
        let output = HashingWriter::new(BufWriter::with_capacity(BUFFER_BYTES, file));
        self.writer = Some(FileWriter::try_new(output, schema).map_err(|error| self.error(error))?);
        Ok(())
    }

    fn take(&mut self, batch: RecordBatch) -> Result<(), DatasetError> {
        let mut writer = self.take_writer()?;
        let written = writer.write(&batch);
        self.writer = Some(writer);
        written.map_err(|error| self.error(error))
    }
}
