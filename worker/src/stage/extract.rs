//! `extract`: a file from outside becomes a dataset.
//!
//! In: a CSV file. Out, in the attempt's folder: `data.arrow`, and `dataset.json` with all cells that are missing, not
//! finite, or no numbers where numbers are needed. The stage itself fails only where no table can be made.

use crate::StageError;
use crate::csv::{CsvError, CsvOptions, Place, ReadControl, read_file};
use crate::dataset::{DatasetWriter, write_description};
use crate::stage::{StageContext, StageOutput};
use trainyard_contract::StageDocument;
use trainyard_contract::stage::ExtractSpec;

/// Does what `spec` says.
///
/// # Errors
/// The file is missing, cannot be read, or is no table (`Data`); the spec is wrong (`Config`); the workspace does not take
/// the dataset (`Infra`).
pub fn run(document: &StageDocument, spec: &ExtractSpec, context: &StageContext) -> Result<StageOutput, StageError> {
    let Some(csv) = &spec.csv else {
        return Err(StageError::config("extract has no source").hint("set extract.csv"));
    };
    let Some(source) = &document.source else {
        return Err(StageError::internal("the document of `extract` names no file"));
    };
    let options = CsvOptions::new(csv, &document.columns.numbers)?;
    let go_on = |rows| {
        context.progress.add(rows);
        context.stop.reason().is_none()
    };
    let control = ReadControl::new(context.threads, &go_on);
    let mut writer = DatasetWriter::new(context.folder);
    let place = if source.path.is_absolute() {
        Place::Anywhere(&source.path)
    } else {
        Place::Below {
            folder: &document.workspace,
            path: &source.path,
        }
    };
    let mut description = match read_file(place, &source.name, &options, control, &mut writer) {
        Ok(description) => description,
        Err(CsvError::Stopped) => {
            context.stop.check()?;
            return Err(StageError::internal("reading stopped for no reason"));
        }
        Err(error) => return Err(error.into()),
    };
    description.source.extract = spec.clone();
    let data = writer.finish()?;
    let described = write_description(context.folder, &description)?;
    Ok(StageOutput {
        rows: Some(description.rows),
        files: vec![data, described],
        ..StageOutput::default()
    })
}
