//! The file below a CSV table: opened, decompressed, and hashed as it lies there.
//!
//! In: a [`Place`], or bytes in memory. Out: [`Input`], whose bytes are those of the CSV, and at its end the sha-256 and size
//! of the raw file.
//!
//! Not here: what it is compressed with (`unpack.rs`).

use super::error::CsvError;
use super::raw::Raw;
use super::unpack::{UnpackError, Unpacked};
use super::word::FileName;
use camino::Utf8Path;
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;
use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use trainyard_contract::dataset::DatasetSource;
use trainyard_contract::stage::ExtractSpec;

/// Bytes that are read at a time where nobody wants the text.
const SKIP_BYTES: usize = 64 << 10;

/// The bytes of a CSV table.
pub(crate) struct Input<R: Read> {
    name: String,
    text: Unpacked<R>,
}

/// Where a file is, and how far its path may lead.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// Anywhere on the machine.
    Anywhere(&'a Utf8Path),
    /// Below a folder: neither `..` nor a link may lead out of it. What is beside the workspace of a pod (its environment, its
    /// mounts) is not for who merely chooses a path.
    Below {
        /// The folder.
        folder: &'a Utf8Path,
        /// The path in it.
        path: &'a Utf8Path,
    },
}

/// Opens the regular file at `place`.
///
/// # Errors
/// The file is missing, is no regular file, lies outside of its folder, or may not be read.
pub(crate) fn open(place: Place<'_>, name: &str) -> Result<File, CsvError> {
    match place {
        Place::Anywhere(path) => {
            let failed = |source| open_error(path, name, source);
            // A pipe would make opening wait for a writer, so what stands there is looked at first.
            be_a_file(fs::metadata(path).map_err(failed)?.file_type(), name)?;
            File::open(path).map_err(failed)
        }
        Place::Below { folder, path } => {
            let failed = |source: io::Error| match Errno::from_io_error(&source) {
                Some(Errno::XDEV) => CsvError::Outside {
                    name: FileName::new(name),
                },
                _ => open_error(&folder.join(path), name, source),
            };
            let file = open_below(folder, path).map_err(failed)?;
            be_a_file(file.metadata().map_err(failed)?.file_type(), name)?;
            Ok(file)
        }
    }
}

/// Opens what is at `path` below `folder`, in one step, so that no link can be put in between; a pipe without waiting for its
/// writer. `EXDEV` where the path leads out.
fn open_below(folder: &Utf8Path, path: &Utf8Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = openat2(
        &File::open(folder)?,
        path.as_std_path(),
        flags,
        Mode::empty(),
        ResolveFlags::BENEATH,
    );
    match opened {
        Ok(file) => Ok(File::from(file)),
        // A sandbox that emulates the kernel: two steps, with the same answer where nobody changes links meanwhile.
        Err(Errno::NOSYS) => {
            let real = folder.join(path).canonicalize_utf8()?;
            if !real.starts_with(folder.canonicalize_utf8()?) {
                return Err(Errno::XDEV.into());
            }
            rustix::fs::open(real.as_std_path(), flags, Mode::empty())
                .map(File::from)
                .map_err(io::Error::from)
        }
        Err(errno) => Err(errno.into()),
    }
}

fn be_a_file(kind: FileType, name: &str) -> Result<(), CsvError> {
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else {
        "a device or socket"
    };
    Err(CsvError::NotAFile {
        name: FileName::new(name),
        what,
    })
}

fn open_error(path: &Utf8Path, name: &str, source: io::Error) -> CsvError {
    let (name, path) = (FileName::new(name), path.to_owned());
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
    pub(crate) fn new(raw: R, name: &str) -> Result<Self, CsvError> {
        let text = Unpacked::new(Raw::new(raw)).map_err(|source| CsvError::Read {
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
            UnpackError::Read(source) => CsvError::Read { name, source },
            UnpackError::Damaged(damage, source) => CsvError::Damaged { name, damage, source },
        }
    }

    /// What the raw file is. To be asked at its end. How it was asked to be read, only the stage knows.
    pub(crate) fn describe(&self) -> DatasetSource {
        let raw = self.text.raw();
        DatasetSource {
            name: self.name.clone(),
            sha256: raw.sha256(),
            bytes: raw.size(),
            extract: ExtractSpec::default(),
        }
    }
}
