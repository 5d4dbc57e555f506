//! The model version that a document names, read and checked: what `evaluate` and `predict` begin with.

use crate::StageError;
use crate::artifact::hash_file;
use crate::model::{ModelFile, ModelManifest, read_version};
use trainyard_contract::document::InputModel;
use trainyard_contract::layout::MANIFEST_FILE;
use trainyard_contract::{FailureClass, StageDocument};

/// Reads it.
///
/// # Errors
/// It is not there (`Config`), or not what was saved (`Infra`).
pub(super) fn read(document: &StageDocument, chosen: &InputModel) -> Result<(ModelFile, ModelManifest), StageError> {
    let folder = document.workspace.join(&chosen.folder);
    let version = read_version(&folder)?;
    if let Some(expected) = &chosen.sha256 {
        let path = folder.join(MANIFEST_FILE);
        let (found, _) = hash_file(&path).map_err(|cause| StageError::workspace(&format!("read `{path}`"), cause))?;
        if found != *expected {
            return Err(StageError::failed(
                FailureClass::Infra,
                format!("{path} is not the one that was saved: its sha-256 is {found}, not {expected}"),
            )
            .hint("a version never changes: take another one, or train again"));
        }
    }
    Ok(version)
}
