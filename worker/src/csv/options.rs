//! How a CSV file is to be read.
//!
//! In: what the manifest says ([`CsvSource`]) and which columns later stages need as numbers. Out: [`CsvOptions`], checked.

use super::error::CsvError;
use super::null_words::NullWords;
use std::collections::HashSet;
use trainyard_contract::stage::{CsvSource, DeclaredColumn, Header};

/// How a CSV file is to be read.
#[derive(Clone, Debug, Default)]
pub struct CsvOptions {
    /// What tells cells and records apart.
    pub dialect: Dialect,
    /// How the first record is taken.
    pub header: Header,
    /// The words that are read as missing.
    pub null_words: NullWords,
    /// Declared types; with [`Header::Absent`] the names of all columns, in order.
    pub columns: Vec<DeclaredColumn>,
    /// Columns whose cells are numbers whatever stands in them: a cell that is none becomes a recorded fault.
    pub numbers: HashSet<String>,
    /// Columns whose cells are texts whatever stands in them.
    pub texts: HashSet<String>,
}

/// The two characters that shape a CSV file. Lines end with LF, CRLF or CR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Between cells.
    pub delimiter: u8,
    /// Round a cell that holds a delimiter, a line end, or itself (doubled).
    pub quote: u8,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            delimiter: b',',
            quote: b'"',
        }
    }
}

impl CsvOptions {
    /// What `source` says; `numbers` are the columns that later stages need as numbers.
    ///
    /// # Errors
    /// A delimiter or quote that is not one ASCII character, the same for both, or no names where the header is absent.
    pub fn new(source: &CsvSource, numbers: &[String]) -> Result<Self, CsvError> {
        let defaults = Dialect::default();
        let dialect = Dialect {
            delimiter: one_character("delimiter", source.delimiter.as_deref(), defaults.delimiter)?,
            quote: one_character("quote", source.quote.as_deref(), defaults.quote)?,
        };
        if dialect.delimiter == dialect.quote {
            return Err(CsvError::Options {
                problem: "csv.delimiter and csv.quote are the same character".to_owned(),
            });
        }
        let header = source.header.unwrap_or_default();
        if header == Header::Absent && source.columns.is_empty() {
            return Err(CsvError::Options {
                problem: "csv.header is `Absent`, but csv.columns does not name the columns".to_owned(),
            });
        }
        Ok(Self {
            dialect,
            header,
            null_words: source.null_values.as_ref().map_or_else(NullWords::default, |words| {
                NullWords::new(words.iter().map(String::as_str))
            }),
            columns: source.columns.clone(),
            numbers: numbers.iter().cloned().collect(),
            texts: HashSet::new(),
        })
    }

    /// How to go through the records of another file that looks like the one of `source`: no types, and names only where
    /// the file has none, so that the other one may lack columns.
    ///
    /// # Errors
    /// As [`CsvOptions::new`].
    pub fn for_records(source: &CsvSource) -> Result<Self, CsvError> {
        let mut options = Self::new(source, &[])?;
        if options.header == Header::Absent {
            options.columns.iter_mut().for_each(|column| column.column_type = None);
        } else {
            options.columns.clear();
        }
        Ok(options)
    }
}

fn one_character(key: &str, text: Option<&str>, default: u8) -> Result<u8, CsvError> {
    match text.map(str::as_bytes) {
        None => Ok(default),
        Some(&[byte]) if byte == b'\t' || byte == b' ' || byte.is_ascii_graphic() => Ok(byte),
        Some(_) => Err(CsvError::Options {
            problem: format!("csv.{key} must be one visible ASCII character, a space or a tab"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_table() {
        let source = |delimiter: Option<&str>, quote: Option<&str>| CsvSource {
            delimiter: delimiter.map(str::to_owned),
            quote: quote.map(str::to_owned),
            ..CsvSource::default()
        };
        for (delimiter, quote, wanted) in [
            (None, None, Some((b',', b'"'))),
            (Some(";"), Some("'"), Some((b';', b'\''))),
            (Some("\t"), None, Some((b'\t', b'"'))),
            (Some("\""), None, None),
            (Some(""), None, None),
            (Some(";;"), None, None),
            (Some("ü"), None, None),
            (Some("\n"), None, None),
        ] {
            let read = CsvOptions::new(&source(delimiter, quote), &[]).ok();
            let found = read.map(|options| (options.dialect.delimiter, options.dialect.quote));
            assert_eq!(found, wanted, "{delimiter:?} {quote:?}");
        }
    }
}
