//! The first pass over a dataset: its digest is checked, its classes are found, and a small one is kept in memory.
//!
//! All later passes need the classes; what they compute counts only since the digest was right.

use super::classes::{CLASSES_MAX, Found, Lookup, NoClass, some_labels, why_no_class};
use super::dataset_design::{DatasetDesign, fill};
use crate::StageError;
use crate::csv::FileName;
use crate::dataset::{DatasetReader, Scan};
use crate::logistic::{DesignBlock, MemoryDesign};
use crate::model::Classes;
use crate::stage::StageContext;
use arrow_array::{Array, ArrayRef};
use std::thread;
use trainyard_contract::dataset::DatasetDescription;
use trainyard_contract::stage::TrainSpec;

/// A table of at most this many numbers (16 MiB) is held in memory.
const MEMORY_CELLS_MAX: u64 = 2 << 20;

/// What a model is fitted on.
pub(super) struct TrainingData<'a> {
    pub(super) classes: Classes,
    pub(super) class_rows: Vec<u64>,
    pub(super) design: Design<'a>,
}

/// The features and the classes of the rows.
pub(super) enum Design<'a> {
    Memory(MemoryDesign),
    File(DatasetDesign<'a>),
}

/// Reads the dataset once.
///
/// # Errors
/// A target that has no two classes, or values that are none (`Data`); another digest (`InputChanged`).
pub(super) fn read<'a>(
    reader: &'a DatasetReader,
    description: &DatasetDescription,
    spec: &TrainSpec,
    sha256: &str,
    context: &StageContext<'a>,
) -> Result<TrainingData<'a>, StageError> {
    let columns = columns(reader, spec)?;
    let target = columns[columns.len() - 1];
    let is_small = reader.rows().saturating_mul(columns.len() as u64) <= MEMORY_CELLS_MAX;
    let pass = Pass {
        reader,
        target,
        description,
        spec,
        context,
    };
    let (found, kept) = if is_small {
        let scan = reader.scan(&columns);
        let found = pass.keep(&scan)?;
        scan.finish(sha256)?;
        found
    } else {
        let scan = reader.scan(&[target]);
        let found = pass.find(&scan)?;
        scan.finish(sha256)?;
        (found, Vec::new())
    };
    let (classes, class_rows) = found.into_classes();
    if classes.count() < 2 {
        return Err(one_class(description, spec, &classes));
    }
    let lookup = Lookup::new(&classes);
    let design = if is_small {
        Design::Memory(memory_design(&kept, columns.len() - 1, &lookup)?)
    } else {
        Design::File(DatasetDesign::new(
            reader,
            columns,
            lookup,
            context.stop,
            context.progress,
        ))
    };
    Ok(TrainingData {
        classes,
        class_rows,
        design,
    })
}

/// The features' columns, then the target's.
fn columns(reader: &DatasetReader, spec: &TrainSpec) -> Result<Vec<usize>, StageError> {
    let names = spec.features.iter().chain([&spec.target]);
    names
        .map(|name| {
            let missing = || StageError::internal(format!("column `{name}` was checked and is missing"));
            reader.column(name).ok_or_else(missing)
        })
        .collect()
}

struct Pass<'a, 'b> {
    reader: &'a DatasetReader,
    target: usize,
    description: &'b DatasetDescription,
    spec: &'b TrainSpec,
    context: &'b StageContext<'a>,
}

impl Pass<'_, '_> {
    /// Finds the classes and keeps all blocks, in order: for a small table.
    fn keep(&self, scan: &Scan) -> Result<(Found, Vec<Vec<ArrayRef>>), StageError> {
        let mut found = self.nothing();
        let mut kept = Vec::new();
        while let Some(block) = scan.next()? {
            self.add(&mut found, block.number, block.columns.last())?;
            kept.push(block.columns);
        }
        Ok((found, kept))
    }

    /// Finds the classes, on all threads.
    fn find(&self, scan: &Scan) -> Result<Found, StageError> {
        let work = || {
            let mut found = self.nothing();
            while let Some(block) = scan.next()? {
                self.add(&mut found, block.number, block.columns.last())?;
            }
            Ok(found)
        };
        let parts: Vec<Result<Found, StageError>> = thread::scope(|scope| {
            let threads: Vec<_> = (1..self.context.threads).map(|_| scope.spawn(work)).collect();
            let mut parts = vec![work()];
            for thread in threads {
                parts.push(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            parts
        });
        let mut all = self.nothing();
        for part in parts {
            all.join(part?).map_err(|wrong| self.no_class(0, &wrong))?;
        }
        Ok(all)
    }

    fn nothing(&self) -> Found {
        Found::nothing(self.reader.schema().field(self.target).data_type())
    }

    fn add(&self, found: &mut Found, block: usize, target: Option<&ArrayRef>) -> Result<(), StageError> {
        self.context.stop.check()?;
        let Some(target) = target.filter(|target| target.null_count() == 0) else {
            return Err(StageError::input_changed(format!(
                "column `{}` has missing values that its description does not name",
                self.spec.target
            )));
        };
        self.context.progress.add(target.len() as u64);
        found
            .add(target)
            .map_err(|wrong| self.no_class(self.reader.block_rows(block).start, &wrong))
    }

    fn no_class(&self, first_row: u64, wrong: &NoClass) -> StageError {
        let target = &self.spec.target;
        match wrong {
            NoClass::NotWhole { row, value } => {
                let place = place(self.description, first_row + *row as u64);
                StageError::data(format!("{place}: column `{target}`: {}", why_no_class(*value)))
                    .hint("logistic regression predicts classes: the target's values must be whole numbers or texts")
            }
            NoClass::TooMany => {
                let name = FileName::new(&self.description.source.name);
                StageError::data(format!(
                    "{name}: column `{target}` has more than {CLASSES_MAX} different values"
                ))
                .hint("is it a measurement or a key? The target's values are the classes that the model predicts")
            }
        }
    }
}

fn one_class(description: &DatasetDescription, spec: &TrainSpec, classes: &Classes) -> StageError {
    StageError::data(format!(
        "{}: column `{}` has one class only, {}, in all {} rows",
        place(description, 0),
        spec.target,
        some_labels(&classes.labels()),
        description.rows
    ))
    .hint("there is nothing to tell apart: train on rows of two classes or more")
}

fn memory_design(kept: &[Vec<ArrayRef>], features: usize, lookup: &Lookup) -> Result<MemoryDesign, StageError> {
    let mut table = DesignBlock::default();
    table.clear(features);
    for arrays in kept {
        let rows = arrays.first().map_or(0, Array::len);
        fill(arrays, 0..rows, lookup, &mut table)?;
    }
    Ok(MemoryDesign::new(table.columns, table.classes))
}

/// `PATH:LINE` of a row, or `PATH, row N` (from 1) where the line is not known.
pub(super) fn place(description: &DatasetDescription, row: u64) -> String {
    let name = FileName::new(&description.source.name);
    match description.line(row) {
        Some(line) => format!("{name}:{line}"),
        None => format!("{name}, row {}", row + 1),
    }
}
