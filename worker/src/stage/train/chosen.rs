//! Which rows a model is fitted on, which are held out, and which classes they have.

use super::classes::{CLASSES_MAX, Found, Lookup, NoClass, some_labels, why_no_class};
use super::row_set::RowSet;
use super::split::{hash, holdout_rows, random, time};
use super::table::Table;
use crate::StageError;
use crate::csv::{FileName, Word};
use crate::dataset::DatasetReader;
use crate::in_order::{collected, parts_in_order};
use crate::model::Classes;
use crate::row_filter::RowFilter;
use crate::stage::StageContext;
use crate::stage::row_place::place;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::BooleanBuffer;
use std::collections::BTreeSet;
use trainyard_contract::dataset::DatasetDescription;
use trainyard_contract::stage::{Split, TrainSpec};

/// The rows of a `train` stage.
pub(super) struct Chosen<'a> {
    pub(super) table: Table<'a>,
    /// The features' columns in the table, in the order of the features.
    pub(super) features: Vec<usize>,
    /// The target's column.
    pub(super) target: usize,
    /// The rows that the model is fitted on.
    pub(super) training: RowSet,
    /// The rows that are held out.
    pub(super) holdout: Option<RowSet>,
    pub(super) classes: Classes,
    pub(super) lookup: Lookup,
    /// Training rows of each class.
    pub(super) class_rows: Vec<u64>,
}

/// Reads the dataset once, and once more where rows are held out by number.
///
/// # Errors
/// A target that has no two classes, or values that are none; rows that do not allow the split (`Data`); a condition that does not
/// fit the columns (`Config`); another digest (`InputChanged`).
pub(super) fn choose<'a>(
    reader: &'a DatasetReader,
    description: &DatasetDescription,
    spec: &TrainSpec,
    sha256: &str,
    context: &StageContext<'a>,
) -> Result<Chosen<'a>, StageError> {
    let columns = Columns::of(reader, spec)?;
    let chooser = Chooser {
        reader,
        description,
        spec,
        columns: &columns,
    };
    let (table, looks) = Table::read_first(
        reader,
        sha256,
        &columns.all(),
        &columns.first(),
        *context,
        |block, arrays| chooser.look(block, arrays),
    )?;
    let (included, hashed, found) = chooser.joined(looks)?;
    if included.rows() == 0 {
        return Err(chooser.no_rows());
    }
    let (classes, mut class_rows) = found.into_classes();
    if classes.count() < 2 {
        return Err(chooser.one_class(&classes, included.rows(), ""));
    }
    let lookup = Lookup::new(&classes);
    let holdout = match &spec.split {
        None => None,
        Some(split) => Some(chooser.held_out(&table, split, &included, hashed, &lookup, &class_rows)?),
    };
    let training = match &holdout {
        None => included,
        Some(holdout) => {
            let training = included.without(holdout, |block| table.rows_of(block), table.blocks());
            class_rows = rows_of_classes(&table, &training, columns.target, &lookup, classes.count())?;
            chooser.check_training(&classes, &class_rows, training.rows())?;
            training
        }
    };
    let Columns { features, target, .. } = columns;
    Ok(Chosen {
        table,
        features,
        target,
        training,
        holdout,
        classes,
        lookup,
        class_rows,
    })
}

/// The columns that the stage reads, by their numbers in the table.
struct Columns {
    features: Vec<usize>,
    target: usize,
    filter: Option<RowFilter>,
    split: Option<usize>,
    split_by_hash: bool,
}

impl Columns {
    fn of(reader: &DatasetReader, spec: &TrainSpec) -> Result<Self, StageError> {
        let column = |name: &String| {
            let missing = || StageError::internal(format!("column `{name}` was checked and is missing"));
            reader.column(name).ok_or_else(missing)
        };
        let filter = spec.row_filter.as_deref();
        let filter = filter
            .map(|filter| RowFilter::new(filter, reader.schema(), "train.where"))
            .transpose()?;
        let split = spec.split.as_ref();
        let by = split.and_then(|split| split.hash.as_ref().or(split.time.as_ref()));
        Ok(Self {
            features: spec.features.iter().map(column).collect::<Result<_, _>>()?,
            target: column(&spec.target)?,
            filter,
            split: by.map(|by| column(&by.column)).transpose()?,
            split_by_hash: split.is_some_and(|split| split.hash.is_some()),
        })
    }

