//! `predict`: a model's predictions are added to a dataset.
//!
//! In: a dataset and a model version, whose files are checked against its manifest. Out: the dataset with `prediction` and a
//! `probability_<class>` for each class behind its columns, and the files that `save` asks for. The target need not be there.

use crate::StageError;
use crate::csv::BatchSink;
use crate::dataset::{DatasetError, DatasetReader, DatasetWriter, read_description, write_description};
use crate::model::{Answerer, ModelFile};
use crate::stage::row_place::{cell_fault, place};
use crate::stage::validate::check_used_columns;
use crate::stage::{StageContext, StageOutput, WrittenFile, chosen_model};
use crate::table_file::TableFile;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{Schema, SchemaRef};
use camino::Utf8Path;
use std::collections::BTreeMap;
use std::sync::Arc;
use tracing::info;
use trainyard_contract::StageDocument;
use trainyard_contract::dataset::{ColumnDescription, DatasetDescription};
use trainyard_contract::layout::{DATASET_FILE, PREDICTIONS_CSV_FILE, PREDICTIONS_PARQUET_FILE};
use trainyard_contract::stage::{PredictSpec, PredictionFormat};

/// Does what `spec` says; which model it is, the document says.
///
/// # Errors
/// A feature is missing or no number in some row (`Data`), the model is not there (`Config`) or not what was saved
/// (`Infra`), the dataset is not what was committed (`InputChanged`).
pub fn run(document: &StageDocument, spec: &PredictSpec, context: &StageContext) -> Result<StageOutput, StageError> {
    let (Some(input), Some(chosen)) = (&document.input, &document.model) else {
        return Err(StageError::internal(
            "the document of `predict` names no dataset or no model",
        ));
    };
    let (model, _) = chosen_model::read(document, chosen)?;
    info!(version = %chosen.version, "read the model version");
    let folder = document.workspace.join(&input.folder);
    let description = read_description(&folder)?;
    let reader = DatasetReader::open(&folder.join(DATASET_FILE))?;
    check_used_columns(&description, &reader, &model.needs(), context.stop)?;
    let columns = description.columns.iter().map(|column| column.name.as_str());
    model.check_answers_of(&description.source, columns)?;
    let schema = model.answered_schema(reader.schema());
    let mut files = Files::new(context.folder, &spec.save);
    write_rows(&reader, &description, &model, &input.sha256, &mut files, context)?;
    let mut files = files.finish()?;
    files.push(write_description(context.folder, &describe(description, &schema))?);
    Ok(StageOutput {
        rows: Some(reader.rows()),
        outputs: BTreeMap::from([("rows".to_owned(), reader.rows().into())]),
        files,
        ..StageOutput::default()
    })
}

/// The files that the predictions go into: the dataset, and those that `save` names.
struct Files {
    dataset: DatasetWriter,
    saved: Vec<TableFile>,
}

impl Files {
    fn new(folder: &Utf8Path, save: &[PredictionFormat]) -> Self {
        let file = |format: PredictionFormat| {
            let name = match format {
                PredictionFormat::Csv => PREDICTIONS_CSV_FILE,
                PredictionFormat::Parquet => PREDICTIONS_PARQUET_FILE,
            };
            TableFile::new(folder.join(name), format.into())
        };
        Self {
            dataset: DatasetWriter::new(folder),
            saved: save.iter().copied().map(file).collect(),
        }
    }

    fn finish(self) -> Result<Vec<WrittenFile>, DatasetError> {
        let mut written = vec![self.dataset.finish()?];
        for file in self.saved {
            written.push(file.finish()?);
        }
        Ok(written)
    }
}

impl BatchSink for Files {
    fn begin(&mut self, schema: &SchemaRef) -> Result<(), DatasetError> {
        self.saved.iter_mut().try_for_each(|file| file.begin(schema))?;
        self.dataset.begin(schema)
    }

    fn take(&mut self, batch: RecordBatch) -> Result<(), DatasetError> {
        self.saved.iter_mut().try_for_each(|file| file.take(batch.clone()))?;
        self.dataset.take(batch)
    }
}

fn write_rows(
    reader: &DatasetReader,
    description: &DatasetDescription,
    model: &ModelFile,
    sha256: &str,
    files: &mut Files,
    context: &StageContext,
) -> Result<(), StageError> {
    let schema = model.answered_schema(reader.schema());
    let mut answerer = Answerer::new(model);
    let places: Vec<usize> = model.features.iter().filter_map(|name| reader.column(name)).collect();
    files.begin(&schema)?;
    let all: Vec<usize> = (0..reader.schema().fields().len()).collect();
    let scan = reader.scan(&all);
    while let Some(block) = scan.next()? {
        context.stop.check()?;
        let mut columns = block.columns;
        let rows = columns.first().map_or(0, Array::len);
        let features: Vec<ArrayRef> = places.iter().map(|&place| Arc::clone(&columns[place])).collect();
        let answers = answerer.answer(&features, rows).map_err(|fault| {
            let row = reader.block_rows(block.number).start + fault.row as u64;
            cell_fault(fault, &place(description, row), &model.features, &features)
        })?;
        columns.extend(answers);
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns)
            .map_err(|error| StageError::internal("the predictions make no table").caused_by(error))?;
        files.take(batch)?;
        context.progress.add(rows as u64);
    }
    Ok(scan.finish(sha256)?)
}

/// What is known of the input, and the new columns, which have no faults.
fn describe(mut description: DatasetDescription, schema: &Schema) -> DatasetDescription {
    let new = schema.fields().iter().skip(description.columns.len());
    description.columns.extend(new.map(|field| ColumnDescription {
        name: field.name().clone(),
        data_type: field.data_type().to_string(),
        faults: Vec::new(),
    }));
    description
}
