//! `manifest.json`: what a model version holds, and what it was made from.
//!
//! It has the digest of every other file of the folder, so that its own digest stands for the whole version, and ends in a
//! checksum of its own lines. Of two runs over the same data it is the only file that differs, in `version`, `run` and
//! `createdAt`, which the checksum leaves out.

use super::model_file::{ModelFile, NoModel};
use crate::StageError;
use crate::artifact::{hash_file, hexadecimal};
use crate::stage::WrittenFile;
use camino::{Utf8Path, Utf8PathBuf};
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use trainyard_contract::dataset::DatasetSource;
use trainyard_contract::layout::{CHAMPION_LINK, MANIFEST_FILE, MODEL_FILE};
use trainyard_contract::result::SHA256_HEX_LENGTH;
use trainyard_contract::stage::TrainSpec;
use trainyard_contract::{FailureClass, ModelVersionName, PipelineName, StageName};

/// What a model version holds. The order of the fields is the order of the keys in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelManifest {
    /// The version's name, which is its folder's.
    pub version: ModelVersionName,
    /// The folder of the run that made it, `<run>-<uid8>`.
    pub run: String,
    /// When, in RFC 3339, UTC.
    pub created_at: String,
    /// The pipeline.
    pub pipeline: PipelineName,
    /// The stage that made it.
    pub stage: StageName,
    /// The version of Trainyard that made it.
    pub trainyard_version: String,
    /// Every other file of the folder.
    pub files: BTreeMap<String, FileDigest>,
    /// What it was trained on.
    pub input: ModelInput,
    /// What was asked for.
    pub spec: TrainSpec,
}

/// What a file holds, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileDigest {
    /// Hexadecimal sha-256.
    pub sha256: String,
    /// Size.
    pub bytes: u64,
}

impl From<WrittenFile> for FileDigest {
    fn from(file: WrittenFile) -> Self {
        Self {
            sha256: file.sha256,
            bytes: file.bytes,
        }
    }
}

/// What a model was trained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelInput {
    /// The file that the dataset was made from.
    pub source: DatasetSource,
    /// The dataset.
    pub dataset: TrainedDataset,
}

/// A dataset that a model was trained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrainedDataset {
    /// Hexadecimal sha-256 of its `data.arrow`.
    pub sha256: String,
    /// Its rows.
    pub rows: u64,
}

