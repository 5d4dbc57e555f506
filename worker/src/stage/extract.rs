//! `extract`: files from outside become a dataset.
//!
//! In: CSV or Parquet files. Out, in the attempt's folder: `data.arrow`, and `dataset.json` with all cells that are missing,
//! not finite, or no numbers where numbers are needed. The stage itself fails only where no table can be made.

use crate::StageError;
use crate::csv::{self, CsvError, CsvOptions, ReadControl};
use crate::dataset::{DatasetWriter, write_description};
use crate::parquet::{self, ParquetError};
use crate::source::SourceFiles;
use crate::stage::{StageContext, StageOutput};
use trainyard_contract::StageDocument;
use trainyard_contract::dataset::DatasetDescription;
use trainyard_contract::stage::ExtractSpec;

/// Does what `spec` says.
///
/// # Errors
/// A file is missing, cannot be read, or is no table (`Data`); the spec is wrong (`Config`); the workspace does not take
/// the dataset (`Infra`).
pub fn run(document: &StageDocument, spec: &ExtractSpec, context: &StageContext) -> Result<StageOutput, StageError> {
    let mut writer = DatasetWriter::new(context.folder);
    let mut description = read(document, spec, context, &mut writer)?;
    description.source.extract = spec.clone();
    let data = writer.finish()?;
    let described = write_description(context.folder, &description)?;
    Ok(StageOutput {
        rows: Some(description.rows),
        files: vec![data, described],
        ..StageOutput::default()
    })
}

fn read(
    document: &StageDocument,
    spec: &ExtractSpec,
    context: &StageContext,
    writer: &mut DatasetWriter,
) -> Result<DatasetDescription, StageError> {
    let Some(source) = &document.source else {
        return Err(StageError::internal("the document of `extract` names no file"));
    };
    let go_on = |rows| {
        context.progress.add(rows);
        context.stop.reason().is_none()
    };
    let control = ReadControl::new(context.threads, &go_on);
    let numbers = &document.columns.numbers;
    match spec {
        ExtractSpec { csv: Some(csv), .. } => {
            let options = CsvOptions::new(csv, numbers)?;
            let files = SourceFiles::of_document(document, source)?;
            match csv::read_files(&files, &options, control, writer) {
                Err(CsvError::Stopped) => Err(stopped(context)),
                read => Ok(read?),
            }
        }
        ExtractSpec { parquet: Some(_), .. } => {
            let files = SourceFiles::of_document(document, source)?;
            match parquet::read_files(&files, numbers, control, writer) {
                Err(ParquetError::Stopped) => Err(stopped(context)),
                read => Ok(read?),
            }
        }
        ExtractSpec {
            csv: None,
            parquet: None,
        } => Err(StageError::config("extract has no source").hint("set extract.csv or extract.parquet")),
    }
}

fn stopped(context: &StageContext) -> StageError {
    match context.stop.check() {
        Err(stopped) => stopped,
        Ok(()) => StageError::internal("reading stopped for no reason"),
    }
}
