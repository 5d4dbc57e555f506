//! One pass over a whole dataset that checks its digest on the way.
//!
//! Threads ask for the next block, in order; the file's bytes are hashed as they are read, so that the consumer's first pass
//! costs no second reading. What was computed from the blocks counts only once [`Scan::finish`] has seen the digest.

use super::DatasetError;
use super::reader::DatasetReader;
use crate::artifact::hexadecimal;
use arrow_array::ArrayRef;
use arrow_buffer::Buffer;
use sha2::{Digest, Sha256};
use std::sync::{Mutex, PoisonError};

/// Bytes read at a time where no block is decoded from them.
const CHUNK: u64 = 256 << 10;

/// A pass over a dataset.
pub struct Scan<'a> {
    reader: &'a DatasetReader,
    columns: Vec<usize>,
    state: Mutex<ScanState>,
}

struct ScanState {
    next: usize,
    /// Everything before this is hashed.
    position: u64,
    sha256: Sha256,
}

/// A block of a pass.
pub struct ScannedBlock {
    /// Its number, from 0.
    pub number: usize,
    /// The columns that the pass is about, in the order in which they were asked for.
    pub columns: Vec<ArrayRef>,
}

impl DatasetReader {
    /// A pass over all blocks that reads `columns`.
    pub fn scan(&self, columns: &[usize]) -> Scan<'_> {
        Scan {
            reader: self,
            columns: columns.to_vec(),
            state: Mutex::new(ScanState {
                next: 0,
                position: 0,
                sha256: Sha256::new(),
            }),
        }
    }

    /// Checks the digest and nothing else.
    ///
    /// # Errors
    /// The digest is another one ([`DatasetError::OtherDigest`]), or the file cannot be read.
    pub fn verify(&self, sha256: &str) -> Result<(), DatasetError> {
        self.scan(&[]).finish(sha256)
    }
}

impl Scan<'_> {
    /// The next block; `None` at the end. May be asked from several threads.
    ///
    /// # Errors
    /// The file cannot be read, or is not whole.
    pub fn next(&self) -> Result<Option<ScannedBlock>, DatasetError> {
        let (number, place, bytes, start) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(place) = self.reader.place(state.next) else {
                return Ok(None);
            };
            let number = state.next;
            let start = place.offset - state.position;
            let bytes = state.read_to(self.reader, place.end())?;
            state.next += 1;
            (number, place, bytes, start)
        };
        let Ok(start) = usize::try_from(start) else {
            return Err(self.reader.broken("its blocks are too far apart"));
        };
        let body = start + place.metadata;
        let columns = self.reader.decode(&bytes[start..body], &self.columns, |piece| {
            if piece.end > place.body {
                return Err(self.reader.broken("a buffer ends behind its block"));
            }
            Ok(bytes.slice_with_length(body + piece.start, piece.len()))
        })?;
        Ok(Some(ScannedBlock { number, columns }))
    }

    /// Reads what is left of the file and checks its digest.
    ///
    /// # Errors
    /// The digest is another one ([`DatasetError::OtherDigest`]), or the file cannot be read.
    pub fn finish(self, sha256: &str) -> Result<(), DatasetError> {
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        while state.position < self.reader.length() {
            let end = self.reader.length().min(state.position + CHUNK);
            state.read_to(self.reader, end)?;
        }
        let found = hexadecimal(&state.sha256.finalize());
        if found.eq_ignore_ascii_case(sha256) {
            Ok(())
        } else {
            Err(DatasetError::OtherDigest {
                path: self.reader.path().to_owned(),
                found,
                expected: sha256.to_owned(),
            })
        }
    }
}

impl ScanState {
    fn read_to(&mut self, reader: &DatasetReader, end: u64) -> Result<Buffer, DatasetError> {
        let too_long = |_| reader.broken("a block is too long");
        let length = usize::try_from(end - self.position).map_err(too_long)?;
        let bytes = reader.read_at(self.position, length)?;
        self.sha256.update(&bytes);
        self.position = end;
        Ok(bytes)
    }
}
