//! Files with their digests: hashed while they are written or read, so that nothing is read twice.

use crate::StageError;
use crate::stage::WrittenFile;
use camino::Utf8Path;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write};

/// Bytes read at a time: large enough for the disk, small enough for the second-level cache.
const CHUNK_BYTES: usize = 256 * 1024;

/// Hashes what passes through it to `W`.
pub struct HashingWriter<W> {
    inner: W,
    digest: Sha256,
    bytes: u64,
}

impl<W: Write> HashingWriter<W> {
    /// Hands everything on to `inner`.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            digest: Sha256::new(),
            bytes: 0,
        }
    }

    /// The inner writer, the hexadecimal sha-256 of what was written and how many bytes that were.
    pub fn finish(self) -> (W, String, u64) {
        (self.inner, hexadecimal(&self.digest.finalize()), self.bytes)
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.digest.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writes a new file `name` with `contents` into `folder` and syncs it to the disk.
pub fn write_file(folder: &Utf8Path, name: &str, contents: &[u8]) -> Result<WrittenFile, StageError> {
    let path = folder.join(name);
    let failed = |cause| StageError::workspace(&format!("write `{path}`"), cause);
    let mut file = File::create_new(&path).map_err(failed)?;
    file.write_all(contents).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    Ok(WrittenFile {
        name: name.to_owned(),
        sha256: hexadecimal(&Sha256::digest(contents)),
        bytes: contents.len() as u64,
    })
}

/// The hexadecimal sha-256 of the file at `path`, and its size.
pub fn hash_file(path: &Utf8Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut bytes = 0;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = match file.read(&mut chunk) {
            Ok(0) => return Ok((hexadecimal(&digest.finalize()), bytes)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        digest.update(&chunk[..read]);
        bytes += read as u64;
    }
}

/// A digest as people and JSON see it.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_digest_is_the_same_written_hashed_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let written = write_file(folder, "a", b"abc").unwrap();
        assert_eq!((written.sha256.as_str(), written.bytes), (ABC, 3));
        assert_eq!(hash_file(&folder.join("a")).unwrap(), (ABC.to_owned(), 3));
        let mut writer = HashingWriter::new(Vec::new());
        writer.write_all(b"ab").unwrap();
        writer.write_all(b"c").unwrap();
        assert_eq!(writer.finish(), (b"abc".to_vec(), ABC.to_owned(), 3));
    }

    #[test]
    fn a_file_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        write_file(folder, "a", b"first").unwrap();
        let error = write_file(folder, "a", b"second").unwrap_err();
        assert!(error.message().contains("/a`"), "{error}");
        assert_eq!(std::fs::read(folder.join("a")).unwrap(), b"first");
    }
}
