//! Why a CSV file could not become a table.
//!
//! Every variant names the file as people know it, and the line where there is one. Bad cells are no error here: they are
//! recorded all, for `validate`.

use crate::StageError;
use crate::dataset::DatasetError;
use camino::Utf8PathBuf;
use std::fmt;
use std::io;
use trainyard_contract::FailureClass;

/// Why a CSV file could not become a table.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// Nothing is where the file should be.
    #[error("{name} is not there")]
    Missing {
        /// The file as people know it.
        name: String,
        /// Where it was looked for.
        path: Utf8PathBuf,
    },
    /// A folder, a pipe, a device.
    #[error("{name} is {what}, not a file")]
    NotAFile {
        /// The file as people know it.
        name: String,
        /// What stands there, with its article.
        what: &'static str,
    },
    /// The file may not be read.
    #[error("{name} may not be read")]
    Forbidden {
        /// The file as people know it.
        name: String,
        /// Where it is.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The disk or the network below the file failed.
    #[error("cannot read {name}: {source}")]
    Read {
        /// The file as people know it.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// The compressed bytes do not decompress.
    #[error("{name} is broken: its {format} data {problem}")]
    Broken {
        /// The file as people know it.
        name: String,
        /// `gzip` or `zstd`.
        format: &'static str,
        /// `ends too early`, `is damaged`, …
        problem: &'static str,
        /// What the decoder says.
        source: io::Error,
    },
    /// Another encoding, known by its first bytes.
    #[error("{name} is {encoding}, not UTF-8")]
    Encoding {
        /// The file as people know it.
        name: String,
        /// `UTF-16` or `UTF-32`.
        encoding: &'static str,
    },
    /// No byte, or nothing but blank lines.
    #[error("{name} is empty")]
    Empty {
        /// The file as people know it.
        name: String,
    },
    /// A header and nothing below it.
    #[error("{name}:{line}: there is a header, but no row below it")]
    NoRows {
        /// The file as people know it.
        name: String,
        /// Where the header stands.
        line: u64,
    },
    /// A column without a name.
    #[error("{name}:{line}: column {position} has no name")]
    UnnamedColumn {
        /// The file as people know it.
        name: String,
        /// Where the header stands.
        line: u64,
        /// Which column, from 1.
        position: usize,
    },
    /// Two columns of one name.
    #[error("{name}:{line}: column `{column}` is there twice, as column {first} and column {second}")]
    DoubledColumn {
        /// The file as people know it.
        name: String,
        /// Where the header stands.
        line: u64,
        /// The name.
        column: Word,
        /// The first of the two, from 1.
        first: usize,
        /// The second.
        second: usize,
    },
    /// A column that is declared and not there.
    #[error("{name}:{line}: column `{column}` is missing{}", found.as_ref().map_or_else(String::new, |found| format!("; found `{found}`")))]
    MissingColumn {
        /// The file as people know it.
        name: String,
        /// Where the header stands.
        line: u64,
        /// The declared name.
        column: Word,
        /// The column that was probably meant.
        found: Option<Word>,
        /// Some of the columns that are there, for the hint.
        columns: String,
    },
    /// Records that do not fit into a table.
    #[error("{name}:{line}: {fault}{}", and_more(*more))]
    Record {
        /// The file as people know it.
        name: String,
        /// Physical line where the record starts, or where the quote opens.
        line: u64,
        /// What is wrong with the first.
        fault: RecordFault,
        /// How many more such records there are.
        more: u64,
    },
    /// Two passes over the file saw different bytes.
    #[error("{name} changed while it was read")]
    Changed {
        /// The file as people know it.
        name: String,
    },
    /// What the manifest says cannot be done.
    #[error("{problem}")]
    Options {
        /// What is wrong.
        problem: String,
    },
    /// The table could not be written.
    #[error(transparent)]
    Write(#[from] DatasetError),
    /// The reader was told to stop.
    #[error("stopped")]
    Stopped,
}

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
            Self::TooLong => write!(f, "the record is longer than {} MiB", super::RECORD_BYTES_MAX >> 20),
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

/// A name or a cell from a file, made fit for one line of a message: cut to 60 characters, control characters escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word(String);

impl Word {
    /// `text` for a message.
    pub fn new(text: &str) -> Self {
        let cut = cut_value(text);
        let mut word = String::with_capacity(cut.len());
        for character in cut.chars() {
            if character.is_control() {
                word.extend(character.escape_default());
            } else {
                word.push(character);
            }
        }
        Self(word)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `text`, cut to [`trainyard_contract::dataset::EXAMPLE_VALUE_MAX`] characters, with `…` in the place of the rest.
pub(crate) fn cut_value(text: &str) -> String {
    const MAX: usize = trainyard_contract::dataset::EXAMPLE_VALUE_MAX;
    if text.char_indices().nth(MAX).is_none() {
        return text.to_owned();
    }
    let end = text.char_indices().nth(MAX - 1).map_or(text.len(), |(at, _)| at);
    format!("{}…", &text[..end])
}

impl CsvError {
    /// Whose fault it is.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Missing { .. }
            | Self::NotAFile { .. }
            | Self::Forbidden { .. }
            | Self::Broken { .. }
            | Self::Encoding { .. }
            | Self::Empty { .. }
            | Self::NoRows { .. }
            | Self::UnnamedColumn { .. }
            | Self::DoubledColumn { .. }
            | Self::MissingColumn { .. }
            | Self::Record { .. } => FailureClass::Data,
            Self::Options { .. } => FailureClass::Config,
            // Alone, `Stopped` has no reason; the stage asks its stop flag for it.
            Self::Changed { .. } | Self::Stopped => FailureClass::Transient,
            Self::Read { .. } | Self::Write(_) => FailureClass::Infra,
        }
    }

    /// What to do about it; empty where nobody knows.
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { path, .. } => {
                format!("looked for {path}: copy the file there, or correct extract.csv.path")
            }
            Self::NotAFile { .. } => "give the path of a CSV file, plain or compressed with gzip or zstd".to_owned(),
            Self::Forbidden { path, .. } => format!("give the user that runs Trainyard the right to read {path}"),
            Self::Read { .. } => "look at the disk or the volume that holds the file".to_owned(),
            Self::Broken { .. } => "copy or compress the file again; its transfer was probably cut off".to_owned(),
            Self::Encoding { encoding, .. } => format!("convert it: iconv -f {encoding} -t UTF-8"),
            Self::Empty { .. } | Self::NoRows { .. } => "look at what writes the file; it wrote no rows".to_owned(),
            Self::UnnamedColumn { .. } => {
                "name every column; pandas writes an index without a name unless told to_csv(index=False)".to_owned()
            }
            Self::DoubledColumn { .. } => "give every column a name of its own".to_owned(),
            Self::MissingColumn { columns, .. } => {
                format!(
                    "the columns are {columns}: correct extract.csv.columns, or set csv.header to Lowercase if only the case differs"
                )
            }
            Self::Record { fault, .. } => fault.hint().to_owned(),
            Self::Changed { .. } => "let the writer finish first: write beside the file and rename it".to_owned(),
            Self::Options { .. } => "correct the stage's extract.csv".to_owned(),
            Self::Write(_) | Self::Stopped => String::new(),
        }
    }
}

