//! Where an evaluation is kept: in the attempt's folder, and beside the version that it is about.
//!
//! A version's own folder never changes, so what is found out about it later stands in `evaluations/` beside it, a folder a run and
//! stage. It is a copy, made by one rename; where it stands already, an earlier attempt has made it.

use crate::StageError;
use crate::artifact::{UnfinishedFolder, write_file};
use crate::stage::WrittenFile;
use camino::Utf8Path;
use std::fs;
use trainyard_contract::layout::{evaluation_folder, models_folder};
use trainyard_contract::{ModelVersionName, PipelineName, StageDocument};

/// Writes files, given by name, into the attempt's `folder` and the evaluation's.
///
/// # Errors
/// The workspace does not take them.
pub(super) fn write(
    document: &StageDocument,
    folder: &Utf8Path,
    (pipeline, version): (&PipelineName, &ModelVersionName),
    files: &[(&str, String)],
) -> Result<Vec<WrittenFile>, StageError> {
    let write_into = |folder: &Utf8Path| -> Result<Vec<WrittenFile>, StageError> {
        let files = files.iter();
        files
            .map(|(name, text)| write_file(folder, name, text.as_bytes()))
            .collect()
    };
    let written = write_into(folder)?;
    // Unfinished folders are looked for, and cleaned away, right below that of the pipeline's models.
    let mut copy = UnfinishedFolder::create(&document.workspace.join(models_folder(pipeline)))?;
    write_into(copy.path())?;
    let place = document
        .workspace
        .join(evaluation_folder(pipeline, version, &document.run, &document.stage));
    let parent = place.parent().unwrap_or(&document.workspace);
    fs::create_dir_all(parent).map_err(|cause| StageError::workspace(&format!("create `{parent}`"), cause))?;
    // One that stands there is of an earlier attempt on the same rows.
    copy.publish(&place)?;
    Ok(written)
}
