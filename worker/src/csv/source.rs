//! The file below a CSV table: decompressed, and hashed as it lies there.
//!
//! In: an open file, or bytes in memory. Out: [`Input`], whose bytes are those of the CSV, and at its end the sha-256 and size
//! of the raw file.
//!
//! Not here: where it is (`crate::source`), what it is compressed with (`unpack.rs`).

use super::error::CsvError;
use super::raw::Raw;
use super::unpack::{UnpackError, Unpacked};
use super::word::FileName;
use crate::source::SourceError;
use std::io::Read;
use trainyard_contract::dataset::SourcePart;

/// Bytes that are read at a time where nobody wants the text.
const SKIP_BYTES: usize = 64 << 10;

/// The bytes of a CSV table.
pub(crate) struct Input<R: Read> {
    name: String,
    text: Unpacked<R>,
}

impl<R: Read> Input<R> {
    /// The CSV bytes of `raw`, whatever it is compressed with. `name` stands in messages.
    pub(crate) fn new(raw: R, name: &str) -> Result<Self, CsvError> {
        let text = Unpacked::new(Raw::new(raw)).map_err(|source| SourceError::Read {
            name: FileName::new(name),
            source,
        })?;
        Ok(Self {
            name: name.to_owned(),
            text,
        })
    }

    /// The file as people know it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Reads into `buffer` until it is full or the file is at its end; says how many bytes came.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, CsvError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.text.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) => return Err(self.error(error)),
            }
        }
        Ok(filled)
    }

    /// Reads a compressed file on to its end, to know whether it is whole; asks `go_on` now and then. Of a plain file nothing
    /// can be known.
    pub(crate) fn check_rest(&mut self, go_on: &dyn Fn() -> bool) -> Result<(), CsvError> {
        if !self.text.is_packed() {
            return Ok(());
        }
        let mut skipped = vec![0; SKIP_BYTES];
        while self.fill(&mut skipped)? == SKIP_BYTES {
            if !go_on() {
                return Err(CsvError::Stopped);
            }
        }
        Ok(())
    }

    fn error(&self, error: UnpackError) -> CsvError {
        let name = FileName::new(&self.name);
        match error {
            UnpackError::Read(source) => SourceError::Read { name, source }.into(),
            UnpackError::Damaged(damage, source) => CsvError::Damaged { name, damage, source },
        }
    }

    /// What the raw file is. To be asked at its end.
    pub(crate) fn describe(&self, first_row: u64) -> SourcePart {
        let raw = self.text.raw();
        SourcePart {
            name: self.name.clone(),
            sha256: raw.sha256(),
            bytes: raw.size(),
            first_row,
        }
    }
}
