//! `dataset.json`: written by the stage that makes a dataset, read by those that judge it.

use super::reader::read_error;
use super::{DatasetError, DatasetReader};
use crate::StageError;
use crate::artifact::write_file;
use crate::stage::WrittenFile;
use camino::{Utf8Path, Utf8PathBuf};
use trainyard_contract::dataset::DatasetDescription;
use trainyard_contract::document::DatasetPart;
use trainyard_contract::layout::{DATASET_DESCRIPTION_FILE, DATASET_FILE, HOLDOUT_DESCRIPTION_FILE, HOLDOUT_FILE};

/// Writes `dataset.json` into `folder`.
///
/// # Errors
/// The workspace does not take it.
pub fn write_description(folder: &Utf8Path, description: &DatasetDescription) -> Result<WrittenFile, StageError> {
    write_description_as(folder, DATASET_DESCRIPTION_FILE, description)
}

/// Writes the description of another table of `folder`.
///
/// # Errors
/// The workspace does not take it.
pub fn write_description_as(
    folder: &Utf8Path,
    name: &str,
    description: &DatasetDescription,
) -> Result<WrittenFile, StageError> {
    let json = serde_json::to_vec(description)
        .map_err(|error| StageError::internal("cannot write a dataset's description as JSON").caused_by(error))?;
    write_file(folder, name, &json)
}

/// Reads `dataset.json` from `folder`.
///
/// # Errors
/// The file is gone, cannot be read, or is not whole.
pub fn read_description(folder: &Utf8Path) -> Result<DatasetDescription, DatasetError> {
    read(folder.join(DATASET_DESCRIPTION_FILE))
}

/// Opens a table of `folder` and reads what is known about it.
///
/// # Errors
/// A file is gone, cannot be read, or is not whole.
pub fn open_part(folder: &Utf8Path, part: DatasetPart) -> Result<(DatasetReader, DatasetDescription), DatasetError> {
    let (table, description) = match part {
        DatasetPart::Whole => (DATASET_FILE, DATASET_DESCRIPTION_FILE),
        DatasetPart::Holdout => (HOLDOUT_FILE, HOLDOUT_DESCRIPTION_FILE),
    };
    let description = read(folder.join(description))?;
    Ok((DatasetReader::open(&folder.join(table))?, description))
}

fn read(path: Utf8PathBuf) -> Result<DatasetDescription, DatasetError> {
    let json = std::fs::read(&path).map_err(|source| read_error(&path, source))?;
    serde_json::from_slice(&json).map_err(|error| DatasetError::Broken {
        path,
        problem: error.to_string(),
    })
}
