//! The pass over the rows: each block is predicted and judged by some thread, and evenly taken rows are kept for
//! [`importance`](super::importance).

use super::importance::Sample;
use super::truth::{Truth, UnknownLabel};
use crate::StageError;
use crate::csv::Word;
use crate::dataset::{DatasetReader, Scan, ScannedBlock};
use crate::in_order::in_order;
use crate::logistic::{Predictions, Predictor};
use crate::metrics::Judge;
use crate::model::ModelFile;
use crate::preprocess::Encoder;
use crate::stage::StageContext;
use crate::stage::row_place::{cell_fault, place};
use crate::stage::train::classes::some_labels;
use arrow_array::{Array, ArrayRef};
use std::ops::Range;
use trainyard_contract::dataset::DatasetDescription;

/// A labelled dataset and the model that is judged by it.
pub(super) struct Rows<'a> {
    pub(super) reader: &'a DatasetReader,
    pub(super) description: &'a DatasetDescription,
    pub(super) model: &'a ModelFile,
    pub(super) encoder: &'a Encoder,
    /// How many rows are kept as a sample.
    pub(super) to_sample: usize,
}

/// What a thread works with, and what it hands over of a block.
struct Desk {
    block: Option<ScannedBlock>,
    classes: Vec<u32>,
    numbers: Vec<Vec<f64>>,
    predictions: Predictions,
    judge: Judge,
    sample: Sample,
}

impl Rows<'_> {
    /// Judges all rows. `sha256` is the dataset's digest.
    pub(super) fn judge(&self, sha256: &str, context: &StageContext) -> Result<(Judge, Sample), StageError> {
        let names = self.model.features.iter().chain([&self.model.target]);
        let missing = |name: &String| StageError::internal(format!("column `{name}` was checked and is missing"));
        let columns = names.map(|name| self.reader.column(name).ok_or_else(|| missing(name)));
        let columns: Vec<usize> = columns.collect::<Result<_, _>>()?;
        let scan = self.reader.scan(&columns);
        let judged = self.pass(&scan, context)?;
        // What was computed counts only once the digest was right.
        scan.finish(sha256)?;
        Ok(judged)
    }

    fn pass(&self, scan: &Scan, context: &StageContext) -> Result<(Judge, Sample), StageError> {
        let classes = self.model.classes.count();
        let (predictor, truth) = (self.model.predictor(), Truth::new(&self.model.classes));
        let (mut judge, mut sample) = (Judge::new(classes), Sample::default());
        in_order::<_, StageError>(
            context.threads,
            || Desk {
                block: None,
                classes: Vec::new(),
                numbers: Vec::new(),
                predictions: Predictions::default(),
                judge: Judge::new(classes),
                sample: Sample::default(),
            },
            |desk| {
                context.stop.check()?;
                desk.block = scan.next()?;
                Ok(desk.block.as_ref().map(|block| block.number))
            },
            |number, desk| {
                self.judge_block(number, &predictor, &truth, desk)?;
                context.progress.add(desk.classes.len() as u64);
                Ok(())
            },
            |desk| {
                judge.join(&std::mem::replace(&mut desk.judge, Judge::new(classes)));
                sample.append(std::mem::take(&mut desk.sample));
            },
        )?;
        Ok((judge, sample))
    }

    fn judge_block(
        &self,
        number: usize,
        predictor: &Predictor,
        truth: &Truth,
        desk: &mut Desk,
    ) -> Result<(), StageError> {
        let columns = desk.block.take().map(|block| block.columns).unwrap_or_default();
        let Some((labels, features)) = columns.split_last() else {
            return Err(StageError::internal("a table without columns is no labelled dataset"));
        };
        let place = self.reader.block_rows(number);
        if labels.null_count() > 0 {
            return Err(self.other_than_described());
        }
        truth
            .read(labels, &mut desk.classes)
            .map_err(|unknown| self.no_class(place.start, &unknown))?;
        self.numbers(place.start, features, &mut desk.numbers)?;
        predictor.predict(&desk.numbers, desk.classes.len(), &mut desk.predictions);
        desk.judge.add(&desk.classes, &desk.predictions);
        let kept: Vec<usize> = self.sampled(&place).collect();
        desk.sample = Sample {
            numbers: desk
                .numbers
                .iter()
                .map(|column| kept.iter().map(|&row| column[row]).collect())
                .collect(),
            classes: kept.iter().map(|&row| desk.classes[row]).collect(),
        };
        Ok(())
    }

    /// The model's numbers of a block's rows.
    fn numbers(&self, first_row: u64, features: &[ArrayRef], into: &mut Vec<Vec<f64>>) -> Result<(), StageError> {
        self.encoder.clear(into);
        self.encoder.encode(features, into).map_err(|fault| {
            let place = place(self.description, first_row + fault.row as u64);
            cell_fault(fault, &place, &self.model.features, features)
        })
    }

    /// Which rows of those from `place.start` on are kept: row `i * rows / sample` of the table, rounded down, for each `i`.
    fn sampled(&self, place: &Range<u64>) -> impl Iterator<Item = usize> {
        let (rows, kept) = (u128::from(self.reader.rows()), self.to_sample as u128);
        let kept = kept.min(rows);
        let (start, end) = (u128::from(place.start), u128::from(place.end));
        let first = (start * kept).div_ceil(rows.max(1));
        (first..kept)
            .map(move |i| i * rows / kept)
            .take_while(move |&row| row < end)
            .filter_map(move |row| usize::try_from(row - start).ok())
    }

    fn no_class(&self, first_row: u64, unknown: &UnknownLabel) -> StageError {
        let row = first_row + unknown.row as u64;
        let place = place(self.description, row);
        StageError::data(format!(
            "{place}: column `{}`: `{}` is no class that the model knows",
            Word::new(&self.model.target),
            Word::new(&unknown.label)
        ))
        .hint(format!(
            "its classes are {}: judge it on rows of these, or train on rows of all classes",
            some_labels(&self.model.classes.labels())
        ))
    }

    fn other_than_described(&self) -> StageError {
        StageError::input_changed(format!(
            "{} holds other values than its description says",
            self.reader.path()
        ))
    }
}
