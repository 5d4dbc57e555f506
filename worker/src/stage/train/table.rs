//! The dataset that a model is fitted on, read block by block as often as it takes.
//!
//! The first reading checks the digest: what is computed later counts only since it was right. A small dataset is kept in memory.

use crate::StageError;
use crate::dataset::DatasetReader;
use crate::in_order::in_order;
use crate::stage::StageContext;
use arrow_array::ArrayRef;
use std::collections::HashMap;

/// A table of at most this many cells (16 MiB of numbers) is held in memory.
const MEMORY_CELLS_MAX: u64 = 2 << 20;

/// The columns of a dataset that a model is made from.
pub(super) struct Table<'a> {
    reader: &'a DatasetReader,
    context: StageContext<'a>,
    kept: Option<Kept>,
}

/// All columns that are ever asked for.
struct Kept {
    places: HashMap<usize, usize>,
    blocks: Vec<Vec<ArrayRef>>,
}

impl<'a> Table<'a> {
    /// Reads the dataset once. `columns` are all that will be asked for; `look` gets those of `first`, with the block's number, and
    /// what it makes of each block comes back in their order.
    ///
    /// # Errors
    /// Those of `look`; another digest (`InputChanged`).
    pub(super) fn read_first<T: Send>(
        reader: &'a DatasetReader,
        sha256: &str,
        columns: &[usize],
        first: &[usize],
        context: StageContext<'a>,
        look: impl Fn(usize, &[ArrayRef]) -> Result<T, StageError> + Sync,
    ) -> Result<(Self, Vec<T>), StageError> {
        let is_small = reader.rows().saturating_mul(columns.len() as u64) <= MEMORY_CELLS_MAX;
        let read = if is_small { columns } else { first };
        let places: HashMap<usize, usize> = read.iter().copied().zip(0..).collect();
        let scan = reader.scan(read);
        let (mut looks, mut blocks) = (Vec::new(), Vec::new());
        in_order(
            context.threads,
            || (None, None),
            |(block, _)| {
                *block = scan.next()?;
                Ok::<_, StageError>(block.as_ref().map(|block| block.number))
            },
            |number, (block, result)| {
                context.stop.check()?;
                let arrays = block.as_ref().map_or(&[][..], |block| &block.columns[..]);
                let first: Vec<ArrayRef> = first
                    .iter()
                    .map(|column| ArrayRef::clone(&arrays[places[column]]))
                    .collect();
                context.progress.add(rows_of(reader, number) as u64);
                *result = Some(look(number, &first)?);
                Ok(())
            },
            |(block, result)| {
                looks.extend(result.take());
                if is_small {
                    blocks.extend(block.take().map(|block| block.columns));
                }
            },
        )?;
        scan.finish(sha256)?;
        let table = Self {
            reader,
            context,
            kept: is_small.then_some(Kept { places, blocks }),
        };
        Ok((table, looks))
    }

    /// Whether it is held in memory.
    pub(super) fn is_small(&self) -> bool {
        self.kept.is_some()
    }

    pub(super) fn reader(&self) -> &'a DatasetReader {
        self.reader
    }

    pub(super) fn context(&self) -> &StageContext<'a> {
        &self.context
    }

    pub(super) fn blocks(&self) -> usize {
        self.reader.blocks()
    }

    /// Rows of a block.
    pub(super) fn rows_of(&self, block: usize) -> usize {
        rows_of(self.reader, block)
    }

    /// Some columns of a block.
    pub(super) fn read(&self, block: usize, columns: &[usize]) -> Result<Vec<ArrayRef>, StageError> {
        self.context.stop.check()?;
        match &self.kept {
            Some(kept) => {
                let arrays = &kept.blocks[block];
                Ok(columns
                    .iter()
                    .map(|column| ArrayRef::clone(&arrays[kept.places[column]]))
                    .collect())
            }
            None => Ok(self.reader.read(block, columns)?),
        }
    }
}

fn rows_of(reader: &DatasetReader, block: usize) -> usize {
    let rows = reader.block_rows(block);
    usize::try_from(rows.end - rows.start).unwrap_or(usize::MAX)
}
