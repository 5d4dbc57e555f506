//! `predict`: a model's predictions are added to a dataset.
//!
//! In: a dataset and a model version, whose files are checked against its manifest. Out: the dataset with `prediction` and a
//! `probability_<class>` for each class behind its columns. The target need not be there.

use crate::StageError;
use crate::csv::BatchSink;
use crate::dataset::{DatasetReader, DatasetWriter, read_description, write_description};
use crate::logistic::Predictions;
use crate::model::{Classes, ModelFile};
use crate::stage::row_place::{cell_fault, place};
use crate::stage::validate::check_used_columns;
use crate::stage::{StageContext, StageOutput, chosen_model};
use arrow_array::{
    Array, ArrayRef, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::collections::BTreeMap;
use std::sync::Arc;
use tracing::info;
use trainyard_contract::StageDocument;
use trainyard_contract::dataset::{ColumnDescription, DatasetDescription};
use trainyard_contract::layout::DATASET_FILE;
use trainyard_contract::stage::PredictSpec;

/// Does what `spec` says; which model it is, the document says.
///
/// # Errors
/// A feature is missing or no number in some row (`Data`), the model is not there (`Config`) or not what was saved
/// (`Infra`), the dataset is not what was committed (`InputChanged`).
pub fn run(document: &StageDocument, _spec: &PredictSpec, context: &StageContext) -> Result<StageOutput, StageError> {
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
    model.check_answer_columns(&description.source.name, columns)?;
    let schema = schema(&reader, &model);
    let mut writer = DatasetWriter::new(context.folder);
    write_rows(
        &reader,
        &description,
        &model,
        &schema,
        &input.sha256,
        &mut writer,
        context,
    )?;
    let data = writer.finish()?;
    let described = write_description(context.folder, &describe(description, &schema))?;
    Ok(StageOutput {
        rows: Some(reader.rows()),
        outputs: BTreeMap::from([("rows".to_owned(), reader.rows().into())]),
        files: vec![data, described],
        ..StageOutput::default()
    })
}

/// The columns of the input, then the model's answers.
fn schema(reader: &DatasetReader, model: &ModelFile) -> SchemaRef {
    let classes = prediction_type(&model.classes);
    let types = std::iter::once(classes).chain(std::iter::repeat(DataType::Float64));
    let answers = model.answer_columns().into_iter().zip(types);
    let there = reader.schema().fields().iter().map(|field| field.as_ref().clone());
    Arc::new(Schema::new(
        there
            .chain(answers.map(|(name, data_type)| Field::new(name, data_type, true)))
            .collect::<Vec<_>>(),
    ))
}

/// Whole numbers as narrow as they fit, as everywhere in a dataset.
fn prediction_type(classes: &Classes) -> DataType {
    let Classes::Whole(numbers) = classes else {
        return DataType::Utf8;
    };
    if numbers.iter().all(|&number| i8::try_from(number).is_ok()) {
        DataType::Int8
    } else if numbers.iter().all(|&number| i16::try_from(number).is_ok()) {
        DataType::Int16
    } else if numbers.iter().all(|&number| i32::try_from(number).is_ok()) {
        DataType::Int32
    } else {
        DataType::Int64
    }
}

fn write_rows(
    reader: &DatasetReader,
    description: &DatasetDescription,
    model: &ModelFile,
    schema: &SchemaRef,
    sha256: &str,
    writer: &mut DatasetWriter,
    context: &StageContext,
) -> Result<(), StageError> {
    let predictor = model.predictor();
    let places = model.features.iter().filter_map(|name| reader.column(name));
    let places: Vec<usize> = places.collect();
    let encoder = model.encoder();
    let mut numbers = Vec::new();
    let mut predictions = Predictions::default();
    writer.begin(schema)?;
    let all: Vec<usize> = (0..reader.schema().fields().len()).collect();
    let scan = reader.scan(&all);
    while let Some(block) = scan.next()? {
        context.stop.check()?;
        let mut columns = block.columns;
        let features: Vec<ArrayRef> = places.iter().map(|&place| Arc::clone(&columns[place])).collect();
        encoder.clear(&mut numbers);
        encoder.encode(&features, &mut numbers).map_err(|fault| {
            let row = reader.block_rows(block.number).start + fault.row as u64;
            cell_fault(fault, &place(description, row), &model.features, &features)
        })?;
        let rows = columns.first().map_or(0, Array::len);
        predictor.predict(&numbers, rows, &mut predictions);
        columns.push(labels(&model.classes, &predictions.classes));
        for probabilities in &predictions.probabilities {
            columns.push(Arc::new(Float64Array::from(probabilities.clone())));
        }
        let batch = RecordBatch::try_new(Arc::clone(schema), columns)
            .map_err(|error| StageError::internal("the predictions make no table").caused_by(error))?;
        writer.take(batch)?;
        context.progress.add(rows as u64);
    }
    Ok(scan.finish(sha256)?)
}

/// The predicted classes as a column.
fn labels(classes: &Classes, predicted: &[u32]) -> ArrayRef {
    let numbers = match classes {
        Classes::Text(texts) => {
            let labels = predicted.iter().map(|&class| texts[class as usize].as_str());
            return Arc::new(StringArray::from_iter_values(labels));
        }
        Classes::Whole(numbers) => numbers,
    };
    let labels = predicted.iter().map(|&class| numbers[class as usize]);
    // Every class fits the type that all of them fit.
    match prediction_type(classes) {
        DataType::Int8 => Arc::new(Int8Array::from_iter_values(labels.flat_map(i8::try_from))),
        DataType::Int16 => Arc::new(Int16Array::from_iter_values(labels.flat_map(i16::try_from))),
        DataType::Int32 => Arc::new(Int32Array::from_iter_values(labels.flat_map(i32::try_from))),
        _ => Arc::new(Int64Array::from_iter_values(labels)),
    }
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
