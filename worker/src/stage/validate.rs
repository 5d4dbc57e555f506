//! `validate`: a dataset is checked, and fails with its first fault.
//!
//! In: `dataset.json` (where `extract` noted what is wrong with which cells), and `data.arrow` for what it alone tells. Out:
//! `report.json` with all faults, whether the stage succeeds or not. The dataset itself is passed on unchanged.

mod check;
mod declared;
mod report;
mod target;

use crate::StageError;
use crate::artifact::write_file;
use crate::attempt::StopFlag;
use crate::dataset::{DatasetError, DatasetReader, read_description};
use crate::stage::{StageContext, StageOutput};
use trainyard_contract::StageDocument;
use trainyard_contract::dataset::DatasetDescription;
use trainyard_contract::document::ColumnNeeds;
use trainyard_contract::layout::{DATASET_FILE, REPORT_FILE, attempt_folder};
use trainyard_contract::stage::ValidateSpec;

pub use report::{Report, ReportExample, ReportFault, ReportKind};

/// Does what `spec` says.
///
/// # Errors
/// The dataset has a fault (`Data`), or is not what was committed (`InputChanged`).
pub fn run(document: &StageDocument, spec: &ValidateSpec, context: &StageContext) -> Result<StageOutput, StageError> {
    let Some(input) = &document.input else {
        return Err(StageError::internal("the document of `validate` names no dataset"));
    };
    let folder = document.workspace.join(&input.folder);
    let description = read_description(&folder)?;
    let reader = DatasetReader::open(&folder.join(DATASET_FILE))?;
    check_belonging(&reader, &description)?;
    let faults = check::faults(&description, &reader, spec, &document.columns, context.stop)?;
    let report = Report::new(&description, faults);
    let json = serde_json::to_vec_pretty(&report)
        .map_err(|error| StageError::internal("cannot write the report as JSON").caused_by(error))?;
    let written = write_file(context.folder, REPORT_FILE, &json)?;
    context.progress.add(description.rows);
    if let Some(message) = report.message() {
        let attempt = attempt_folder(&document.run, &document.run_uid, &document.stage, document.attempt);
        return Err(StageError::data(message).hint(report.hint(&attempt.join(REPORT_FILE), &document.columns)));
    }
    Ok(StageOutput {
        rows: Some(description.rows),
        files: vec![written],
        ..StageOutput::default()
    })
}

/// Refuses a dataset with a fault in a column that a stage uses, when no `validate` has done so before it.
pub(crate) fn check_used_columns(
    description: &DatasetDescription,
    reader: &DatasetReader,
    needs: &ColumnNeeds,
    stop: &StopFlag,
) -> Result<(), StageError> {
    check_belonging(reader, description)?;
    let faults = check::faults(description, reader, &ValidateSpec::default(), needs, stop)?;
    let report = Report::new(description, faults);
    let Some(message) = report.message() else {
        return Ok(());
    };
    let more = "put a `validate` stage before this one: its report.json holds all faults, with lines";
    let hint = match report.advice(needs) {
        advice if advice.is_empty() => more.to_owned(),
        advice => format!("{advice}; {more}"),
    };
    Err(StageError::data(message).hint(hint))
}

/// The first cell that was noted as missing or no number when the table was made, in a column that is needed without such
/// cells, with its place and how many more there are.
pub(crate) fn first_noted_fault(description: &DatasetDescription, needs: &ColumnNeeds) -> Option<String> {
    Report::new(description, check::noted(description, needs)).message()
}

/// The table and what is said about it must be of one make.
fn check_belonging(reader: &DatasetReader, description: &DatasetDescription) -> Result<(), DatasetError> {
    let fields = reader.schema().fields().iter();
    let columns = description.columns.iter();
    let same_columns = fields
        .map(|field| (field.name().as_str(), field.data_type().to_string()))
        .eq(columns.map(|column| (column.name.as_str(), column.data_type.clone())));
    if same_columns && reader.rows() == description.rows {
        return Ok(());
    }
    Err(DatasetError::Broken {
        path: reader.path().to_owned(),
        problem: "its description is another table's".to_owned(),
    })
}
