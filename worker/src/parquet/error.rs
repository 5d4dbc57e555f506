//! Why Parquet files could not become a table.

use crate::StageError;
use crate::csv::{FileName, Word};
use crate::dataset::DatasetError;
use crate::source::SourceError;
use parquet::errors::ParquetError as LibraryError;
use trainyard_contract::FailureClass;

/// What the library puts before a message.
const LAYERS: [&str; 6] = [
    "External: ",
    "Parquet argument error: ",
    "Parquet error: ",
    "Arrow: ",
    "EOF: ",
    "Compute error: ",
];

/// Why Parquet files could not become a table.
#[derive(Debug, thiserror::Error)]
pub enum ParquetError {
    /// A file cannot be read at all.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Not a byte.
    #[error("{name} is empty")]
    Empty {
        /// The file as people know it.
        name: FileName,
    },
    /// Another format, known by its first bytes.
    #[error("{name} {what}")]
    Foreign {
        /// The file as people know it.
        name: FileName,
        /// What it is.
        what: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// It is Parquet, but not what its writer wrote.
    #[error("{name} is damaged: {problem}")]
    Damaged {
        /// The file as people know it.
        name: FileName,
        /// What is wrong.
        problem: String,
    },
    /// A feature of the format that is not read.
    #[error("{name} cannot be read: {problem}")]
    Unknown {
        /// The file as people know it.
        name: FileName,
        /// What is not read.
        problem: String,
    },
    /// A column that no dataset can hold.
    #[error("{name}: column `{column}` {what}")]
    Column {
        /// The file as people know it.
        name: FileName,
        /// The column.
        column: Word,
        /// What it holds.
        what: &'static str,
    },
    /// No column, a column without a name, two of one name.
    #[error("{name}: {problem}")]
    Names {
        /// The file as people know it.
        name: FileName,
        /// What is wrong.
        problem: String,
    },
    /// One of several files has other columns than the first.
    #[error("{name}: {difference}, unlike in {first}")]
    OtherColumns {
        /// The file as people know it.
        name: FileName,
        /// The first of the files.
        first: FileName,
        /// In what they differ.
        difference: String,
    },
    /// Columns and no row.
    #[error("{name}: there are columns, but no row")]
    NoRows {
        /// The file as people know it.
        name: FileName,
    },
    /// The file changed while it was read.
    #[error("{name} changed while it was read")]
    Changed {
        /// The file as people know it.
        name: FileName,
    },
    /// The table could not be written.
    #[error(transparent)]
    Write(#[from] DatasetError),
    /// The reader was told to stop.
    #[error("stopped")]
    Stopped,
}

impl ParquetError {
    /// What the library says of the file `name`, which could be read.
    pub(super) fn of_library(name: &str, error: LibraryError) -> Self {
        let name = FileName::new(name);
        let problem = match error {
            LibraryError::NYI(problem) => return Self::Unknown { name, problem },
            LibraryError::EOF(problem) | LibraryError::General(problem) | LibraryError::ArrowError(problem) => problem,
            other => other.to_string(),
        };
        let mut problem = problem.lines().next().unwrap_or_default();
        // Each layer of the library puts its name before what the one below says.
        while let Some(inner) = LAYERS.iter().find_map(|layer| problem.strip_prefix(layer)) {
            problem = inner;
        }
        let problem = problem.to_owned();
        Self::Damaged { name, problem }
    }

    /// The library cannot make sense of the file `name`, and does not say why.
    pub(super) fn undecodable(name: &str) -> Self {
        Self::Damaged {
            name: FileName::new(name),
            problem: "its values cannot be decoded".to_owned(),
        }
    }

    /// Whose fault it is.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Source(error) => error.class(),
            Self::Empty { .. }
            | Self::Foreign { .. }
            | Self::Damaged { .. }
            | Self::Names { .. }
            | Self::OtherColumns { .. }
            | Self::NoRows { .. } => FailureClass::Data,
            Self::Unknown { .. } | Self::Column { .. } => FailureClass::Config,
            // Alone, `Stopped` has no reason; the stage asks its stop flag for it.
            Self::Changed { .. } | Self::Stopped => FailureClass::Transient,
            Self::Write(_) => FailureClass::Infra,
        }
    }

    /// What to do about it; empty where nobody knows.
    pub fn hint(&self) -> String {
        match self {
            Self::Source(error) => error.hint(),
            Self::Empty { .. } | Self::NoRows { .. } => "look at what writes the file; it wrote no rows".to_owned(),
            Self::Foreign { advice, .. } => (*advice).to_owned(),
            Self::Damaged { .. } => {
                "copy or write the file again; its transfer was cut off, or some of its bytes are not what they were"
                    .to_owned()
            }
            Self::Unknown { .. } => {
                "write it with another compression or encoding, for example with pandas: to_parquet(…)".to_owned()
            }
            Self::Column { .. } => {
                "leave the column out when the file is written, or turn it into numbers or text".to_owned()
            }
            Self::Names { .. } => "give every column a name of its own".to_owned(),
            Self::OtherColumns { .. } => "give all files the same columns in the same order".to_owned(),
            Self::Changed { .. } => "let the writer finish first: write beside the file and rename it".to_owned(),
            Self::Write(_) | Self::Stopped => String::new(),
        }
    }
}

impl From<ParquetError> for StageError {
    fn from(error: ParquetError) -> Self {
        let failed = Self::failed(error.class(), error.to_string()).hint(error.hint());
        match error {
            ParquetError::Write(error) => error.into(),
            ParquetError::Source(error) => error.into(),
            _ => failed,
        }
    }
}
