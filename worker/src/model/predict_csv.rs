//! Predictions for a CSV file, row by row, as CSV: what `trainyard predict` does.
//!
//! In: a model and a CSV stream, plain or compressed. Out: every record as it stands there, and behind it the prediction
//! and each class's probability with all digits. Memory does not grow with the file, and what was read is written before a
//! fault ends it. The file is read as the one was that the model was trained on: delimiter, quote, header, null words.

use super::answer::Answerer;
use super::predict_table::missing;
use super::{Classes, ModelFile};
use crate::StageError;
use crate::csv::stream::{CsvStream, Record, RecordBlock};
use crate::csv::{CellNumber, CsvOptions, FileName, NullWords, Word, quoted};
use crate::logistic::Predictions;
use crate::stage::row_place::cell_fault;
use arrow_array::ArrayRef;
use arrow_array::builder::{Float64Builder, StringBuilder};
use camino::Utf8Path;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::sync::Arc;

/// Why predictions ended early.
#[derive(Debug, thiserror::Error)]
pub enum PredictError {
    /// The data is no table, or a feature is not a number in some row.
    #[error("{error}")]
    Input {
        /// What is wrong.
        error: StageError,
        /// How many rows before it were predicted.
        rows: u64,
    },
    /// The predictions cannot be written.
    #[error("cannot write the predictions: {0}")]
    Output(io::Error),
}

impl From<StageError> for PredictError {
    fn from(error: StageError) -> Self {
        Self::Input { error, rows: 0 }
    }
}

/// Predicts for the file at `path`, which people know as `name`. Returns the number of rows.
pub fn predict_file(
    model: &ModelFile,
    path: &Utf8Path,
    name: &str,
    options: CsvOptions,
    out: &mut dyn Write,
) -> Result<u64, PredictError> {
    let data = CsvStream::open(path, name, options).map_err(StageError::from)?;
    predict(model, data, out)
}

/// Predicts for what `data` reads, as [`predict_file`] does for a file.
pub fn predict_stream(
    model: &ModelFile,
    data: impl Read,
    name: &str,
    options: CsvOptions,
    out: &mut dyn Write,
) -> Result<u64, PredictError> {
    let data = CsvStream::new(data, name, options).map_err(StageError::from)?;
    predict(model, data, out)
}

fn predict<R: Read>(model: &ModelFile, mut data: CsvStream<R>, out: &mut dyn Write) -> Result<u64, PredictError> {
    let mut rows = Rows::new(model, &data)?;
    out.write_all(&header(model, &data)).map_err(PredictError::Output)?;
    let mut done = 0;
    let after = |rows| move |error: StageError| PredictError::Input { error, rows };
    while let Some(block) = data.next_block().map_err(StageError::from).map_err(after(done))? {
        let read = rows.read(&block, &FileName::new(data.name()));
        rows.write(&block, out).map_err(PredictError::Output)?;
        done += rows.records.len() as u64;
        if let Err(error) = read {
            // Damaged data may decompress to anything, so what it seems to be says nothing.
            data.check_rest().map_err(StageError::from).map_err(after(done))?;
            return Err(after(done)(error));
        }
    }
    out.flush().map_err(PredictError::Output)?;
    Ok(done)
}

/// The first line: the file's own header, or the columns' names where it has none, and the model's columns behind it.
fn header<R: Read>(model: &ModelFile, data: &CsvStream<R>) -> Vec<u8> {
    let dialect = data.options().dialect;
    let delimiter = char::from(dialect.delimiter);
    let mut header = if let Some(header) = data.header() {
        header.to_vec()
    } else {
        let names: Vec<_> = data.columns().iter().map(|name| quoted(name, dialect)).collect();
        names.join(&delimiter.to_string()).into_bytes()
    };
    for name in model.answer_columns() {
        header.extend_from_slice(format!("{delimiter}{}", quoted(&name, dialect)).as_bytes());
    }
    header.push(b'\n');
    header
}

/// The rows of a block: where they stand, their features, and what is predicted for them.
struct Rows<'a> {
    model: &'a ModelFile,
    /// For each column of the file, the feature that it is.
    feature_of: Vec<Option<usize>>,
    names: Vec<String>,
    null_words: NullWords,
    delimiter: char,
    answerer: Answerer<'a>,
    labels: Vec<String>,
    records: Vec<Record>,
    features: Vec<FeatureCells>,
    predictions: Predictions,
}

