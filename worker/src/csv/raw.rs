//! The raw bytes of a file, hashed as they pass, with a look at what comes next.
//!
//! In: any reader. Out: [`Raw`], of which a decoder or the CSV reader reads, and at its end sha-256 and size.

use crate::artifact::hexadecimal;
use sha2::{Digest, Sha256};
use std::io::{self, BufRead, Read};

/// Bytes that are read ahead.
const AHEAD: usize = 128 << 10;
/// So many bytes [`Raw::peek`] gives, unless the file ends before.
pub(crate) const PEEK: usize = 4;

/// The raw bytes of a file.
pub(crate) struct Raw<R> {
    /// `None` at the end.
    rest: Option<R>,
    ahead: Vec<u8>,
    /// What was read ahead and not taken.
    start: usize,
    end: usize,
    sha256: Sha256,
    bytes: u64,
    /// The file itself could not be read: what a decoder says then is only a consequence.
    failed: bool,
}

impl<R: Read> Raw<R> {
    /// The bytes of `rest`.
    pub(crate) fn new(rest: R) -> Self {
        Self {
            rest: Some(rest),
            ahead: vec![0; AHEAD],
            ..Self::nothing()
        }
    }

    /// No byte.
    fn nothing() -> Self {
        Self {
            rest: None,
            ahead: Vec::new(),
            start: 0,
            end: 0,
            sha256: Sha256::new(),
            bytes: 0,
            failed: false,
        }
    }

    /// Takes the file out of a decoder.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::nothing())
    }

    /// What comes next: at least [`PEEK`] bytes, unless the file ends before.
    pub(crate) fn peek(&mut self) -> io::Result<&[u8]> {
        self.fill_buf()
    }

    /// How many bytes were taken.
    pub(crate) fn taken(&self) -> u64 {
        self.bytes - (self.end - self.start) as u64
    }

    /// How many bytes were read; at the end, the file's size.
    pub(crate) fn size(&self) -> u64 {
        self.bytes
    }

    /// The hexadecimal sha-256 of what was read.
    pub(crate) fn sha256(&self) -> String {
        hexadecimal(&self.sha256.clone().finalize())
    }

    /// Whether the file itself could not be read.
    pub(crate) fn failed(&self) -> bool {
        self.failed
    }
}

/// Reads into `buffer` from the file; 0 at its end.
fn read_hashed<R: Read>(
    rest: &mut Option<R>,
    (sha256, bytes, failed): (&mut Sha256, &mut u64, &mut bool),
    buffer: &mut [u8],
) -> io::Result<usize> {
    loop {
        match rest.as_mut().map_or(Ok(0), |rest| rest.read(buffer)) {
            Ok(0) => {
                // A terminal may go on after its end.
                *rest = None;
                return Ok(0);
            }
            Ok(count) => {
                sha256.update(&buffer[..count]);
                *bytes += count as u64;
                return Ok(count);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                *failed = true;
                return Err(error);
            }
        }
    }
}

impl<R: Read> Read for Raw<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.start == self.end && buffer.len() >= AHEAD {
            let noted = (&mut self.sha256, &mut self.bytes, &mut self.failed);
            return read_hashed(&mut self.rest, noted, buffer);
        }
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Raw<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.end - self.start < PEEK && self.rest.is_some() {
            self.ahead.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            let noted = (&mut self.sha256, &mut self.bytes, &mut self.failed);
            self.end += read_hashed(&mut self.rest, noted, &mut self.ahead[self.end..])?;
        }
        Ok(&self.ahead[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn a_look_ahead_takes_nothing() {
        // A chain gives three bytes, then two: a look reads over the border.
        let mut raw = Raw::new(Cursor::new(b"abc").chain(Cursor::new(b"de")));
        assert_eq!(raw.peek().ok(), Some(b"abcde".as_slice()));
        assert_eq!(raw.taken(), 0);
        let mut read = String::new();
        assert_eq!(raw.read_to_string(&mut read).ok(), Some(5));
        assert_eq!((read.as_str(), raw.taken(), raw.size()), ("abcde", 5, 5));
        assert_eq!(raw.peek().ok(), Some(b"".as_slice()));
        assert_eq!(raw.sha256()[..8], *"36bbe50e");
    }
}