    /// All of them, each once.
    fn all(&self) -> Vec<usize> {
        let filter = self.filter.iter().flat_map(RowFilter::columns);
        let all = self
            .features
            .iter()
            .chain([&self.target])
            .chain(filter)
            .chain(&self.split);
        all.copied().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Those that the first reading needs: target, key, then those of the filter.
    fn first(&self) -> Vec<usize> {
        let filter = self.filter.iter().flat_map(RowFilter::columns).copied();
        let key = self.split.filter(|_| self.split_by_hash);
        [self.target].into_iter().chain(key).chain(filter).collect()
    }
}

/// What the first reading finds in a block.
struct Look {
    included: Option<BooleanBuffer>,
    hashed: Option<BooleanBuffer>,
    found: Found,
}

struct Chooser<'a> {
    reader: &'a DatasetReader,
    description: &'a DatasetDescription,
    spec: &'a TrainSpec,
    columns: &'a Columns,
}

impl Chooser<'_> {
    fn look(&self, block: usize, arrays: &[ArrayRef]) -> Result<Look, StageError> {
        let target = &arrays[0];
        let key = usize::from(self.columns.split_by_hash && self.columns.split.is_some());
        let filter = self.columns.filter.as_ref();
        let included = filter.map(|filter| filter.mask(&arrays[1 + key..], target.len()));
        let share = self.spec.split.as_ref().map_or(0.0, |split| split.holdout);
        let hashed = (key == 1).then(|| hash::held_out(&arrays[1], share));
        let rows = included
            .clone()
            .map_or_else(|| RowSet::all(target.len() as u64), |mask| RowSet::of(vec![mask]));
        let targets = rows.cut(0, vec![ArrayRef::clone(target)])?;
        let targets = &targets[0];
        if targets.null_count() > 0 {
            return Err(StageError::input_changed(format!(
                "column `{}` has missing values that its description does not name",
                self.spec.target
            )));
        }
        let mut found = Found::nothing(self.reader.schema().field(self.columns.target).data_type());
        found.add(targets).map_err(|wrong| {
            let first_row = self.reader.block_rows(block).start;
            let row_in_block = |row: usize| rows.mask(0, target.len()).set_indices().nth(row).unwrap_or_default();
            self.no_class(&wrong, |row| first_row + row_in_block(row) as u64)
        })?;
        Ok(Look {
            included,
            hashed,
            found,
        })
    }

    fn joined(&self, looks: Vec<Look>) -> Result<(RowSet, Option<Vec<BooleanBuffer>>, Found), StageError> {
        let mut found = Found::nothing(self.reader.schema().field(self.columns.target).data_type());
        let (mut included, mut hashed) = (Vec::new(), Vec::new());
        for look in looks {
            found
                .join(look.found)
                .map_err(|wrong| self.no_class(&wrong, |row| row as u64))?;
            included.extend(look.included);
            hashed.extend(look.hashed);
        }
        let rows = if self.columns.filter.is_some() {
            RowSet::of(included)
        } else {
            RowSet::all(self.reader.rows())
        };
        Ok((rows, self.columns.split_by_hash.then_some(hashed), found))
    }

    fn held_out(
        &self,
        table: &Table<'_>,
        split: &Split,
        included: &RowSet,
        hashed: Option<Vec<BooleanBuffer>>,
        lookup: &Lookup,
        class_rows: &[u64],
    ) -> Result<RowSet, StageError> {
        let holdout = if let Some(hashed) = hashed {
            let masks = hashed.iter().enumerate();
            RowSet::of(
                masks
                    .map(|(block, mask)| mask & &included.mask(block, mask.len()))
                    .collect(),
            )
        } else {
            let wanted = holdout_rows(split.holdout, included.rows());
            if wanted == included.rows() {
                return Err(self.nothing_left(included.rows()));
            }
            match (&split.random, self.columns.split) {
                (Some(random), _) => {
                    let is_stratified = random.stratified.unwrap_or(true);
                    let all = [included.rows()];
                    let (rows, wanted) = if is_stratified {
                        (class_rows, random::stratified(split.holdout, class_rows, wanted))
                    } else {
                        (&all[..], vec![wanted])
                    };
                    let draw = random::Draw::new(random.seed.unwrap_or(0).cast_unsigned(), rows, &wanted);
                    self.drawn(table, included, draw, is_stratified.then_some(lookup))?
                }
                (None, Some(column)) => self.newest(table, included, column, wanted)?,
                (None, None) => {
                    return Err(StageError::config(
                        "train.split needs exactly one of hash, time and random",
                    ));
                }
            }
        };
        if holdout.rows() == 0 || holdout.rows() == included.rows() {
            return Err(self.one_side(table, included, holdout.rows())?);
        }
        Ok(holdout)
    }

    fn drawn(
        &self,
        table: &Table<'_>,
        included: &RowSet,
        mut draw: random::Draw,
        strata: Option<&Lookup>,
    ) -> Result<RowSet, StageError> {
        let mut masks = Vec::with_capacity(table.blocks());
        let mut classes = Vec::new();
        for block in 0..table.blocks() {
            let mask = included.mask(block, table.rows_of(block));
            classes.clear();
            if let Some(lookup) = strata {
                let target = included.cut(block, table.read(block, &[self.columns.target])?)?;
                if !lookup.classes(&target[0], &mut classes) {
                    return Err(super::other_than_described());
                }
            }
            let mut held_out = vec![false; mask.len()];
            for (place, row) in mask.set_indices().enumerate() {
                held_out[row] = draw.next(classes.get(place).map_or(0, |&class| class as usize));
            }
            masks.push(BooleanBuffer::from(held_out));
        }
        Ok(RowSet::of(masks))
    }

    fn newest(&self, table: &Table<'_>, included: &RowSet, column: usize, wanted: u64) -> Result<RowSet, StageError> {
        let threads = table.context().threads;
        let keys = |block: usize| -> Result<Vec<u64>, StageError> {
            let times = table.read(block, &[column])?;
            let is_included = included.mask(block, table.rows_of(block));
            time::keys(&times[0], &is_included).map_err(|row| {
                let cell = cell_text(&times[0], row);
                self.no_time(self.reader.block_rows(block).start + row as u64, &cell)
            })
        };
        let mut search = time::Search::new(wanted);
        let mut newest = loop {
            let mut counts = time::Search::counts();
            parts_in_order(
                table.blocks(),
                threads,
                time::Search::counts,
                |block, part| {
                    let (keys, mask) = (keys(block)?, included.mask(block, table.rows_of(block)));
                    search.count(mask.set_indices().map(|row| keys[row]), part);
                    Ok::<_, StageError>(())
                },
                |part| {
                    let sums = counts.iter_mut().zip(part);
                    sums.for_each(|(to, from)| *to += std::mem::take(from));
                },
            )?;
            if let Some(newest) = search.narrow(&counts) {
                break newest;
            }
        };
        let mut masks = Vec::with_capacity(table.blocks());
        let mut other_key = false;
        for block in (0..table.blocks()).rev() {
            let (keys, mask) = (keys(block)?, included.mask(block, table.rows_of(block)));
            other_key = other_key || mask.set_indices().any(|row| keys[row] != newest.key);
            masks.push(newest.mask(&keys, &mask));
        }
        if !other_key {
            return Err(self.one_value("no row is newer than another"));
        }
        masks.reverse();
        Ok(RowSet::of(masks))
    }
}

