//! The table that a fit reads, handed out in blocks of rows.
//!
//! In: whatever the caller has (a file of record batches, an array in memory), behind [`DesignBlocks`]. Out: one
//! [`DesignBlock`] at a time, feature by feature. The solver passes over the blocks several times, from several threads,
//! and adds up in the order of the blocks: so the same blocks give the same bits.
//!
//! Not here: what a column or a class is called, and how a file is read.

use std::convert::Infallible;

/// The most rows of one block.
pub const BLOCK_ROWS_MAX: usize = 65_536;

/// The fewest rows that a block is cut to, however many features there are.
const BLOCK_ROWS_MIN: usize = 64;

/// The most numbers of one block (16 MiB), where [`BLOCK_ROWS_MIN`] allows it.
const BLOCK_CELLS_MAX: usize = 2 << 20;

/// A table of features and classes, cut into blocks.
///
/// The cut must stay the same between two reads and between two runs, since sums are made block by block: it may depend on
/// the data, never on the machine or the number of threads. [`block_rows`] is the cut to take where there is a choice.
pub trait DesignBlocks: Sync {
    /// Why a block could not be read.
    type Error: Send;

    /// Number of features: the columns of every block.
    fn features(&self) -> usize;

    /// Number of rows of all blocks together.
    fn rows(&self) -> usize;

    /// Number of blocks.
    fn blocks(&self) -> usize;

    /// Reads block `index` (from 0) into `into`, over what an earlier read left there; may be called by several threads.
    fn read(&self, index: usize, into: &mut DesignBlock) -> Result<(), Self::Error>;
}

/// Some rows of the table, feature by feature, in original units. Buffers are kept from one read to the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DesignBlock {
    /// One column of numbers a feature, all of the same length.
    pub columns: Vec<Vec<f64>>,
    /// The class of each row, from 0.
    pub classes: Vec<u32>,
}

impl DesignBlock {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.classes.len()
    }

    /// Empties the block for `features` columns and keeps the memory: what a reader calls first.
    pub fn clear(&mut self, features: usize) {
        self.columns.resize_with(features, Vec::new);
        self.columns.iter_mut().for_each(Vec::clear);
        self.classes.clear();
    }
}

/// Rows a block should have: [`BLOCK_ROWS_MAX`], and fewer for a wide table, so that a block stays small in memory.
pub fn block_rows(features: usize) -> usize {
    (BLOCK_CELLS_MAX / features.max(1)).clamp(BLOCK_ROWS_MIN, BLOCK_ROWS_MAX)
}

/// A table in memory, handed out in blocks of [`block_rows`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemoryDesign {
    table: DesignBlock,
}

impl MemoryDesign {
    /// Takes one column a feature and the class of each row.
    ///
    /// # Panics
    /// Where a column is not as long as `classes`.
    pub fn new(columns: Vec<Vec<f64>>, classes: Vec<u32>) -> Self {
        assert!(
            columns.iter().all(|c| c.len() == classes.len()),
            "every column has a value in every row"
        );
        Self {
            table: DesignBlock { columns, classes },
        }
    }

    pub(super) fn from_block(table: DesignBlock) -> Self {
        Self { table }
    }

    pub(super) fn table(&self) -> &DesignBlock {
        &self.table
    }
}

impl DesignBlocks for MemoryDesign {
    type Error = Infallible;

    fn features(&self) -> usize {
        self.table.columns.len()
    }

    fn rows(&self) -> usize {
        self.table.rows()
    }

    fn blocks(&self) -> usize {
        self.rows().div_ceil(block_rows(self.features()))
    }

    fn read(&self, index: usize, into: &mut DesignBlock) -> Result<(), Infallible> {
        let size = block_rows(self.features());
        let rows = index * size..self.rows().min((index + 1) * size);
        into.clear(self.features());
        for (to, from) in into.columns.iter_mut().zip(&self.table.columns) {
            to.extend_from_slice(&from[rows.clone()]);
        }
        into.classes.extend_from_slice(&self.table.classes[rows]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_tables_have_shorter_blocks() {
        for (features, rows) in [
            (0, 65_536),
            (1, 65_536),
            (32, 65_536),
            (64, 32_768),
            (10_000, 209),
            (100_000, 64),
        ] {
            assert_eq!(block_rows(features), rows, "{features}");
        }
    }

    #[test]
    fn the_blocks_of_a_table_are_the_table() {
        let rows = 70_000_u32;
        let design = MemoryDesign::new(
            vec![(0..rows).map(f64::from).collect()],
            (0..rows).map(|r| r % 3).collect(),
        );
        let mut block = DesignBlock::default();
        let mut seen = Vec::new();
        for index in 0..design.blocks() {
            design.read(index, &mut block).unwrap();
            assert_eq!(block.columns[0].len(), block.rows());
            seen.extend_from_slice(&block.columns[0]);
        }
        assert_eq!((design.blocks(), seen), (2, design.table.columns[0].clone()));
    }
}
