//! Some rows of a dataset: those that a model is fitted on, those that are held out.

use crate::StageError;
use crate::dataset::DatasetReader;
use arrow_array::{ArrayRef, BooleanArray};
use arrow_buffer::BooleanBuffer;
use arrow_select::filter::filter;

/// Which rows, as a mask a block.
#[derive(Clone, Debug)]
pub(super) struct RowSet {
    /// Nothing for all rows.
    masks: Option<Vec<BooleanBuffer>>,
    rows: u64,
}

impl RowSet {
    /// All rows of a table of so many.
    pub(super) fn all(rows: u64) -> Self {
        Self { masks: None, rows }
    }

    /// The rows of these masks, one a block.
    pub(super) fn of(masks: Vec<BooleanBuffer>) -> Self {
        let rows = masks.iter().map(|mask| mask.count_set_bits() as u64).sum();
        Self {
            masks: Some(masks),
            rows,
        }
    }

    /// How many rows.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Of how many rows of a block, which has `rows`.
    pub(super) fn rows_in(&self, block: usize, rows: usize) -> usize {
        self.masks.as_ref().map_or(rows, |masks| masks[block].count_set_bits())
    }

    /// The mask of a block of `rows` rows.
    pub(super) fn mask(&self, block: usize, rows: usize) -> BooleanBuffer {
        let all = || BooleanBuffer::new_set(rows);
        self.masks.as_ref().map_or_else(all, |masks| masks[block].clone())
    }

    /// The rows that are here and not in `other`.
    pub(super) fn without(&self, other: &Self, rows_of: impl Fn(usize) -> usize, blocks: usize) -> Self {
        let left = |block: usize| {
            let rows = rows_of(block);
            &self.mask(block, rows) & &!&other.mask(block, rows)
        };
        Self::of((0..blocks).map(left).collect())
    }

    /// Some columns of a block, cut to these rows.
    pub(super) fn cut(&self, block: usize, arrays: Vec<ArrayRef>) -> Result<Vec<ArrayRef>, StageError> {
        let Some(masks) = &self.masks else {
            return Ok(arrays);
        };
        let mask = &masks[block];
        if mask.count_set_bits() == mask.len() {
            return Ok(arrays);
        }
        let mask = BooleanArray::new(mask.clone(), None);
        let cut = |array: &ArrayRef| {
            filter(array, &mask).map_err(|error| StageError::internal("cannot select rows").caused_by(error))
        };
        arrays.iter().map(cut).collect()
    }

    /// The rows in their order, counted from the table's first.
    pub(super) fn iter<'a>(&'a self, reader: &'a DatasetReader) -> impl Iterator<Item = u64> + 'a {
        (0..reader.blocks()).flat_map(move |block| {
            let rows = reader.block_rows(block);
            let count = usize::try_from(rows.end - rows.start).unwrap_or(usize::MAX);
            let mask = self.mask(block, count);
            let set: Vec<u64> = mask.set_indices().map(|row| rows.start + row as u64).collect();
            set
        })
    }

    /// Row number `place` (from 0) of these, counted from the table's first.
    pub(super) fn nth(&self, place: usize, reader: &DatasetReader) -> u64 {
        if self.masks.is_none() {
            return place as u64;
        }
        self.iter(reader).nth(place).unwrap_or_default()
    }
}
