//! What a model adds to a row: the columns `prediction` and `probability_<class>`.
//!
//! In: a block of the features, as a dataset holds them. Out: the new columns of the block.

use super::{Classes, ModelFile};
use crate::StageError;
use crate::csv::{FileName, Word};
use crate::dataset::header_line;
use crate::logistic::{Predictions, Predictor};
use crate::preprocess::{EncodeFault, Encoder};
use arrow_array::{ArrayRef, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::collections::HashSet;
use std::sync::Arc;
use trainyard_contract::dataset::DatasetSource;

/// The column of the predicted class.
pub const PREDICTION: &str = "prediction";
/// What the name of a class's probability begins with.
pub const PROBABILITY_PREFIX: &str = "probability_";

impl ModelFile {
    /// The model, ready to predict.
    pub fn predictor(&self) -> Predictor {
        Predictor::new(self.coefficients.clone(), self.intercepts.clone())
    }

    /// The names of the columns that it adds, in their order.
    pub fn answer_columns(&self) -> Vec<String> {
        let probabilities = self.classes.labels().into_iter();
        std::iter::once(PREDICTION.to_owned())
            .chain(probabilities.map(|label| format!("{PROBABILITY_PREFIX}{label}")))
            .collect()
    }

    /// The columns of `schema`, then the model's answers.
    pub(crate) fn answered_schema(&self, schema: &Schema) -> SchemaRef {
        let types = std::iter::once(prediction_type(&self.classes)).chain(std::iter::repeat(DataType::Float64));
        let answers = self.answer_columns().into_iter().zip(types);
        let there = schema.fields().iter().map(|field| field.as_ref().clone());
        Arc::new(Schema::new(
            there
                .chain(answers.map(|(name, data_type)| Field::new(name, data_type, true)))
                .collect::<Vec<_>>(),
        ))
    }

    /// Refuses a table that has one of those columns already; `name` is the table's in messages, and `line` that of its names.
    pub(crate) fn check_answer_columns<'a>(
        &self,
        (name, line): (&str, Option<u64>),
        columns: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), StageError> {
        let there: HashSet<&str> = columns.into_iter().collect();
        match self
            .answer_columns()
            .iter()
            .find(|column| there.contains(column.as_str()))
        {
            None => Ok(()),
            Some(taken) => Err(StageError::data(format!(
                "{}{}: there is a column `{}` already, which the model would add",
                FileName::new(name),
                line.map_or_else(String::new, |line| format!(":{line}")),
                Word::new(taken)
            ))
            .hint("rename the column, or leave it out")),
        }
    }

    /// The same for a table that was made from `source`.
    pub(crate) fn check_answers_of<'a>(
        &self,
        source: &DatasetSource,
        columns: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), StageError> {
        self.check_answer_columns((&source.name, header_line(source)), columns)
    }
}

/// A model that answers block by block.
pub(crate) struct Answerer<'a> {
    classes: &'a Classes,
    encoder: Encoder,
    predictor: Predictor,
    encoded: Vec<Vec<f64>>,
    predictions: Predictions,
}

impl<'a> Answerer<'a> {
    pub(crate) fn new(model: &'a ModelFile) -> Self {
        Self {
            classes: &model.classes,
            encoder: model.encoder(),
            predictor: model.predictor(),
            encoded: Vec::new(),
            predictions: Predictions::default(),
        }
    }

    /// What is predicted for a block of `rows` rows; `features` are its columns in the model's order.
    ///
    /// # Errors
    /// A cell that the model cannot read; it need not be that of the first such row.
    pub(crate) fn predict(&mut self, features: &[ArrayRef], rows: usize) -> Result<&Predictions, EncodeFault> {
        self.encoder.clear(&mut self.encoded);
        self.encoder.encode(features, &mut self.encoded)?;
        self.predictor.predict(&self.encoded, rows, &mut self.predictions);
        Ok(&self.predictions)
    }

    /// The same as columns of a dataset.
    ///
    /// # Errors
    /// As [`Answerer::predict`].
    pub(crate) fn answer(&mut self, features: &[ArrayRef], rows: usize) -> Result<Vec<ArrayRef>, EncodeFault> {
        self.predict(features, rows)?;
        let mut columns = vec![labels(self.classes, &self.predictions.classes)];
        for probabilities in &self.predictions.probabilities {
            columns.push(Arc::new(Float64Array::from(probabilities.clone())));
        }
        Ok(columns)
    }
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
