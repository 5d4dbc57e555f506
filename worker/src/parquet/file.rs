//! A Parquet file as the library reads it: pieces from any place, by any thread, and its digest.
//!
//! The library's own way with files moves one place that all threads share.

use super::ParquetError;
use crate::artifact::hexadecimal;
use crate::csv::FileName;
use crate::source::{NamedPlace, SourceError};
use bytes::Bytes;
use parquet::errors::{ParquetError as LibraryError, Result as LibraryResult};
use parquet::file::reader::{ChunkReader, Length};
use sha2::{Digest, Sha256};
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// The first and the last bytes of a Parquet file.
const MAGIC: &[u8; 4] = b"PAR1";
/// The last bytes of one whose footer is encrypted.
const ENCRYPTED: &[u8; 4] = b"PARE";
/// Both marks, and the length of the footer.
const BYTES_MIN: u64 = 12;
/// Bytes that are hashed at a time.
const CHUNK_BYTES: usize = 256 << 10;
/// Bytes that are read ahead where the library reads in small steps: the headers of pages.
const AHEAD_BYTES: usize = 4 << 10;

/// An open Parquet file.
#[derive(Clone)]
pub(super) struct OpenFile {
    file: Arc<File>,
    pub(super) name: String,
    length: u64,
    /// Why the file itself could not be read: what the library says then is only a consequence, and has lost the cause.
    failure: Arc<Mutex<Option<io::Error>>>,
}

impl OpenFile {
    /// Opens `place` and looks at its first and last bytes.
    pub(super) fn open(place: &NamedPlace) -> Result<Self, ParquetError> {
        let file = place.open()?;
        let opened = Self {
            length: file.metadata().map_err(|source| read_error(&place.name, source))?.len(),
            file: Arc::new(file),
            name: place.name.clone(),
            failure: Arc::default(),
        };
        opened.check_marks()?;
        Ok(opened)
    }

    fn check_marks(&self) -> Result<(), ParquetError> {
        let name = || FileName::new(&self.name);
        if self.length == 0 {
            return Err(ParquetError::Empty { name: name() });
        }
        let first = self.mark_at(0)?;
        if first != *MAGIC {
            let (what, advice) = what_it_is(first);
            return Err(ParquetError::Foreign {
                name: name(),
                what,
                advice,
            });
        }
        let last = self.mark_at(self.length.saturating_sub(4))?;
        if last == *ENCRYPTED {
            return Err(ParquetError::Unknown {
                name: name(),
                problem: "it is encrypted".to_owned(),
            });
        }
        if self.length < BYTES_MIN || last != *MAGIC {
            return Err(ParquetError::Damaged {
                name: name(),
                problem: "its end is missing".to_owned(),
            });
        }
        Ok(())
    }

    fn mark_at(&self, offset: u64) -> Result<[u8; 4], ParquetError> {
        let mut mark = [0; 4];
        let there = usize::try_from(self.length - offset).unwrap_or(4).min(4);
        self.file
            .read_exact_at(&mut mark[..there], offset)
            .map_err(|source| read_error(&self.name, source))?;
        Ok(mark)
    }

    /// The hexadecimal sha-256 of the file and its size; asks `go_on` now and then.
    pub(super) fn digest(&self, go_on: &dyn Fn() -> bool) -> Result<(String, u64), ParquetError> {
        let failed = |source| read_error(&self.name, source);
        let before = self.file.metadata().map_err(failed)?;
        let mut sha256 = Sha256::new();
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut position = 0;
        loop {
            if !go_on() {
                return Err(ParquetError::Stopped);
            }
            let read = match self.file.read_at(&mut chunk, position) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed(error)),
            };
            sha256.update(&chunk[..read]);
            position += read as u64;
        }
        let after = self.file.metadata().map_err(failed)?;
        if position != self.length || stamp(&before) != stamp(&after) {
            return Err(self.changed());
        }
        Ok((hexadecimal(&sha256.finalize()), position))
    }

    /// What the library gives; where it panics over a damaged file, that the file is damaged.
    pub(super) fn caught<T>(&self, read: impl FnOnce() -> LibraryResult<T>) -> Result<T, ParquetError> {
        let read = match catch_unwind(AssertUnwindSafe(read)) {
            Ok(read) => read.map_err(|error| ParquetError::of_library(&self.name, error)),
            Err(_) => Err(ParquetError::undecodable(&self.name)),
        };
        read.map_err(|error| {
            let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
            failure.map_or(error, |source| read_error(&self.name, source))
        })
    }

    /// What changes when somebody writes into the file.
    pub(super) fn stamp(&self) -> Result<Stamp, ParquetError> {
        let metadata = self.file.metadata();
        Ok(stamp(&metadata.map_err(|source| read_error(&self.name, source))?))
    }

    pub(super) fn changed(&self) -> ParquetError {
        ParquetError::Changed {
            name: FileName::new(&self.name),
        }
    }
}

