//! Files from outside: where they are, which ones a path with wildcards means, and how far a path may lead.
//!
//! In: a path as the manifest says it. Out: [`SourceFiles`] in the order of their names, each to be opened; why not
//! ([`SourceError`]). Wildcards stand in the last part of a path only.
//!
//! Not here: what is in the files (`csv`, `parquet`).

mod error;
mod open;
mod pattern;
mod same_columns;

pub use error::SourceError;
pub(crate) use same_columns::difference;

use crate::artifact::hexadecimal;
use camino::{Utf8Path, Utf8PathBuf};
use pattern::Pattern;
use sha2::{Digest, Sha256};
use std::fs::File;
use trainyard_contract::StageDocument;
use trainyard_contract::dataset::{DatasetSource, SourcePart};
use trainyard_contract::document::SourceFile;
use trainyard_contract::stage::ExtractSpec;

/// How many files a path may mean.
pub const FILES_MAX: usize = 10_000;

/// Where a file is, and how far its path may lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Anywhere on the machine.
    Anywhere(Utf8PathBuf),
    /// Below a folder: neither `..` nor a link may lead out of it. What is beside the workspace of a pod (its environment, its
    /// mounts) is not for who merely chooses a path.
    Below {
        /// The folder.
        folder: Utf8PathBuf,
        /// The path in it.
        path: Utf8PathBuf,
    },
}

/// A file from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPlace {
    /// The file as people know it.
    pub name: String,
    /// Where it is.
    pub place: Place,
}

/// The files that make one table, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFiles {
    /// All of them as people know them: the path as it is written, or the name of the only one.
    pub name: String,
    /// At least one.
    pub files: Vec<NamedPlace>,
}

impl NamedPlace {
    /// Opens it.
    ///
    /// # Errors
    /// It is missing, is no regular file, lies outside of its folder, or may not be read.
    pub fn open(&self) -> Result<File, SourceError> {
        open::open(&self.place, &self.name)
    }
}

impl SourceFiles {
    /// One file.
    pub fn one(name: &str, place: Place) -> Self {
        Self {
            name: name.to_owned(),
            files: vec![NamedPlace {
                name: name.to_owned(),
                place,
            }],
        }
    }

    /// The files that `source` means, below the workspace of `document` unless its path is absolute.
    ///
    /// # Errors
    /// A wildcard stands where none can, or no file matches, or too many do.
    pub fn of_document(document: &StageDocument, source: &SourceFile) -> Result<Self, SourceError> {
        let place = |path: Utf8PathBuf| {
            if path.is_absolute() {
                Place::Anywhere(path)
            } else {
                Place::Below {
                    folder: document.workspace.clone(),
                    path,
                }
            }
        };
        Self::find(&source.path, &source.name, place)
    }

    /// The files anywhere on the machine that `path` means, which is also how people know them.
    ///
    /// # Errors
    /// As [`SourceFiles::of_document`].
    pub fn anywhere(path: &Utf8Path) -> Result<Self, SourceError> {
        Self::find(path, path.as_str(), Place::Anywhere)
    }

    fn find(path: &Utf8Path, name: &str, place: impl Fn(Utf8PathBuf) -> Place) -> Result<Self, SourceError> {
        let (named_folder, named_last) = split(name);
        if named_folder.contains(['*', '?']) {
            return Err(SourceError::wildcard_in_folder(name));
        }
        let pattern = Pattern::parse(path.file_name().unwrap_or_default());
        let whole = place(path.to_owned());
        let Some(pattern) = pattern.filter(|_| !named_last.is_empty()) else {
            return Ok(Self::one(name, whole));
        };
        // A file may be called `data[1].csv`.
        if !matches!(open::open(&whole, name), Err(SourceError::Missing { .. })) {
            return Ok(Self::one(name, whole));
        }
        let folder = path.parent().unwrap_or(Utf8Path::new(""));
        let there = open::names_in(&place(folder.to_owned()), name, named_folder)?;
        let mut matching: Vec<&String> = there.iter().filter(|name| pattern.matches(name)).collect();
        matching.sort_unstable();
        if matching.len() > FILES_MAX {
            return Err(SourceError::too_many(name, matching.len()));
        }
        let file = |found: &String| NamedPlace {
            name: format!("{named_folder}{found}"),
            place: place(folder.join(found)),
        };
        match matching.as_slice() {
            [] => Err(SourceError::no_match(name, named_folder, there)),
            [only] => {
                let only = file(only);
                Ok(Self::one(&only.name, only.place))
            }
            several => Ok(Self {
                name: name.to_owned(),
                files: several.iter().map(|found| file(found)).collect(),
            }),
        }
    }

    /// What is said of the table's source, from its files as they were read.
    pub(crate) fn describe(&self, mut parts: Vec<SourcePart>) -> DatasetSource {
        let bytes = parts.iter().map(|part| part.bytes).sum();
        let sha256 = if let [only] = parts.as_mut_slice() {
            std::mem::take(&mut only.sha256)
        } else {
            digest_of(&parts)
        };
        DatasetSource {
            name: self.name.clone(),
            sha256,
            bytes,
            extract: ExtractSpec::default(),
            files: if parts.len() == 1 { Vec::new() } else { parts },
        }
    }
}

/// The digest of several files: that of the lines that `sha256sum` prints for them.
fn digest_of(parts: &[SourcePart]) -> String {
    let mut sha256 = Sha256::new();
    for part in parts {
        sha256.update(format!("{}  {}\n", part.sha256, part.name));
    }
    hexadecimal(&sha256.finalize())
}

/// The folder with its slash, and the last part.
fn split(name: &str) -> (&str, &str) {
    name.split_at(name.rfind('/').map_or(0, |slash| slash + 1))
}
