//! Some rows of the dataset as the solver reads them: encoded features and classes.
//!
//! Each block of the file is one or, in a wide table, several blocks of the solver, so that a thread never holds many more
//! than 4 million numbers. The cut depends on the dataset and the rows alone.

use super::chosen::Chosen;
use super::other_than_described;
use super::row_set::RowSet;
use crate::StageError;
use crate::logistic::{DesignBlock, DesignBlocks, MemoryDesign, block_rows};
use crate::preprocess::fit::FeatureBlocks;
use crate::preprocess::{EncodeFault, Encoder};
use crate::stage::row_place::{cell_fault, place};
use arrow_array::ArrayRef;
use std::ops::Range;
use trainyard_contract::dataset::DatasetDescription;
use trainyard_contract::stage::TrainSpec;

/// A block of the file of at most so many encoded numbers (32 MiB) is one block of the solver: to cut it would mean to read it twice.
const WHOLE_BLOCK_CELLS_MAX: usize = 4 << 20;

/// Some rows of the dataset.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) chosen: &'a Chosen<'a>,
    pub(super) set: &'a RowSet,
    pub(super) description: &'a DatasetDescription,
    pub(super) spec: &'a TrainSpec,
}

impl FeatureBlocks for Rows<'_> {
    type Error = StageError;

    fn blocks(&self) -> usize {
        self.chosen.table.blocks()
    }

    fn read(&self, block: usize, features: &[usize]) -> Result<Vec<ArrayRef>, StageError> {
        let columns: Vec<usize> = features.iter().map(|&feature| self.chosen.features[feature]).collect();
        self.set.cut(block, self.chosen.table.read(block, &columns)?)
    }
}

impl<'a> Rows<'a> {
    /// The rows of a block that are among these: the features' columns, then the target's.
    pub(super) fn read_block(&self, block: usize) -> Result<Vec<ArrayRef>, StageError> {
        let columns: Vec<usize> = self
            .chosen
            .features
            .iter()
            .copied()
            .chain([self.chosen.target])
            .collect();
        self.set.cut(block, self.chosen.table.read(block, &columns)?)
    }

    /// How many of a block's rows are among these.
    fn rows_in(&self, block: usize) -> usize {
        self.set.rows_in(block, self.chosen.table.rows_of(block))
    }

    /// Puts rows of a block's arrays (the features', then the target's) behind what `into` holds.
    pub(super) fn fill(
        &self,
        block: usize,
        arrays: &[ArrayRef],
        rows: Range<usize>,
        encoder: &Encoder,
        into: &mut DesignBlock,
    ) -> Result<(), StageError> {
        let cut: Vec<ArrayRef> = arrays.iter().map(|array| array.slice(rows.start, rows.len())).collect();
        let Some((target, features)) = cut.split_last() else {
            return Err(StageError::internal("a table without columns is no training data"));
        };
        encoder
            .encode(features, &mut into.columns)
            .map_err(|fault| self.cell_fault(block, rows.start, fault, features))?;
        if self.chosen.lookup.classes(target, &mut into.classes) {
            Ok(())
        } else {
            Err(other_than_described())
        }
    }

    /// What is wrong with a cell, in the words of the manifest and the file.
    fn cell_fault(&self, block: usize, start: usize, fault: EncodeFault, features: &[ArrayRef]) -> StageError {
        let mask = self.set.mask(block, self.chosen.table.rows_of(block));
        let row = mask.set_indices().nth(start + fault.row).unwrap_or_default();
        let row = self.chosen.table.reader().block_rows(block).start + row as u64;
        cell_fault(fault, &place(self.description, row), &self.spec.features, features)
    }

    /// The rows, encoded, ready for the solver: in memory where the dataset is.
    pub(super) fn design(self, encoder: &'a Encoder) -> Result<Design<'a>, StageError> {
        if !self.chosen.table.is_small() {
            return Ok(Design::File(FileDesign::new(self, encoder)));
        }
        let mut table = DesignBlock::default();
        table.clear(encoder.width());
        for block in 0..self.chosen.table.blocks() {
            let rows = self.rows_in(block);
            self.fill(block, &self.read_block(block)?, 0..rows, encoder, &mut table)?;
        }
        Ok(Design::Memory(MemoryDesign::new(table.columns, table.classes)))
    }
}

/// What a model is fitted on.
pub(super) enum Design<'a> {
    Memory(MemoryDesign),
    File(FileDesign<'a>),
}

/// Encoded rows, read when they are asked for.
pub(super) struct FileDesign<'a> {
    rows: Rows<'a>,
    encoder: &'a Encoder,
    /// The block of the file, and which of its chosen rows.
    blocks: Vec<(usize, Range<usize>)>,
}

impl<'a> FileDesign<'a> {
    fn new(rows: Rows<'a>, encoder: &'a Encoder) -> Self {
        let blocks = (0..rows.chosen.table.blocks())
            .flat_map(|block| {
                let chosen = rows.rows_in(block);
                let size = if chosen.saturating_mul(encoder.width()) <= WHOLE_BLOCK_CELLS_MAX {
                    chosen.max(1)
                } else {
                    block_rows(encoder.width())
                };
                (0..chosen)
                    .step_by(size)
                    .map(move |from| (block, from..chosen.min(from + size)))
            })
            .collect();
        Self { rows, encoder, blocks }
    }
}

impl DesignBlocks for FileDesign<'_> {
    type Error = StageError;

    fn features(&self) -> usize {
        self.encoder.width()
    }

    fn rows(&self) -> usize {
        usize::try_from(self.rows.set.rows()).unwrap_or(usize::MAX)
    }

    fn blocks(&self) -> usize {
        self.blocks.len()
    }

    fn read(&self, index: usize, into: &mut DesignBlock) -> Result<(), StageError> {
        let (block, rows) = &self.blocks[index];
        into.clear(self.features());
        let arrays = self.rows.read_block(*block)?;
        self.rows.fill(*block, &arrays, rows.clone(), self.encoder, into)?;
        self.rows.chosen.table.context().progress.add(rows.len() as u64);
        Ok(())
    }
}
