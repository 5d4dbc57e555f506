//! The text of a file out of what it is compressed with.
//!
//! In: [`Raw`] bytes. Out: the text, or what is wrong with its shell. gzip and zstd are known by their first bytes; members
//! or frames one after another are one text, and anything else behind the last of them is refused, not skipped.

use super::raw::Raw;
use flate2::bufread::GzDecoder;
use std::fmt;
use std::io::{self, Read};
use zstd::stream::read::Decoder as ZstdDecoder;

/// A text and its shell.
pub(crate) enum Unpacked<R: Read> {
    Plain(Raw<R>),
    /// The member that is read now.
    Gzip(Box<GzDecoder<Raw<R>>>),
    /// The frame that is read now.
    Zstd(Box<ZstdDecoder<'static, Raw<R>>>),
}

/// Why the text ends.
#[derive(Debug)]
pub(crate) enum UnpackError {
    /// The file could not be read.
    Read(io::Error),
    /// The shell is broken; the cause is what its decoder says.
    Damaged(Damage, Option<io::Error>),
}

/// What is wrong with compressed data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// `gzip` or `zstd`.
    pub format: &'static str,
    /// What is wrong.
    pub kind: DamageKind,
}

/// The ways in which compressed data is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// The file ends inside it.
    EndsEarly,
    /// It decompresses to something else than what was compressed.
    Checksum,
    /// It does not decompress.
    Undecodable,
    /// It was compressed in a way that takes too much memory.
    TooMuchMemory,
    /// Something else stands behind it.
    Followed {
        /// How many bytes of the file are good.
        good_bytes: u64,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = self.format;
        match self.kind {
            DamageKind::EndsEarly => write!(f, "is damaged: its {format} data ends too early"),
            DamageKind::Checksum => write!(f, "is damaged: its {format} checksum does not match"),
            DamageKind::Undecodable => write!(f, "is damaged: its {format} data does not decompress"),
            DamageKind::TooMuchMemory => write!(f, "needs more than 128 MiB of memory to decompress"),
            DamageKind::Followed { good_bytes } => write!(
                f,
                "is damaged: something else follows its {format} data, which ends after {good_bytes} bytes"
            ),
        }
    }
}

impl Damage {
    /// What to do about it.
    pub(crate) fn hint(&self) -> String {
        match self.kind {
            DamageKind::EndsEarly => "copy or compress the file again; its transfer was probably cut off".to_owned(),
            DamageKind::Checksum | DamageKind::Undecodable => {
                "copy or compress the file again; some of its bytes are not what they were".to_owned()
            }
            DamageKind::TooMuchMemory => "compress the file again without `--long` and `--ultra`".to_owned(),
            DamageKind::Followed { good_bytes } => {
                format!("look at what was written behind it; `head -c {good_bytes}` gives the file without that")
            }
        }
    }
}

impl<R: Read> Unpacked<R> {
    /// Begins the text of `raw`.
    pub(crate) fn new(mut raw: Raw<R>) -> io::Result<Self> {
        let next = raw.peek()?;
        let (gzip, zstd) = (is_gzip(next), is_zstd(next));
        Ok(if gzip {
            Self::Gzip(Box::new(GzDecoder::new(raw)))
        } else if zstd {
            Self::Zstd(Box::new(zstd_frame(raw)?))
        } else {
            Self::Plain(raw)
        })
    }

    /// Reads some of the text; 0 bytes at its end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, UnpackError> {
        loop {
            let read = match self {
                Self::Plain(raw) => return raw.read(buffer).map_err(UnpackError::Read),
                Self::Gzip(decoder) => decoder.read(buffer),
                Self::Zstd(decoder) => decoder.read(buffer),
            };
            match read {
                Ok(0) if buffer.is_empty() || !self.next_part()? => return Ok(0),
                Ok(0) => {}
                Ok(read) => return Ok(read),
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    /// The file below.
    pub(crate) fn raw(&self) -> &Raw<R> {
        match self {
            Self::Plain(raw) => raw,
            Self::Gzip(decoder) => decoder.get_ref(),
            Self::Zstd(decoder) => decoder.get_ref(),
        }
    }

    /// Whether the text is compressed.
    pub(crate) fn is_packed(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }

    fn format(&self) -> &'static str {
        match self {
            Self::Plain(_) => "plain",
            Self::Gzip(_) => "gzip",
            Self::Zstd(_) => "zstd",
        }
    }

    /// Goes on with the next member or frame; `false` at the end of the file.
    fn next_part(&mut self) -> Result<bool, UnpackError> {
        let (raw, is_part): (_, fn(&[u8]) -> bool) = match self {
            Self::Plain(_) => return Ok(false),
            Self::Gzip(decoder) => (decoder.get_mut(), is_gzip),
            Self::Zstd(decoder) => (decoder.get_mut(), is_zstd),
        };
        let good_bytes = raw.taken();
        let next = raw.peek().map_err(UnpackError::Read)?;
        if next.is_empty() {
            return Ok(false);
        }
        if !is_part(next) {
            return Err(self.damaged(DamageKind::Followed { good_bytes }, None));
        }
        let raw = raw.take();
        match self {
            Self::Plain(_) => {}
            Self::Gzip(decoder) => **decoder = GzDecoder::new(raw),
            Self::Zstd(decoder) => **decoder = zstd_frame(raw).map_err(UnpackError::Read)?,
        }
        Ok(true)
    }

    fn broken(&self, source: io::Error) -> UnpackError {
        if self.raw().failed() {
            return UnpackError::Read(source);
        }
        // Both decoders say only in words what it is.
        let says = source.to_string();
        let kind = if source.kind() == io::ErrorKind::UnexpectedEof {
            DamageKind::EndsEarly
        } else if says.contains("checksum") {
            DamageKind::Checksum
        } else if says.contains("too much memory") {
            DamageKind::TooMuchMemory
        } else {
            DamageKind::Undecodable
        };
        self.damaged(kind, Some(source))
    }

    fn damaged(&self, kind: DamageKind, source: Option<io::Error>) -> UnpackError {
        let format = self.format();
        UnpackError::Damaged(Damage { format, kind }, source)
    }
}

fn zstd_frame<R: Read>(raw: Raw<R>) -> io::Result<ZstdDecoder<'static, Raw<R>>> {
    Ok(ZstdDecoder::with_buffer(raw)?.single_frame())
}

fn is_gzip(next: &[u8]) -> bool {
    next.starts_with(&[0x1F, 0x8B])
}

/// A frame, or a skippable frame, with which some writers begin.
fn is_zstd(next: &[u8]) -> bool {
    next.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) || matches!(next, [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..])
}
