//! A dataset as the solver reads it, when it is too large to be held in memory.
//!
//! Each block of the file is one or, in a wide table, several blocks of the solver, so that a thread never holds many more
//! than its 2 million numbers. The cut depends on the dataset alone.

use super::classes::Lookup;
use crate::StageError;
use crate::attempt::{Progress, StopFlag};
use crate::dataset::{DatasetReader, read_numbers};
use crate::logistic::{DesignBlock, DesignBlocks, block_rows};
use arrow_array::{Array, ArrayRef};
use std::ops::Range;

/// The features and classes of a dataset, read when they are asked for.
pub(super) struct DatasetDesign<'a> {
    reader: &'a DatasetReader,
    /// The numbers of the features' columns, then of the target's.
    columns: Vec<usize>,
    lookup: Lookup,
    stop: &'a StopFlag,
    progress: &'a Progress,
    /// The block of the file, and rows of it.
    blocks: Vec<(usize, Range<usize>)>,
}

impl<'a> DatasetDesign<'a> {
    pub(super) fn new(
        reader: &'a DatasetReader,
        columns: Vec<usize>,
        lookup: Lookup,
        stop: &'a StopFlag,
        progress: &'a Progress,
    ) -> Self {
        let size = block_rows(columns.len() - 1);
        let blocks = (0..reader.blocks())
            .flat_map(|block| {
                let rows = reader.block_rows(block);
                let rows = usize::try_from(rows.end - rows.start).unwrap_or(usize::MAX);
                (0..rows)
                    .step_by(size)
                    .map(move |from| (block, from..rows.min(from + size)))
            })
            .collect();
        Self {
            reader,
            columns,
            lookup,
            stop,
            progress,
            blocks,
        }
    }
}

impl DesignBlocks for DatasetDesign<'_> {
    type Error = StageError;

    fn features(&self) -> usize {
        self.columns.len() - 1
    }

    fn rows(&self) -> usize {
        usize::try_from(self.reader.rows()).unwrap_or(usize::MAX)
    }

    fn blocks(&self) -> usize {
        self.blocks.len()
    }

    fn read(&self, index: usize, into: &mut DesignBlock) -> Result<(), StageError> {
        self.stop.check()?;
        let (block, rows) = &self.blocks[index];
        let arrays = self.reader.read(*block, &self.columns)?;
        into.clear(self.features());
        fill(&arrays, rows.clone(), &self.lookup, into)?;
        self.progress.add(rows.len() as u64);
        Ok(())
    }
}

/// Puts some rows of a block's arrays (the features', then the target's) behind what `into` holds.
pub(super) fn fill(
    arrays: &[ArrayRef],
    rows: Range<usize>,
    lookup: &Lookup,
    into: &mut DesignBlock,
) -> Result<(), StageError> {
    let Some((target, features)) = arrays.split_last() else {
        return Err(StageError::internal("a table without columns is no training data"));
    };
    let cut = |array: &ArrayRef| array.slice(rows.start, rows.len());
    let mut more = Vec::new();
    for (array, column) in features.iter().zip(&mut into.columns) {
        let array = cut(array);
        let values = if column.is_empty() { &mut *column } else { &mut more };
        if array.null_count() > 0 || !read_numbers(&array, values) {
            return Err(other_than_described());
        }
        column.append(&mut more);
    }
    if lookup.classes(&cut(target), &mut into.classes) {
        Ok(())
    } else {
        Err(other_than_described())
    }
}

fn other_than_described() -> StageError {
    StageError::input_changed("the dataset holds other values than its description and its first reading say")
        .hint("leave the workspace alone during a run; the stage that made it runs again")
}
