//! Predictions for a table with types: a Parquet file, or a CSV file whose predictions go into a file of another format.
//!
//! In: a model and a file. Out: its batches with the model's answers, into a [`BatchSink`]. A fault of a row ends it; the
//! rows before it were given to the sink.
//!
//! Not here: CSV that stays as it stands (`predict_csv.rs`).

use super::ModelFile;
use super::answer::Answerer;
use super::predict_csv::PredictError;
use crate::StageError;
use crate::csv::{self, BatchSink, CsvError, CsvOptions, ReadControl, Word, some_names};
use crate::dataset::{DatasetError, place};
use crate::parquet::{self, ParquetError};
use crate::preprocess::{EncodeFault, EncodeProblem};
use crate::similar::similar;
use crate::source::{NamedPlace, Place, SourceFiles};
use crate::stage::row_place::cell_fault;
use crate::stage::validate::first_noted_fault;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, SchemaRef};
use camino::Utf8Path;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use trainyard_contract::dataset::DatasetDescription;

/// How a Parquet file begins.
const PARQUET_MARK: &[u8; 4] = b"PAR1";

/// A file of rows.
pub struct TableSource<'a> {
    /// Where it is, which is also how people know it.
    pub path: &'a Utf8Path,
    /// How it is read if it is CSV; `None` for Parquet.
    pub csv: Option<CsvOptions>,
}

/// Whether the file at `path` is Parquet, by its first bytes. What cannot be read is told by whoever reads it.
pub fn is_parquet(path: &Utf8Path) -> bool {
    let file = NamedPlace {
        name: path.to_string(),
        place: Place::Anywhere(path.to_owned()),
    };
    let mut mark = [0; PARQUET_MARK.len()];
    file.open().is_ok_and(|file| file.read_exact_at(&mut mark, 0).is_ok()) && mark == *PARQUET_MARK
}

/// Predicts for the rows of `source`, on `threads` threads. Returns how many there were.
///
/// # Errors
/// The file is no table, or a feature is missing or no number in some row; the sink does not take the predictions.
pub fn predict_table(
    model: &ModelFile,
    source: TableSource<'_>,
    threads: usize,
    sink: &mut dyn BatchSink,
) -> Result<u64, PredictError> {
    let files = SourceFiles::one(source.path.as_str(), Place::Anywhere(source.path.to_owned()));
    let over = AtomicBool::new(false);
    let go_on = |_| !over.load(Ordering::Relaxed);
    let control = ReadControl::new(threads, &go_on);
    let mut answering = AnsweringSink {
        model,
        answerer: Answerer::new(model),
        places: Vec::new(),
        schema: model.answered_schema(&arrow_schema::Schema::empty()),
        name: source.path.as_str(),
        has_lines: source.csv.is_some(),
        refusal: None,
        over: &over,
        fault: None,
        rows: 0,
        sink,
    };
    let needs = model.needs();
    let read: Result<DatasetDescription, PredictError> = match source.csv {
        Some(mut options) => {
            options.numbers = needs.numbers.iter().cloned().collect();
            options.texts = model.preprocess.text_features().map(str::to_owned).collect();
            csv::read_files(&files, &options, control, &mut answering).map_err(|error| match error {
                CsvError::Write(error) => error.into(),
                error => StageError::from(error).into(),
            })
        }
        None => parquet::read_files(&files, &needs.numbers, control, &mut answering).map_err(|error| match error {
            ParquetError::Write(error) => error.into(),
            error => StageError::from(error).into(),
        }),
    };
    if let Some(refusal) = answering.refusal {
        return Err(refusal.into());
    }
    let description = read?;
    let rows = answering.rows;
    let error = match answering.fault {
        None => first_noted_fault(&description, &needs).map(no_value),
        Some(fault) => Some(fault.at(model, &description)),
    };
    match error {
        None => Ok(rows),
        Some(error) => Err(PredictError::Input { error, rows }),
    }
}

fn no_value(message: String) -> StageError {
    StageError::data(message).hint("the model needs a value in every feature that it does not impute")
}

impl From<DatasetError> for PredictError {
    fn from(error: DatasetError) -> Self {
        match error {
            DatasetError::Write { source, .. } => Self::Output(source),
            error => StageError::from(error).into(),
        }
    }
}