impl RecordFault {
    fn hint(&self) -> &'static str {
        match self {
            Self::Fields { .. } => {
                "put cells that hold the delimiter or a line end into quotes, or set csv.delimiter or csv.quote to what the file uses"
            }
            Self::DeclaredFields { .. } => {
                "name every column of the file in csv.columns, or set csv.delimiter or csv.quote to what the file uses"
            }
            Self::NotUtf8 { .. } => "convert the file, for example: iconv -f WINDOWS-1252 -t UTF-8",
            Self::UnclosedQuote => {
                "close the quote, double a quote that is part of a cell, or set csv.quote to what the file uses"
            }
            Self::TooLong => "look whether the file is CSV at all, and whether its lines end",
        }
    }
}

impl From<CsvError> for StageError {
    fn from(error: CsvError) -> Self {
        let failed = Self::failed(error.class(), error.to_string()).hint(error.hint());
        match error {
            CsvError::Write(error) => error.into(),
            CsvError::Forbidden { source, .. } | CsvError::Broken { source, .. } => failed.caused_by(source),
            // `Read` has its cause in the message; the others have none.
            _ => failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_table() {
        let long = "x".repeat(61);
        let cut = format!("{}…", "x".repeat(59));
        let full = "ü".repeat(60);
        for (text, wanted) in [
            ("age", "age"),
            ("", ""),
            ("a\nb\tc\0", "a\\nb\\tc\\u{0}"),
            (long.as_str(), cut.as_str()),
            (full.as_str(), full.as_str()),
        ] {
            assert_eq!(Word::new(text).to_string(), wanted, "{text:?}");
        }
    }
}
