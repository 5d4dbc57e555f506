//! What can be wrong with the header and the records of a CSV file, as sentences behind `PATH:LINE`.
//!
//! Not here: single cells, which are recorded and not refused (`column.rs`).

use super::word::Word;
use std::fmt;

const MIB: usize = 1 << 20;
const NOT_UTF_8_HINT: &str = "convert the file, for example: iconv -f WINDOWS-1252 -t UTF-8";

/// What can be wrong with a record as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordFault {
    /// More or fewer fields than the header.
    Fields {
        /// The record's.
        found: usize,
        /// The header's.
        expected: usize,
    },
    /// More or fewer fields than there are declared columns, in a file without a header.
    DeclaredFields {
        /// The record's.
        found: usize,
        /// Those of `csv.columns`.
        declared: usize,
    },
    /// Bytes that are not UTF-8.
    NotUtf8 {
        /// The first of them.
        byte: u8,
        /// The column, where the record has it.
        column: Option<Word>,
    },
    /// A quote that is never closed.
    UnclosedQuote,
    /// A quote that is still open where the record is longer than [`super::RECORD_BYTES_MAX`], and has the most of it.
    OpenQuote {
        /// The bytes behind the quote.
        bytes: usize,
    },
    /// Longer than [`super::RECORD_BYTES_MAX`].
    TooLong,
}

impl fmt::Display for RecordFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields { found: 1, expected } => write!(f, "1 field, but the header has {expected}"),
            Self::Fields { found, expected } => write!(f, "{found} fields, but the header has {expected}"),
            Self::DeclaredFields { found: 1, declared } => write!(f, "1 field, but csv.columns names {declared}"),
            Self::DeclaredFields { found, declared } => write!(f, "{found} fields, but csv.columns names {declared}"),
            Self::NotUtf8 {
                byte,
                column: Some(column),
            } => write!(f, "column `{column}`: byte 0x{byte:02X} is not UTF-8"),
            Self::NotUtf8 { byte, column: None } => write!(f, "byte 0x{byte:02X} is not UTF-8"),
            Self::UnclosedQuote => f.write_str("a quote opens here and is never closed"),
            Self::OpenQuote { bytes } => {
                let mib = (bytes + MIB / 2) / MIB;
                write!(f, "a quote opens here and is not closed within {mib} MiB")
            }
            Self::TooLong => write!(f, "the record is longer than {} MiB", super::RECORD_BYTES_MAX / MIB),
        }
    }
}

impl RecordFault {
    /// What to do about it.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Fields { .. } => {
                "put cells that hold the delimiter or a line end into quotes, or set csv.delimiter or csv.quote to what the file uses"
            }
            Self::DeclaredFields { .. } => {
                "name every column of the file in csv.columns, or set csv.delimiter or csv.quote to what the file uses"
            }
            Self::NotUtf8 { .. } => NOT_UTF_8_HINT,
            Self::UnclosedQuote | Self::OpenQuote { .. } => {
                "close the quote, double a quote that is part of a cell, or set csv.quote to what the file uses"
            }
            Self::TooLong => "look whether the file is CSV at all, and whether its lines end",
        }
    }
}

/// What can be wrong with a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderFault {
    /// A name that is not UTF-8.
    NotUtf8 {
        /// The first byte that is not.
        byte: u8,
    },
    /// A column without a name.
    Unnamed {
        /// Which column, from 1.
        position: usize,
    },
    /// Two columns of one name.
    Doubled {
        /// The name.
        column: Word,
        /// The first of the two, from 1.
        first: usize,
        /// The second.
        second: usize,
        /// Whether the names were taken in lower case.
        lowercase: bool,
    },
    /// A column that is declared and not there.
    Missing {
        /// The declared name.
        column: Word,
        /// The column that was probably meant.
        found: Option<Word>,
        /// What to do.
        advice: String,
    },
}

impl fmt::Display for HeaderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { byte } => write!(f, "byte 0x{byte:02X} is not UTF-8"),
            Self::Unnamed { position } => write!(f, "column {position} has no name"),
            Self::Doubled {
                column, first, second, ..
            } => write!(
                f,
                "column `{column}` is there twice, as column {first} and column {second}"
            ),
            Self::Missing {
                column, found: None, ..
            } => write!(f, "column `{column}` is missing"),
            Self::Missing {
                column,
                found: Some(found),
                ..
            } => write!(f, "column `{column}` is missing; found `{found}`"),
        }
    }
}

impl HeaderFault {
    /// What to do about it.
    pub(crate) fn hint(&self) -> &str {
        match self {
            Self::NotUtf8 { .. } => NOT_UTF_8_HINT,
            Self::Unnamed { .. } => {
                "name every column, or set csv.header to NumberUnnamed; pandas writes an index without a name unless told to_csv(index=False)"
            }
            Self::Doubled { lowercase: false, .. } => "give every column a name of its own",
            Self::Doubled { lowercase: true, .. } => {
                "give every column a name of its own, also in lower case, or leave out csv.header: Lowercase"
            }
            Self::Missing { advice, .. } => advice,
        }
    }
}

/// `, and 2 more faults`; nothing for 0.
pub(crate) fn and_more(more: u64) -> String {
    match more {
        0 => String::new(),
        1 => ", and 1 more fault".to_owned(),
        more => format!(", and {more} more faults"),
    }
}