impl<'a> Rows<'a> {
    fn new<R: Read>(model: &'a ModelFile, data: &CsvStream<R>) -> Result<Self, StageError> {
        let names = data.columns().to_vec();
        model.check_answer_columns((data.name(), Some(1)), names.iter().map(String::as_str))?;
        let mut feature_of = vec![None; names.len()];
        for (feature, name) in model.features.iter().enumerate() {
            match names.iter().position(|column| column == name) {
                Some(column) => feature_of[column] = Some(feature),
                None => return Err(missing(data.name(), Some(data.header_line()), &names, name)),
            }
        }
        let dialect = data.options().dialect;
        let labels = match &model.classes {
            Classes::Whole(numbers) => numbers.iter().map(ToString::to_string).collect(),
            Classes::Text(texts) => texts.iter().map(|text| quoted(text, dialect).into_owned()).collect(),
        };
        Ok(Self {
            model,
            feature_of,
            names,
            null_words: data.options().null_words.clone(),
            delimiter: char::from(dialect.delimiter),
            answerer: Answerer::new(model),
            labels,
            records: Vec::new(),
            features: feature_cells(model),
            predictions: Predictions::default(),
        })
    }

    /// Reads the records of a block up to the first fault, and predicts for them.
    fn read(&mut self, block: &RecordBlock, name: &FileName) -> Result<(), StageError> {
        let read = self.read_records(block, name);
        let arrays: Vec<ArrayRef> = self.features.iter_mut().map(FeatureCells::finish).collect();
        let predicted = self.predict(arrays, name);
        predicted.and(read)
    }

    fn read_records(&mut self, block: &RecordBlock, name: &FileName) -> Result<(), StageError> {
        self.records.clear();
        let mut records = block.records();
        loop {
            let mut fault = None;
            let record = records.next(|column, cell| {
                if let Some(feature) = self.feature_of.get(column).copied().flatten()
                    && fault.is_none()
                    && let Err(what) = self.features[feature].look_at(cell, &self.null_words)
                {
                    fault = Some((column, what));
                }
            })?;
            let Some(record) = record else { return Ok(()) };
            if let Some((column, what)) = fault {
                let column = Word::new(&self.names[column]);
                return Err(
                    StageError::data(format!("{name}:{}: column `{column}`{what}", record.line))
                        .hint("the model needs a value in every feature that it does not impute"),
                );
            }
            self.records.push(record);
            self.features.iter_mut().for_each(FeatureCells::keep);
        }
    }

    /// Predicts for the rows, up to the first that the model cannot read.
    fn predict(&mut self, mut arrays: Vec<ArrayRef>, name: &FileName) -> Result<(), StageError> {
        let mut refused = Ok(());
        loop {
            match self.answerer.predict(&arrays, self.records.len()) {
                Ok(predictions) => {
                    self.predictions.clone_from(predictions);
                    return refused;
                }
                Err(fault) => {
                    let place = format!("{name}:{}", self.records[fault.row].line);
                    refused = Err(cell_fault(fault, &place, &self.model.features, &arrays));
                    self.records.truncate(fault.row);
                    arrays = arrays.iter().map(|array| array.slice(0, fault.row)).collect();
                }
            }
        }
    }

    fn write(&self, block: &RecordBlock, out: &mut dyn Write) -> io::Result<()> {
        let mut line = String::new();
        for (row, record) in self.records.iter().enumerate() {
            line.clear();
            line.push(self.delimiter);
            line.push_str(&self.labels[self.predictions.classes[row] as usize]);
            for probabilities in &self.predictions.probabilities {
                line.push(self.delimiter);
                push_number(&mut line, probabilities[row]);
            }
            line.push('\n');
            out.write_all(block.text(record))?;
            out.write_all(line.as_bytes())?;
        }
        Ok(())
    }
}

/// The cells of one feature, as the model reads them.
struct FeatureCells {
    may_be_null: bool,
    cells: Cells,
}

enum Cells {
    Numbers {
        /// That of the record that is being read.
        next: Option<f64>,
        kept: Float64Builder,
    },
    Texts {
        next: String,
        is_null: bool,
        kept: StringBuilder,
    },
}

fn feature_cells(model: &ModelFile) -> Vec<FeatureCells> {
    let needs = model.needs();
    let cells = |name: &String| FeatureCells {
        may_be_null: needs.may_be_null.contains(name),
        cells: if needs.numbers.contains(name) {
            Cells::Numbers {
                next: None,
                kept: Float64Builder::new(),
            }
        } else {
            Cells::Texts {
                next: String::new(),
                is_null: true,
                kept: StringBuilder::new(),
            }
        },
    };
    model.features.iter().map(cells).collect()
}

