//! Why a dataset could not be written or read.

use crate::StageError;
use arrow_schema::ArrowError;
use camino::Utf8PathBuf;
use std::io;

/// Why a dataset could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The workspace does not take the file.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The workspace does not give the file.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is gone.
    #[error("{path} is not there any more")]
    Missing {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The file is not what its writer wrote.
    #[error("{path} is not a whole dataset: {problem}")]
    Broken {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The file's digest is another one than its writer reported.
    #[error("{path} is not what was written: its sha-256 is {found}, not {expected}")]
    OtherDigest {
        /// The file.
        path: Utf8PathBuf,
        /// Its digest.
        found: String,
        /// The reported one.
        expected: String,
    },
    /// Columns that do not go together.
    #[error("cannot make a table: {0}")]
    Table(#[from] ArrowError),
}

impl From<DatasetError> for StageError {
    fn from(error: DatasetError) -> Self {
        let message = error.to_string();
        match error {
            DatasetError::Write { path, source } => Self::workspace(&format!("write `{path}`"), source),
            DatasetError::Read { path, source } => Self::workspace(&format!("read `{path}`"), source),
            DatasetError::Missing { .. } | DatasetError::Broken { .. } | DatasetError::OtherDigest { .. } => {
                Self::input_changed(message)
                    .hint("leave the workspace alone during a run; the stage that made it runs again")
            }
            DatasetError::Table(source) => Self::internal(message).caused_by(source),
        }
    }
}
