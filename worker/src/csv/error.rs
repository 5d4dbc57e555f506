//! Why a CSV file could not become a table.
//!
//! Every variant names the file as people know it, and the line where there is one. Bad cells are no error here: they are
//! recorded all, for `validate`.

use super::fault::{HeaderFault, RecordFault, and_more};
use super::unpack::Damage;
use super::word::FileName;
use crate::StageError;
use crate::dataset::DatasetError;
use crate::source::SourceError;
use std::io;
use trainyard_contract::FailureClass;

/// Why a CSV file could not become a table.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The file cannot be read at all.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The compressed file is not whole.
    #[error("{name} {damage}")]
    Damaged {
        /// The file as people know it.
        name: FileName,
        /// What is wrong with it.
        damage: Damage,
        /// What the decoder says, if it was the decoder.
        source: Option<io::Error>,
    },
    /// Another format or encoding, known by its first bytes.
    #[error("{name} {what}")]
    Foreign {
        /// The file as people know it.
        name: FileName,
        /// What it is.
        what: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// No byte, or nothing but blank lines.
    #[error("{name} is empty")]
    Empty {
        /// The file as people know it.
        name: FileName,
    },
    /// A header and nothing below it.
    #[error("{name}:{line}: there is a header, but no row below it")]
    NoRows {
        /// The file as people know it.
        name: FileName,
        /// Where the header stands.
        line: u64,
    },
    /// A header that gives no columns.
    #[error("{name}:{line}: {fault}{}", and_more(*more))]
    Header {
        /// The file as people know it.
        name: FileName,
        /// Where the header stands.
        line: u64,
        /// What is wrong with it first.
        fault: HeaderFault,
        /// How many more faults it has.
        more: u64,
    },
    /// Records that do not fit into a table.
    #[error("{name}:{line}: {fault}{}", and_more(*more))]
    Record {
        /// The file as people know it.
        name: FileName,
        /// Physical line where the record starts, or where the quote opens.
        line: u64,
        /// What is wrong with the first.
        fault: RecordFault,
        /// How many more such records there are.
        more: u64,
    },
    /// One of several files has other columns than the first.
    #[error("{name}:{line}: {difference}, unlike in {first}")]
    OtherColumns {
        /// The file as people know it.
        name: FileName,
        /// Where its header stands.
        line: u64,
        /// The first of the files.
        first: FileName,
        /// In what they differ.
        difference: String,
    },
    /// Two passes over the file saw different bytes.
    #[error("{name} changed while it was read")]
    Changed {
        /// The file as people know it.
        name: FileName,
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

impl CsvError {
    /// Whose fault it is.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Source(error) => error.class(),
            Self::Damaged { .. }
            | Self::Foreign { .. }
            | Self::Empty { .. }
            | Self::NoRows { .. }
            | Self::Header { .. }
            | Self::Record { .. }
            | Self::OtherColumns { .. } => FailureClass::Data,
            Self::Options { .. } => FailureClass::Config,
            // Alone, `Stopped` has no reason; the stage asks its stop flag for it.
            Self::Changed { .. } | Self::Stopped => FailureClass::Transient,
            Self::Write(_) => FailureClass::Infra,
        }
    }

    /// Whether it is the text that is wrong. If the text came out of a compressed file, that may be wrong instead.
    pub(crate) fn is_of_text(&self) -> bool {
        match self {
            Self::Foreign { .. }
            | Self::Empty { .. }
            | Self::NoRows { .. }
            | Self::Header { .. }
            | Self::Record { .. }
            | Self::OtherColumns { .. } => true,
            Self::Source(_)
            | Self::Damaged { .. }
            | Self::Changed { .. }
            | Self::Options { .. }
            | Self::Write(_)
            | Self::Stopped => false,
        }
    }

    /// What to do about it; empty where nobody knows.
    pub fn hint(&self) -> String {
        match self {
            Self::Source(error) => error.hint(),
            Self::Damaged { damage, .. } => damage.hint(),
            Self::Foreign { advice, .. } => (*advice).to_owned(),
            Self::Empty { .. } | Self::NoRows { .. } => "look at what writes the file; it wrote no rows".to_owned(),
            Self::Header { fault, .. } => fault.hint().to_owned(),
            Self::Record { fault, .. } => fault.hint().to_owned(),
            Self::OtherColumns { .. } => "give all files the same columns in the same order".to_owned(),
            Self::Changed { .. } => "let the writer finish first: write beside the file and rename it".to_owned(),
            Self::Options { .. } => "correct the stage's extract.csv".to_owned(),
            Self::Write(_) | Self::Stopped => String::new(),
        }
    }
}

impl From<CsvError> for StageError {
    fn from(error: CsvError) -> Self {
        let failed = Self::failed(error.class(), error.to_string()).hint(error.hint());
        match error {
            CsvError::Write(error) => error.into(),
            CsvError::Source(error) => error.into(),
            CsvError::Damaged {
                source: Some(source), ..
            } => failed.caused_by(source),
            _ => failed,
        }
    }
}