impl FeatureCells {
    /// Reads a cell; if the model cannot take it, what stands there.
    fn look_at(&mut self, cell: &[u8], null_words: &NullWords) -> Result<(), String> {
        let value = || Word::new(&String::from_utf8_lossy(cell));
        let is_blank = cell.iter().all(|byte| matches!(byte, b' ' | b'\t'));
        let is_null = null_words.contains(cell);
        if is_null && !self.may_be_null {
            return Err(if is_blank {
                " is empty".to_owned()
            } else {
                format!(": `{}` is read as missing", value())
            });
        }
        match &mut self.cells {
            Cells::Numbers { next, .. } => {
                *next = match CellNumber::parse(cell) {
                    _ if is_null => None,
                    CellNumber::Whole(number) => Some(number as f64),
                    CellNumber::Float(number) => Some(number),
                    CellNumber::Blank if self.may_be_null => None,
                    CellNumber::Blank => return Err(" is empty".to_owned()),
                    CellNumber::NotFinite => return Err(format!(": `{}` is not finite", value())),
                    CellNumber::NotANumber => return Err(format!(": `{}` is not a number", value())),
                };
            }
            Cells::Texts {
                next, is_null: null, ..
            } => {
                *null = is_null;
                next.clear();
                // A record that is no UTF-8 is refused as a whole.
                next.push_str(&String::from_utf8_lossy(cell));
            }
        }
        Ok(())
    }

    /// The record was a good one.
    fn keep(&mut self) {
        match &mut self.cells {
            Cells::Numbers { next, kept } => kept.append_option(*next),
            Cells::Texts { next, is_null, kept } => kept.append_option((!*is_null).then_some(&next)),
        }
    }

    /// The cells of all good records.
    fn finish(&mut self) -> ArrayRef {
        match &mut self.cells {
            Cells::Numbers { kept, .. } => Arc::new(kept.finish()),
            Cells::Texts { kept, .. } => Arc::new(kept.finish()),
        }
    }
}

