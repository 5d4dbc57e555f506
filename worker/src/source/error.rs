//! Why a file from outside cannot be read at all, whatever its format.

use super::FILES_MAX;
use crate::StageError;
use crate::csv::{FileName, some_names};
use camino::{Utf8Path, Utf8PathBuf};
use rustix::io::Errno;
use std::io;
use trainyard_contract::FailureClass;

/// Why a file from outside cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Nothing is where the file should be.
    #[error("{name} is not there")]
    Missing {
        /// The file as people know it.
        name: FileName,
        /// Where it was looked for.
        path: Utf8PathBuf,
    },
    /// A folder, a pipe, a device.
    #[error("{name} is {what}, not a file")]
    NotAFile {
        /// The file as people know it.
        name: FileName,
        /// What stands there, with its article.
        what: &'static str,
    },
    /// `..` or a link leads out of the folder that the file should be in.
    #[error("{name} leads out of the workspace")]
    Outside {
        /// The file as people know it.
        name: FileName,
    },
    /// The file may not be read.
    #[error("{name} may not be read")]
    Forbidden {
        /// The file as people know it.
        name: FileName,
        /// Where it is.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The disk or the network below the file failed.
    #[error("cannot read {name}: {source}")]
    Read {
        /// The file as people know it.
        name: FileName,
        /// What the system says.
        source: io::Error,
    },
    /// No file has a name that matches the pattern.
    #[error("no file matches {name}")]
    NoMatch {
        /// The pattern.
        name: FileName,
        /// What is there instead, in words.
        there: String,
    },
    /// More files match than a table is made of.
    #[error("{name} matches {found} files, and at most {FILES_MAX} are read")]
    TooMany {
        /// The pattern.
        name: FileName,
        /// How many.
        found: usize,
    },
    /// `*` or `?` stands in a folder's name.
    #[error("{name}: a wildcard stands in a folder's name, but only the last part of a path may hold one")]
    WildcardInFolder {
        /// The pattern.
        name: FileName,
    },
}

impl SourceError {
    pub(super) fn not_a_file(name: &str, what: &'static str) -> Self {
        let name = FileName::new(name);
        Self::NotAFile { name, what }
    }

    pub(super) fn too_many(name: &str, found: usize) -> Self {
        let name = FileName::new(name);
        Self::TooMany { name, found }
    }

    pub(super) fn wildcard_in_folder(name: &str) -> Self {
        let name = FileName::new(name);
        Self::WildcardInFolder { name }
    }

    /// Nothing in `folder` matches `name`; `there` is what it holds.
    pub(super) fn no_match(name: &str, folder: &str, mut there: Vec<String>) -> Self {
        let folder = if folder.is_empty() {
            "the folder".to_owned()
        } else {
            FileName::new(folder).to_string()
        };
        there.retain(|name| !name.starts_with('.'));
        there.sort_unstable();
        let there = if there.is_empty() {
            format!("{folder} holds no file")
        } else {
            format!("{folder} holds {}", some_names(&there))
        };
        let name = FileName::new(name);
        Self::NoMatch { name, there }
    }

    /// What the system says about the file at `path`.
    pub(super) fn of_open(path: &Utf8Path, name: &str, source: io::Error) -> Self {
        let (name, path) = (FileName::new(name), path.to_owned());
        if Errno::from_io_error(&source) == Some(Errno::XDEV) {
            return Self::Outside { name };
        }
        match source.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::InvalidFilename
            | io::ErrorKind::InvalidInput => Self::Missing { name, path },
            io::ErrorKind::PermissionDenied => Self::Forbidden { name, path, source },
            _ => Self::Read { name, source },
        }
    }

    /// What the system says about the folder at `path`, in which files were looked for.
    pub(super) fn of_folder(path: &Utf8Path, (name, folder): (&str, &str), source: io::Error) -> Self {
        match Self::of_open(path, folder, source) {
            Self::Missing { .. } => Self::NoMatch {
                name: FileName::new(name),
                there: format!("the folder {} is not there", FileName::new(path.as_str())),
            },
            other => other,
        }
    }

    /// Whose fault it is.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Missing { .. } | Self::NotAFile { .. } | Self::Forbidden { .. } | Self::NoMatch { .. } => {
                FailureClass::Data
            }
            Self::Outside { .. } | Self::TooMany { .. } | Self::WildcardInFolder { .. } => FailureClass::Config,
            Self::Read { .. } => FailureClass::Infra,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { path, .. } => format!("correct the path, or copy the file to {path}"),
            Self::NotAFile { .. } => "give the path of a file".to_owned(),
            Self::Outside { .. } => "give a path below the workspace, without `..`".to_owned(),
            Self::Forbidden { path, .. } => format!("give the user that runs Trainyard the right to read {path}"),
            Self::Read { .. } => "look at the disk or the volume that holds the file".to_owned(),
            Self::NoMatch { there, .. } => format!("{there}: correct the path, or copy the files there"),
            Self::TooMany { .. } => "name fewer files, or put them together".to_owned(),
            Self::WildcardInFolder { .. } => {
                "put the files into one folder, or a parameter in the place of the wildcard".to_owned()
            }
        }
    }
}

impl From<SourceError> for StageError {
    fn from(error: SourceError) -> Self {
        let failed = Self::failed(error.class(), error.to_string()).hint(error.hint());
        match error {
            SourceError::Forbidden { source, .. } => failed.caused_by(source),
            // `Read` has its cause in the message; the others have none.
            _ => failed,
        }
    }
}