/// A folder that is no model version, or no longer the one that was written.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// There is no folder.
    #[error("{path} is not there")]
    Missing {
        /// The folder.
        path: Utf8PathBuf,
    },
    /// There is something else.
    #[error("{path} is a file, not the folder of a model version")]
    File {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The folder has no manifest, or no model among its files.
    #[error("{path} is not a model version: it has no {file}")]
    NoVersion {
        /// The folder.
        path: Utf8PathBuf,
        /// What it would need.
        file: &'static str,
    },
    /// A file is not what the manifest says, or gone.
    #[error("{path} is not the file that was saved: its sha-256 is {found}, and manifest.json says {expected}")]
    Changed {
        /// The file.
        path: Utf8PathBuf,
        /// Its digest.
        found: String,
        /// The digest that was written down.
        expected: String,
    },
    /// A file is gone.
    #[error("{path} is gone, and manifest.json names it")]
    Gone {
        /// The file.
        path: Utf8PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not what its name says.
    #[error("{path} is damaged: {problem}")]
    Damaged {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong.
        problem: NoModel,
    },
}

impl From<ModelError> for StageError {
    fn from(error: ModelError) -> Self {
        let message = error.to_string();
        match error {
            ModelError::NoVersion { path, .. } if path.join(CHAMPION_LINK).exists() => {
                Self::config(message).hint(format!("did you mean {}?", path.join(CHAMPION_LINK)))
            }
            ModelError::Missing { .. } | ModelError::NoVersion { .. } | ModelError::File { .. } => {
                Self::config(message).hint("`trainyard models` lists the versions that there are")
            }
            ModelError::Changed { .. } | ModelError::Damaged { .. } | ModelError::Gone { .. } => {
                Self::failed(FailureClass::Infra, message)
                    .hint("a version never changes: take another one, or train again")
            }
            ModelError::Read { path, source } => Self::workspace(&format!("read `{path}`"), source),
        }
    }
}

/// What the lines begin with that differ between two runs over the same data.
const OF_THE_RUN: [&[u8]; 3] = [b"  \"version\": ", b"  \"run\": ", b"  \"createdAt\": "];
/// What the last line but one of the file begins with; the hexadecimal sha-256 of the lines before it follows.
const CHECKSUM_KEY: &str = "  \"checksum\": \"";
/// What follows the checksum.
const CHECKSUM_END: &str = "\"\n}\n";

/// Ends the text of an object in a checksum of what stands before.
fn with_checksum(object: &str) -> String {
    let open = object.strip_suffix("\n}").unwrap_or(object);
    let body = format!("{open},\n");
    let checksum = sha256_of_lines(body.as_bytes());
    format!("{body}{CHECKSUM_KEY}{checksum}{CHECKSUM_END}")
}

/// The digest of the lines but for those that are of the run.
fn sha256_of_lines(body: &[u8]) -> String {
    let mut hasher = Sha256::new();
    for line in body.split_inclusive(|&byte| byte == b'\n') {
        if !OF_THE_RUN.iter().any(|begin| line.starts_with(begin)) {
            hasher.update(line);
        }
    }
    hexadecimal(&hasher.finalize())
}

/// Whether a text is one that [`with_checksum`] made.
fn keeps_checksum(text: &[u8]) -> bool {
    let Some(body) = text
        .len()
        .checked_sub(CHECKSUM_KEY.len() + SHA256_HEX_LENGTH + CHECKSUM_END.len())
    else {
        return false;
    };
    let (body, end) = text.split_at(body);
    let wanted = format!("{CHECKSUM_KEY}{}{CHECKSUM_END}", sha256_of_lines(body));
    end == wanted.as_bytes()
}

impl ModelManifest {
    /// The text of `manifest.json`.
    pub fn to_json(&self) -> Result<String, NoModel> {
        let text = serde_json::to_string_pretty(self).map_err(|error| NoModel::because(&error))?;
        Ok(with_checksum(&text))
    }

    /// The manifest in `folder`, without a look at the other files.
    pub fn read(folder: &Utf8Path) -> Result<Self, ModelError> {
        if !folder.is_dir() {
            let path = folder.to_owned();
            return Err(if folder.exists() {
                ModelError::File { path }
            } else {
                ModelError::Missing { path }
            });
        }
        let path = folder.join(MANIFEST_FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ModelError::NoVersion {
                    path: folder.to_owned(),
                    file: MANIFEST_FILE,
                });
            }
            Err(source) => return Err(ModelError::Read { path, source }),
        };
        let manifest = serde_json::from_slice(&text).map_err(|error| NoModel::because(&error));
        let manifest = manifest.and_then(|manifest: Self| {
            if !keeps_checksum(&text) {
                return Err(NoModel::because(&"it does not end in the checksum of its lines"));
            }
            match DateTime::parse_from_rfc3339(&manifest.created_at) {
                Ok(_) => Ok(manifest),
                Err(_) => Err(NoModel::because(&"`createdAt` is no time")),
            }
        });
        manifest.map_err(|problem| ModelError::Damaged { path, problem })
    }
}

/// The model in `folder`, after a look at every file's digest.
pub fn read_version(folder: &Utf8Path) -> Result<(ModelFile, ModelManifest), ModelError> {
    let manifest = ModelManifest::read(folder)?;
    for (name, written) in &manifest.files {
        check_file(folder.join(name), written)?;
    }
    if !manifest.files.contains_key(MODEL_FILE) {
        return Err(ModelError::NoVersion {
            path: folder.to_owned(),
            file: MODEL_FILE,
        });
    }
    let path = folder.join(MODEL_FILE);
    let text = fs::read(&path).map_err(|source| ModelError::Read {
        path: path.clone(),
        source,
    })?;
    match ModelFile::from_json(&text) {
        Ok(model) => Ok((model, manifest)),
        Err(problem) => Err(ModelError::Damaged { path, problem }),
    }
}

fn check_file(path: Utf8PathBuf, written: &FileDigest) -> Result<(), ModelError> {
    match hash_file(&path) {
        Ok((sha256, bytes)) if sha256 == written.sha256 && bytes == written.bytes => Ok(()),
        Ok((found, _)) => Err(ModelError::Changed {
            path,
            found,
            expected: written.sha256.clone(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ModelError::Gone { path }),
        Err(source) => Err(ModelError::Read { path, source }),
    }
}
