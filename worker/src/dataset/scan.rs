//! One pass over a whole dataset that checks its digest on the way.
//!
//! Threads ask for the next block, in order; all bytes up to its end are hashed in small pieces, and then its columns are read, which the
//! system has just had in its hands. So memory is what the columns take, however wide the table. What was computed from the blocks counts
//! only once [`Scan::finish`] has seen the digest.

use super::DatasetError;
use super::reader::DatasetReader;
use crate::artifact::hexadecimal;
use arrow_array::ArrayRef;
use sha2::{Digest, Sha256};
use std::sync::{Mutex, PoisonError};

/// Bytes hashed at a time.
const CHUNK: usize = 256 << 10;

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
    /// Where bytes are read to.
    chunk: Vec<u8>,
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
                chunk: vec![0; CHUNK],
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
        let number = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let number = state.next;
            let Some(place) = self.reader.place(number) else {
                return Ok(None);
            };
            state.hash_to(self.reader, place.end())?;
            state.next += 1;
            number
        };
        let columns = self.reader.read(number, &self.columns)?;
        Ok(Some(ScannedBlock { number, columns }))
    }

    /// Reads what is left of the file and checks its digest.
    ///
    /// # Errors
    /// The digest is another one ([`DatasetError::OtherDigest`]), or the file cannot be read.
    pub fn finish(self, sha256: &str) -> Result<(), DatasetError> {
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.hash_to(self.reader, self.reader.length())?;
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
    /// Hashes the file up to `end`.
    fn hash_to(&mut self, reader: &DatasetReader, end: u64) -> Result<(), DatasetError> {
        let whole = self.chunk.len() as u64;
        while self.position < end {
            let length = usize::try_from(whole.min(end - self.position)).unwrap_or(self.chunk.len());
            let chunk = &mut self.chunk[..length];
            reader.read_into(self.position, chunk)?;
            self.sha256.update(chunk);
            self.position += length as u64;
        }
        Ok(())
    }
}