/// Which file it is, its size, and when it was last written.
pub(super) type Stamp = (u64, u64, u64, i64, i64);

fn stamp(metadata: &Metadata) -> Stamp {
    (
        metadata.dev(),
        metadata.ino(),
        metadata.len(),
        metadata.mtime(),
        metadata.mtime_nsec(),
    )
}

fn read_error(name: &str, source: io::Error) -> ParquetError {
    let name = FileName::new(name);
    SourceError::Read { name, source }.into()
}

fn what_it_is(first: [u8; 4]) -> (&'static str, &'static str) {
    match first {
        [0x1F, 0x8B, ..] => (
            "is compressed with gzip, not a Parquet file",
            "Parquet compresses inside: unpack the file, or read a CSV file with extract.csv",
        ),
        [0x28, 0xB5, 0x2F, 0xFD] => (
            "is compressed with zstd, not a Parquet file",
            "Parquet compresses inside: unpack the file, or read a CSV file with extract.csv",
        ),
        [b'A', b'R', b'R', b'O'] => (
            "is an Arrow file, not a Parquet file",
            "write it as Parquet, for example with pandas: read_feather(…).to_parquet(…)",
        ),
        [b'P', b'K', 3, 4] => (
            "is a zip archive or a file of Excel, not a Parquet file",
            "write it as Parquet, for example with pandas: read_excel(…).to_parquet(…)",
        ),
        [b'P', b'A', b'R', b'E'] => (
            "is an encrypted Parquet file",
            "decrypt it: Trainyard holds no keys of data",
        ),
        _ => (
            "is not a Parquet file: it does not begin with PAR1",
            "read a CSV file with extract.csv instead of extract.parquet",
        ),
    }
}

impl Length for OpenFile {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for OpenFile {
    type T = BufReader<FromPlace>;

    fn get_read(&self, start: u64) -> LibraryResult<Self::T> {
        let reader = FromPlace {
            file: Arc::clone(&self.file),
            position: start,
            failure: Arc::clone(&self.failure),
        };
        Ok(BufReader::with_capacity(AHEAD_BYTES, reader))
    }

    fn get_bytes(&self, start: u64, length: usize) -> LibraryResult<Bytes> {
        // A length out of a damaged file must not be believed before memory is taken for it.
        if start.checked_add(length as u64).is_none_or(|end| end > self.length) {
            return Err(LibraryError::EOF("a part of it lies behind its end".to_owned()));
        }
        let mut bytes = vec![0; length];
        let read = self.file.read_exact_at(&mut bytes, start);
        read.map_err(|error| noted(&self.failure, error))?;
        Ok(bytes.into())
    }
}

/// Reads on from a place of its own.
pub(super) struct FromPlace {
    file: Arc<File>,
    position: u64,
    failure: Arc<Mutex<Option<io::Error>>>,
}

/// Keeps why the file could not be read. That it ends too early is not such a reason.
fn noted(failure: &Mutex<Option<io::Error>>, error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return error;
    }
    let told = io::Error::new(error.kind(), error.to_string());
    *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    told
}

impl Read for FromPlace {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.position);
        let read = read.map_err(|error| noted(&self.failure, error))?;
        self.position += read as u64;
        Ok(read)
    }
}
