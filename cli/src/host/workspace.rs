//! The workspace of a laptop: a folder, created when missing.

use camino::{Utf8Path, Utf8PathBuf};
use std::fs;
use std::io;

/// The folder that runs and models are kept in.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: Utf8PathBuf,
    /// As it was given; empty for the current folder.
    given: Utf8PathBuf,
}

/// What is tried with a folder whose contents are needed.
pub const READ: &str = "read";

/// A folder that cannot be a workspace. Class `Infra` where a run needed it.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} `{path}`: {source}")]
pub struct WorkspaceError {
    /// What was tried.
    pub doing: &'static str,
    /// With what.
    pub path: Utf8PathBuf,
    /// Why it did not go; shown in the text since it is what the reader has to act on.
    pub source: io::Error,
}

impl WorkspaceError {
    /// Makes an error of what was tried with a path, for `map_err`.
    pub fn of(doing: &'static str, path: impl Into<Utf8PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self { doing, path, source }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self.source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "the disk is full: remove old runs or models, or choose another folder with --workspace"
            }
            io::ErrorKind::PermissionDenied if self.doing == READ => {
                "you may not read there: choose a folder of yours with --workspace"
            }
            io::ErrorKind::PermissionDenied => "you may not write there: choose a folder of yours with --workspace",
            io::ErrorKind::ReadOnlyFilesystem => {
                "the file system is mounted read-only: choose another folder with --workspace"
            }
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                "a file stands where a folder is needed: move it away, or choose another folder with --workspace"
            }
            _ => "choose another folder with --workspace",
        }
    }
}

impl Workspace {
    /// The workspace in `folder`, or in the current folder. Nothing is created or looked at.
    pub fn at(folder: Option<&Utf8Path>) -> Result<Self, WorkspaceError> {
        let folder_given = folder.unwrap_or(Utf8Path::new("")).to_owned();
        let folder = folder.unwrap_or(Utf8Path::new("."));
        let absolute = camino::absolute_utf8(folder).map_err(WorkspaceError::of("find the workspace", folder))?;
        Ok(Self {
            root: absolute,
            given: folder_given,
        })
    }

    /// As [`Workspace::at`], of a folder that is there: for whoever only reads.
    pub fn existing(folder: Option<&Utf8Path>) -> Result<Self, WorkspaceError> {
        let workspace = Self::at(folder)?;
        fs::metadata(&workspace.root).map_err(WorkspaceError::of("find the workspace", &workspace.root))?;
        Ok(workspace)
    }

    /// The workspace, created where it is missing.
    pub fn create(&self) -> Result<(), WorkspaceError> {
        fs::create_dir_all(&self.root).map_err(WorkspaceError::of("create the workspace", &self.root))
    }

    /// Its absolute path.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// A path below the workspace as people find it from where they are.
    pub fn shown(&self, path: &Utf8Path) -> Utf8PathBuf {
        self.given.join(path)
    }

    /// `path` below the workspace, absolute.
    pub fn join(&self, path: impl AsRef<Utf8Path>) -> Utf8PathBuf {
        self.root.join(path.as_ref())
    }
}