/// A row that the model has no answer for.
struct RowFault {
    row: u64,
    /// What is wrong, in a block of this row alone.
    fault: EncodeFault,
    features: Vec<ArrayRef>,
}

impl RowFault {
    fn at(&self, model: &ModelFile, description: &DatasetDescription) -> StageError {
        let noted = match self.fault.problem {
            // The cell was no number; what stands in it was noted when it was read.
            EncodeProblem::Missing => first_noted_fault(description, &model.needs()),
            EncodeProblem::NoNumbers | EncodeProblem::UnknownCategory => None,
        };
        noted.map_or_else(
            || {
                cell_fault(
                    self.fault,
                    &place(description, self.row),
                    &model.features,
                    &self.features,
                )
            },
            no_value,
        )
    }
}

/// Adds the answers to each batch and hands it on.
struct AnsweringSink<'a> {
    model: &'a ModelFile,
    answerer: Answerer<'a>,
    /// The column of each feature.
    places: Vec<usize>,
    schema: SchemaRef,
    name: &'a str,
    has_lines: bool,
    /// Why the table as a whole is not for this model.
    refusal: Option<StageError>,
    /// Nobody needs another row.
    over: &'a AtomicBool,
    /// The first row without an answer. Reading goes on, since the line of the row is known only at its end.
    fault: Option<RowFault>,
    rows: u64,
    sink: &'a mut dyn BatchSink,
}

impl AnsweringSink<'_> {
    fn places(&self, schema: &SchemaRef) -> Result<Vec<usize>, StageError> {
        let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let line = self.has_lines.then_some(1);
        self.model
            .check_answer_columns((self.name, line), names.iter().map(String::as_str))?;
        let place_of = |feature: &String| {
            let place = names.iter().position(|name| name == feature);
            place.ok_or_else(|| missing(self.name, line, &names, feature))
        };
        self.model.features.iter().map(place_of).collect()
    }

    fn refuse(&mut self, refusal: StageError) -> DatasetError {
        self.over.store(true, Ordering::Relaxed);
        let stopped = ArrowError::InvalidArgumentError(refusal.to_string());
        self.refusal.get_or_insert(refusal);
        DatasetError::Table(stopped)
    }
}

impl BatchSink for AnsweringSink<'_> {
    fn begin(&mut self, schema: &SchemaRef) -> Result<(), DatasetError> {
        match self.places(schema) {
            Ok(places) => self.places = places,
            Err(refusal) => return Err(self.refuse(refusal)),
        }
        self.schema = self.model.answered_schema(schema);
        self.fault = None;
        self.rows = 0;
        self.sink.begin(&self.schema)
    }

    fn take(&mut self, mut batch: RecordBatch) -> Result<(), DatasetError> {
        if self.fault.is_some() {
            return Ok(());
        }
        loop {
            let arrays: Vec<ArrayRef> = self
                .places
                .iter()
                .map(|&place| ArrayRef::clone(batch.column(place)))
                .collect();
            match self.answerer.answer(&arrays, batch.num_rows()) {
                Ok(answers) => {
                    let columns = batch.columns().iter().cloned().chain(answers).collect();
                    self.rows += batch.num_rows() as u64;
                    return self
                        .sink
                        .take(RecordBatch::try_new(SchemaRef::clone(&self.schema), columns)?);
                }
                // The rows before it have their answers.
                Err(fault) => {
                    self.fault = Some(RowFault {
                        row: self.rows + fault.row as u64,
                        features: arrays.iter().map(|array| array.slice(fault.row, 1)).collect(),
                        fault: EncodeFault { row: 0, ..fault },
                    });
                    if fault.row == 0 {
                        return Ok(());
                    }
                    batch = batch.slice(0, fault.row);
                }
            }
        }
    }
}

/// A feature that no column has.
pub(super) fn missing(name: &str, line: Option<u64>, names: &[String], feature: &str) -> StageError {
    let found = similar(feature, names.iter().map(String::as_str))
        .map_or_else(String::new, |name| format!("; found `{}`", Word::new(name)));
    let line = line.map_or_else(String::new, |line| format!(":{line}"));
    StageError::data(format!(
        "{}{line}: column `{}` is missing{found}",
        csv::FileName::new(name),
        Word::new(feature)
    ))
    .hint(format!("the model needs it; the columns are {}", some_names(names)))
}
