//! Rows taken from all over the table: the centre and scale, and the start of a large fit, come from them.
//!
//! In: the blocks. Out: a [`Sample`] in memory, always of the same rows; of a small table it is the whole.

use super::design::{DesignBlock, DesignBlocks};
use super::in_block_order::read_checked;
use super::problem::FitError;

/// The most numbers kept in memory (32 MiB): a table up to it is read once.
const WHOLE_CELLS_MAX: usize = 4 << 20;

/// A sample's rows, and the numbers of a wide one (8 MiB): the start is then within some tenths of a percent of the optimum.
const SAMPLE_ROWS_MAX: usize = 1 << 17;
const SAMPLE_CELLS_MAX: usize = 1 << 20;

/// The fewest rows of a sample.
const SAMPLE_ROWS_MIN: usize = 64;

/// Blocks that a sample is taken from, evenly over the table, which may be sorted.
const SAMPLE_BLOCKS: usize = 8;

/// Some rows of a table, or all of them.
pub(super) struct Sample {
    pub(super) rows: DesignBlock,
    /// Whether these are all rows of the table.
    pub(super) whole: bool,
}

/// Takes the sample.
pub(super) fn sample<D: DesignBlocks>(data: &D, classes: usize) -> Result<Sample, FitError<D::Error>> {
    let whole = data.rows().saturating_mul(data.features().max(1)) <= WHOLE_CELLS_MAX;
    let mut rows = DesignBlock::default();
    rows.clear(data.features());
    let mut block = DesignBlock::default();
    if whole {
        for index in 0..data.blocks() {
            read_checked(data, classes, index, &mut block)?;
            append(&mut rows, &block, 1);
        }
        return Ok(Sample { rows, whole });
    }
    let wanted = sample_rows(data.features()) / SAMPLE_BLOCKS.min(data.blocks());
    for part in 0..SAMPLE_BLOCKS.min(data.blocks()) {
        read_checked(
            data,
            classes,
            part * data.blocks() / SAMPLE_BLOCKS.min(data.blocks()),
            &mut block,
        )?;
        append(&mut rows, &block, (block.rows() / wanted.max(1)).max(1));
    }
    Ok(Sample { rows, whole })
}

/// About as many rows as a sample has.
pub(super) fn sample_rows(features: usize) -> usize {
    (SAMPLE_CELLS_MAX / features.max(1)).clamp(SAMPLE_ROWS_MIN, SAMPLE_ROWS_MAX)
}

/// Every `step`th row of `rows`.
pub(super) fn thinned(rows: &DesignBlock, step: usize) -> DesignBlock {
    let mut thin = DesignBlock::default();
    thin.clear(rows.columns.len());
    append(&mut thin, rows, step);
    thin
}

fn append(to: &mut DesignBlock, from: &DesignBlock, step: usize) {
    for (to, from) in to.columns.iter_mut().zip(&from.columns) {
        to.extend(from.iter().step_by(step));
    }
    to.classes.extend(from.classes.iter().step_by(step));
}