/// Rows of each class among `rows`.
pub(super) fn rows_of_classes(
    table: &Table<'_>,
    rows: &RowSet,
    target: usize,
    lookup: &Lookup,
    classes: usize,
) -> Result<Vec<u64>, StageError> {
    let parts = collected(table.blocks(), table.context().threads, |block| {
        let column = rows.cut(block, table.read(block, &[target])?)?;
        let mut numbers = Vec::new();
        if !lookup.classes(&column[0], &mut numbers) {
            return Err(super::other_than_described());
        }
        let mut counts = vec![0_u64; classes];
        for &class in &numbers {
            counts[class as usize] += 1;
        }
        Ok(counts)
    })?;
    let mut all = vec![0; classes];
    for part in parts {
        all.iter_mut().zip(part).for_each(|(to, from)| *to += from);
    }
    Ok(all)
}

/// A cell as it stands in a table, for a message.
fn cell_text(array: &ArrayRef, row: usize) -> String {
    use arrow_array::cast::AsArray;
    array
        .as_string_opt::<i32>()
        .map_or_else(String::new, |texts| texts.value(row).to_owned())
}

/// What is wrong, in the words of the manifest and the file.
impl Chooser<'_> {
    fn source(&self) -> FileName {
        FileName::new(&self.description.source.name)
    }

    fn split_column(&self) -> &str {
        let split = self.spec.split.as_ref();
        let by = split.and_then(|split| split.hash.as_ref().or(split.time.as_ref()));
        by.map_or("", |by| &by.column)
    }

    fn no_class(&self, wrong: &NoClass, row_of_table: impl Fn(usize) -> u64) -> StageError {
        let target = &self.spec.target;
        match wrong {
            NoClass::NotWhole { row, value } => {
                let place = place(self.description, row_of_table(*row));
                StageError::data(format!("{place}: column `{target}`: {}", why_no_class(*value)))
                    .hint("logistic regression predicts classes: the target's values must be whole numbers or texts")
            }
            NoClass::TooMany => StageError::data(format!(
                "{}: column `{target}` has more than {CLASSES_MAX} different values",
                self.source()
            ))
            .hint("is it a measurement or a key? The target's values are the classes that the model predicts"),
        }
    }

    fn no_rows(&self) -> StageError {
        let filter = self.spec.row_filter.as_deref().unwrap_or_default();
        StageError::data(format!(
            "{}: `{filter}` is true for none of {} rows",
            self.source(),
            self.description.rows
        ))
        .hint("train.where says which rows count; a comparison with a missing cell is not true")
    }

    fn one_class(&self, classes: &Classes, rows: u64, which: &str) -> StageError {
        let place = if rows == self.description.rows {
            place(self.description, 0)
        } else {
            self.source().to_string()
        };
        StageError::data(format!(
            "{place}: column `{}` has one class only, {}, in all {rows} {which}rows",
            self.spec.target,
            some_labels(&classes.labels()),
        ))
        .hint("there is nothing to tell apart: train on rows of two classes or more")
    }

    fn check_training(&self, classes: &Classes, class_rows: &[u64], rows: u64) -> Result<(), StageError> {
        let labels = classes.labels();
        let there: Vec<String> = labels
            .iter()
            .zip(class_rows)
            .filter(|(_, rows)| **rows > 0)
            .map(|(label, _)| label.clone())
            .collect();
        if there.len() < 2 {
            return Err(self.one_class(&Classes::Text(there), rows, "training "));
        }
        let Some(missing) = class_rows.iter().position(|&rows| rows == 0) else {
            return Ok(());
        };
        let mut hint = format!(
            "hold fewer rows out, or leave such rows out with train.where: `{}` != '{}'",
            self.spec.target, labels[missing]
        );
        if matches!(classes, Classes::Whole(_)) {
            hint = hint.replace('\'', "");
        }
        Err(StageError::data(format!(
            "{}: all rows of class `{}` are held out, so that the model cannot learn it",
            self.source(),
            Word::new(&labels[missing])
        ))
        .hint(hint))
    }

    fn nothing_left(&self, rows: u64) -> StageError {
        let share = self.spec.split.as_ref().map_or(0.0, |split| split.holdout);
        StageError::data(format!(
            "{}: with {rows} {} and `holdout: {share}` all are held out, and none is left to train on",
            self.source(),
            if rows == 1 { "row" } else { "rows" },
        ))
        .hint("hold fewer rows out, or train on more rows")
    }

    fn one_value(&self, consequence: &str) -> StageError {
        StageError::data(format!(
            "{}: column `{}`, by which rows are held out, has one value only: {consequence}",
            self.source(),
            self.split_column()
        ))
        .hint("take another column, or train.split.random")
    }

    /// A split by key that puts all rows on one side.
    fn one_side(&self, table: &Table<'_>, included: &RowSet, held_out: u64) -> Result<StageError, StageError> {
        let which = if held_out == 0 {
            "no row is held out"
        } else {
            "all rows are held out"
        };
        let Some(column) = self.columns.split else {
            return Ok(self.nothing_left(included.rows()));
        };
        let mut known = BTreeSet::new();
        for block in 0..table.blocks() {
            let keys = included.cut(block, table.read(block, &[column])?)?;
            hash::add_keys(&keys[0], &mut known);
        }
        if known.len() < 2 {
            return Ok(self.one_value(which));
        }
        Ok(StageError::data(format!(
            "{}: column `{}`, by which rows are held out, has too few different values: {which}",
            self.source(),
            self.split_column()
        ))
        .hint("take a column with many values, such as a customer's number, or train.split.random"))
    }

    fn no_time(&self, row: u64, cell: &str) -> StageError {
        StageError::data(format!(
            "{}: column `{}`: `{}` is no time",
            place(self.description, row),
            self.split_column(),
            Word::new(cell)
        ))
        .hint("train.split.time takes numbers, or texts such as 2026-11-24 or 2026-11-24T05:30:00Z")
    }
}
