//! From what a stage made to a committed folder: digests, `result.json`, the rename, and who was first.

use crate::StageError;
use crate::artifact::{Published, UnfinishedFolder, hash_file, write_file};
use crate::stage::WrittenFile;
use camino::{Utf8Path, Utf8PathBuf};
use std::fs;
use std::io;
use trainyard_contract::layout::{
    DATASET_DESCRIPTION_FILE, DATASET_FILE, HOLDOUT_DESCRIPTION_FILE, HOLDOUT_FILE, RESULT_FILE, attempt_folder,
};
use trainyard_contract::result::{Artifact, Outcome};
use trainyard_contract::{StageDocument, StageResult};

/// Commits `folder` with `result` as the attempt of `document`. Returns the result that stands there afterwards: where another process was
/// first, that one's.
pub(super) fn commit(
    folder: &mut UnfinishedFolder,
    document: &StageDocument,
    mut result: StageResult,
    hashed: &[WrittenFile],
) -> Result<StageResult, StageError> {
    if result.outcome != Outcome::Succeeded {
        remove_half_a_dataset(folder.path())?;
    }
    result.attempt = document.attempt;
    result.artifacts = artifacts(folder.path(), hashed)?;
    write_file(folder.path(), RESULT_FILE, result.to_bounded_json().as_bytes())?;
    let place = place(document, document.attempt);
    match folder.publish(&place)? {
        Published::Done => Ok(result),
        Published::Taken => committed(document, document.attempt)?.ok_or_else(|| {
            StageError::workspace(&format!("commit `{place}`"), io::ErrorKind::AlreadyExists.into())
                .hint("something without a readable result.json stands there: move it away")
        }),
    }
}

/// Where an attempt of the document's stage stands once it is committed.
pub(super) fn place(document: &StageDocument, attempt: u32) -> Utf8PathBuf {
    let folder = attempt_folder(&document.run, &document.run_uid, &document.stage, attempt);
    document.workspace.join(folder)
}

/// The result that an attempt of the document's stage committed; `None` when there is none that can be read.
pub(super) fn committed(document: &StageDocument, attempt: u32) -> Result<Option<StageResult>, StageError> {
    let path = place(document, attempt).join(RESULT_FILE);
    match fs::read(&path) {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(cause) => Err(StageError::workspace(&format!("read `{path}`"), cause)),
    }
}

/// A failed stage may leave the beginning of a dataset, which is of no use and can be large.
fn remove_half_a_dataset(folder: &Utf8Path) -> Result<(), StageError> {
    let tables = [
        DATASET_FILE,
        DATASET_DESCRIPTION_FILE,
        HOLDOUT_FILE,
        HOLDOUT_DESCRIPTION_FILE,
    ];
    for name in tables {
        let path = folder.join(name);
        match fs::remove_file(&path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                return Err(StageError::workspace(&format!("remove `{path}`"), cause));
            }
            _ => {}
        }
    }
    Ok(())
}

/// All files in the folder, by name, with the digests that are known and those of the others computed.
fn artifacts(folder: &Utf8Path, hashed: &[WrittenFile]) -> Result<Vec<Artifact>, StageError> {
    let failed = |cause| StageError::workspace(&format!("read `{folder}`"), cause);
    let mut names = Vec::new();
    for entry in folder.read_dir_utf8().map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_owned());
    }
    names.sort();
    names.into_iter().map(|name| artifact(folder, name, hashed)).collect()
}

fn artifact(folder: &Utf8Path, name: String, hashed: &[WrittenFile]) -> Result<Artifact, StageError> {
    let known = hashed.iter().find(|file| file.name == name);
    let (sha256, bytes) = if let Some(file) = known {
        (file.sha256.clone(), file.bytes)
    } else {
        let path = folder.join(&name);
        hash_file(&path).map_err(|cause| StageError::workspace(&format!("read `{path}`"), cause))?
    };
    let path = name.into();
    Ok(Artifact { path, sha256, bytes })
}