/// All digits: the shortest text that reads back to the same number, with a point or an exponent, as in every other CSV
/// file of predictions.
fn push_number(line: &mut String, number: f64) {
    // Writing to a string cannot fail.
    let _ = write!(line, "{number:?}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::model_file::tests::seed_model;
    use trainyard_contract::stage::{ColumnType, CsvSource, DeclaredColumn, Header};

    fn run(model: &ModelFile, data: &str) -> (String, Result<u64, String>) {
        run_as(&CsvSource::default(), model, data)
    }

    /// As [`run`], with `trained_on` for how the training data were read.
    fn run_as(trained_on: &CsvSource, model: &ModelFile, data: &str) -> (String, Result<u64, String>) {
        let mut out = Vec::new();
        let options = CsvOptions::for_records(trained_on).unwrap();
        let rows =
            predict_stream(model, data.as_bytes(), "t.csv", options, &mut out).map_err(|error| error.to_string());
        (String::from_utf8(out).unwrap(), rows)
    }

    #[test]
    fn records_stay_as_they_are_and_get_their_answers() {
        let (out, rows) = run(
            &seed_model(),
            "\u{feff}note,salary,age\r\n\"a, \"\"b\"\"\nc\", 5e4 ,25\r\n\r\nx,60000,30",
        );
        let lines: Vec<_> = out.split('\n').collect();
        assert_eq!(rows, Ok(2));
        assert_eq!(lines[0], "note,salary,age,prediction,probability_0,probability_1");
        assert_eq!(lines[1], "\"a, \"\"b\"\"");
        assert!(lines[2].starts_with("c\", 5e4 ,25,0,0.999"), "{out}");
        assert!(lines[3].starts_with("x,60000,30,1,"), "{out}");
        assert_eq!(lines[4..], [""]);
        let p: f64 = lines[3].split(',').next_back().unwrap().parse().unwrap();
        assert!((p - 0.999_999_7).abs() < 1e-6, "{p}");
    }

    #[test]
    fn a_file_is_read_as_the_training_data_were() {
        let column = |name: &str| DeclaredColumn {
            name: name.to_owned(),
            column_type: Some(ColumnType::Number),
        };
        let shaped = CsvSource {
            delimiter: Some(";".to_owned()),
            quote: Some("'".to_owned()),
            header: Some(Header::Lowercase),
            null_values: Some(vec!["-".to_owned()]),
            columns: vec![column("age"), column("target")],
            ..CsvSource::default()
        };
        let mut model = seed_model();
        model.classes = Classes::Text(vec!["NA".to_owned(), "it's; so".to_owned()]);
        let (out, rows) = run_as(&shaped, &model, "Age;SALARY;n\n0;900000;'a;b'\n1;-;x\n");
        assert_eq!(
            out,
            "Age;SALARY;n;prediction;probability_NA;'probability_it''s; so'\n0;900000;'a;b';'it''s; so';0.0;1.0\n"
        );
        assert_eq!(rows.unwrap_err(), "t.csv:3: column `salary`: `-` is read as missing");
        let bare = CsvSource {
            header: Some(Header::Absent),
            columns: vec![column("age"), column("an,id"), column("salary")],
            ..CsvSource::default()
        };
        let (out, rows) = run_as(&bare, &seed_model(), "1,7,0\n2,8\n");
        let lines: Vec<_> = out.lines().collect();
        assert_eq!(lines[0], "age,\"an,id\",salary,prediction,probability_0,probability_1");
        assert!(lines[1].starts_with("1,7,0,0,1.0,"), "{out}");
        assert_eq!(rows.unwrap_err(), "t.csv:2: 2 fields, but csv.columns names 3");
    }

    #[test]
    fn what_was_read_before_a_fault_is_written() {
        for (data, written, message) in [
            (
                "age,salary\n1,2\n3,x\n",
                2,
                "t.csv:3: column `salary` : `x` is not a number",
            ),
            ("age,salary\n\n1,\n", 1, "t.csv:3: column `salary` is empty"),
            (
                "age,salary\n1,NA\n",
                1,
                "t.csv:2: column `salary` : `NA` is read as missing",
            ),
            (
                "age,salary\n1,1e999\n",
                1,
                "t.csv:2: column `salary` : `1e999` is not finite",
            ),
            ("age,salary\n1,2\n1\n", 2, "t.csv:3: 1 field, but the header has 2"),
            ("age,salary\n1,2,3\n", 1, "t.csv:2: 3 fields, but the header has 2"),
            (
                "age,salary\n1,2\n3,\"4\n",
                2,
                "t.csv:3: a quote opens here and is never closed",
            ),
            (
                "age,Salary\n1,2\n",
                0,
                "t.csv:1: column `salary` is missing; found `Salary`",
            ),
            (
                "age,salary,prediction\n1,2,3\n",
                0,
                "t.csv:1: there is a column `prediction` already, which the model would add",
            ),
        ] {
            let (out, rows) = run(&seed_model(), data);
            assert_eq!(rows.unwrap_err(), message.replace("` :", "`:"), "{data:?}");
            assert_eq!(out.lines().count(), written, "{data:?} {out}");
        }
    }

    #[test]
    fn a_fault_of_damaged_data_is_its_damage() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        encoder.write_all(b"age,salary\n1,2\n3,4\n").unwrap();
        let mut packed = encoder.finish().unwrap();
        for (at, byte) in [(packed.len() - 11, b'x'), (packed.len() - 10, b'5')] {
            let whole = std::mem::replace(&mut packed[at], byte);
            let options = CsvOptions::for_records(&CsvSource::default()).unwrap();
            let mut out = Vec::new();
            let error = predict_stream(&seed_model(), packed.as_slice(), "t.csv", options, &mut out).unwrap_err();
            assert_eq!(
                error.to_string(),
                "t.csv is damaged: its gzip checksum does not match",
                "{at}"
            );
            packed[at] = whole;
        }
    }

    #[test]
    fn labels_and_small_numbers_are_whole() {
        let mut model = seed_model();
        model.classes = Classes::Text(vec!["a,b".to_owned(), "c".to_owned()]);
        let (out, _) = run(&model, "age,salary\n0,0\n");
        let (header, row) = out.trim_end().split_once('\n').unwrap();
        assert_eq!(header, "age,salary,prediction,\"probability_a,b\",probability_c");
        let cells: Vec<_> = row.split(',').collect();
        assert_eq!(cells[2..5].join(","), "\"a,b\",1.0");
        assert!(cells[5].contains("e-72"), "{row}");
        let mut text = String::new();
        push_number(&mut text, 0.1 + 0.2);
        assert_eq!(text, "0.30000000000000004");
    }
}
