//! The file below a CSV table: opened, decompressed, and hashed as it lies there.
//!
//! In: a path, or bytes in memory. Out: [`Input`], whose bytes are those of the CSV, and at its end the sha-256 and size of
//! the raw file. gzip and zstd are known by their first bytes; several members or frames one after another are one table.

use super::error::CsvError;
use crate::artifact::hexadecimal;
use camino::Utf8Path;
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileTypeExt;
use trainyard_contract::dataset::DatasetSource;
use trainyard_contract::stage::ExtractSpec;
use zstd::stream::read::Decoder as ZstdDecoder;

/// Bytes read from the raw file at a time, where a decoder stands between.
const RAW_BUFFER: usize = 128 << 10;
/// The longest of the known first bytes.
const MAGIC_MAX: usize = 4;

/// The bytes of a CSV table.
pub(crate) struct Input<R: Read> {
    name: String,
    stream: Stream<R>,
}

enum Stream<R: Read> {
    Plain(Raw<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Raw<R>>>>),
    Zstd(Box<ZstdDecoder<'static, BufReader<Raw<R>>>>),
}

/// The raw bytes, hashed as they pass.
struct Raw<R> {
    /// The first bytes, which were read to know the format and come again.
    first: Vec<u8>,
    first_read: usize,
    rest: R,
    sha256: Sha256,
    bytes: u64,
    /// The raw file itself could not be read: what a decoder says then is only a consequence.
    failed: bool,
}

/// Opens the regular file at `path`.
///
/// # Errors
/// The file is missing, is no regular file, or may not be read.
pub(crate) fn open(path: &Utf8Path, name: &str) -> Result<File, CsvError> {
    // A pipe would make opening wait for a writer, so what stands there is looked at first.
    let kind = std::fs::metadata(path)
        .map_err(|source| open_error(path, name, source))?
        .file_type();
    let what = if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_file() {
        return File::open(path).map_err(|source| open_error(path, name, source));
    } else {
        "a device or socket"
    };
    Err(CsvError::NotAFile {
        name: name.to_owned(),
        what,
    })
}

fn open_error(path: &Utf8Path, name: &str, source: io::Error) -> CsvError {
    let (name, path) = (name.to_owned(), path.to_owned());
    match source.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::InvalidFilename
        | io::ErrorKind::InvalidInput => CsvError::Missing { name, path },
        io::ErrorKind::PermissionDenied => CsvError::Forbidden { name, path, source },
        _ => CsvError::Read { name, source },
    }
}

impl<R: Read> Input<R> {
    /// The CSV bytes of `raw`, whatever it is compressed with. `name` stands in messages.
    pub(crate) fn new(mut raw: R, name: &str) -> Result<Self, CsvError> {
        let read_error = |source| CsvError::Read {
            name: name.to_owned(),
            source,
        };
        let mut first = Vec::with_capacity(MAGIC_MAX);
        raw.by_ref()
            .take(MAGIC_MAX as u64)
            .read_to_end(&mut first)
            .map_err(read_error)?;
        let mut sha256 = Sha256::new();
        sha256.update(&first);
        let (gzip, zstd) = (is_gzip(&first), is_zstd(&first));
        let raw = Raw {
            bytes: first.len() as u64,
            first,
            first_read: 0,
            rest: raw,
            sha256,
            failed: false,
        };
        let stream = if gzip {
            Stream::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(RAW_BUFFER, raw))))
        } else if zstd {
            let buffered = BufReader::with_capacity(RAW_BUFFER, raw);
            Stream::Zstd(Box::new(ZstdDecoder::with_buffer(buffered).map_err(read_error)?))
        } else {
            Stream::Plain(raw)
        };
        Ok(Self {
            name: name.to_owned(),
            stream,
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
            match self.stream.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error(error)),
            }
        }
        Ok(filled)
    }

    fn error(&self, source: io::Error) -> CsvError {
        let name = self.name.clone();
        let format = match &self.stream {
            Stream::Gzip(_) => "gzip",
            Stream::Zstd(_) => "zstd",
            Stream::Plain(_) => return CsvError::Read { name, source },
        };
        if self.stream.raw().failed {
            return CsvError::Read { name, source };
        }
        let problem = match source.kind() {
            io::ErrorKind::UnexpectedEof => "ends too early",
            _ => "is damaged, or something else follows it",
        };
        CsvError::Broken {
            name,
            format,
            problem,
            source,
        }
    }

    /// What the raw file is. To be asked at its end. How it was asked to be read, only the stage knows.
    pub(crate) fn describe(&self) -> DatasetSource {
        let raw = self.stream.raw();
        DatasetSource {
            name: self.name.clone(),
            sha256: hexadecimal(&raw.sha256.clone().finalize()),
            bytes: raw.bytes,
            extract: ExtractSpec::default(),
        }
    }
}

fn is_gzip(first: &[u8]) -> bool {
    first.starts_with(&[0x1F, 0x8B])
}

/// A frame, or a skippable frame, with which some writers begin.
fn is_zstd(first: &[u8]) -> bool {
    first == [0x28, 0xB5, 0x2F, 0xFD] || matches!(first, [0x50..=0x5F, 0x2A, 0x4D, 0x18])
}

impl<R: Read> Stream<R> {
    fn raw(&self) -> &Raw<R> {
        match self {
            Self::Plain(raw) => raw,
            Self::Gzip(decoder) => decoder.get_ref().get_ref(),
            Self::Zstd(decoder) => decoder.get_ref().get_ref(),
        }
    }
}

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(raw) => raw.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        }
    }
}

impl<R: Read> Read for Raw<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.first_read < self.first.len() {
            let count = buffer.len().min(self.first.len() - self.first_read);
            buffer[..count].copy_from_slice(&self.first[self.first_read..self.first_read + count]);
            self.first_read += count;
            return Ok(count);
        }
        match self.rest.read(buffer) {
            Ok(count) => {
                self.sha256.update(&buffer[..count]);
                self.bytes += count as u64;
                Ok(count)
            }
            Err(error) => {
                self.failed |= error.kind() != io::ErrorKind::Interrupted;
                Err(error)
            }
        }
    }
}
