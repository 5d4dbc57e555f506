//! Blocks read and worked on by several threads, their results added up strictly in the order of the blocks.

use super::design::{DesignBlock, DesignBlocks};
use super::problem::FitError;
use crate::in_order::in_order;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls `work` for every block on a part made by `make`, one a thread, then `merge` with that part, in the order of the
/// blocks. `merge` empties the part for the next block.
pub(super) fn in_block_order<D: DesignBlocks, P>(
    data: &D,
    classes: usize,
    threads: usize,
    make: impl Fn() -> P + Sync,
    work: impl Fn(&DesignBlock, &mut P) + Sync,
    mut merge: impl FnMut(&mut P) + Send,
) -> Result<(), FitError<D::Error>> {
    let blocks = data.blocks();
    let claimed = AtomicUsize::new(0);
    in_order(
        threads.min(blocks),
        || (DesignBlock::default(), make()),
        |_| Ok(Some(claimed.fetch_add(1, Ordering::Relaxed)).filter(|&index| index < blocks)),
        |index, (block, part)| {
            read_checked(data, classes, index, block)?;
            work(block, part);
            Ok(())
        },
        |(_, part)| merge(part),
    )
}

/// Reads a block and refuses what would be read past an end later.
pub(super) fn read_checked<D: DesignBlocks>(
    data: &D,
    classes: usize,
    index: usize,
    into: &mut DesignBlock,
) -> Result<(), FitError<D::Error>> {
    data.read(index, into).map_err(FitError::Read)?;
    let rows = into.rows();
    let regular = into.columns.len() == data.features() && into.columns.iter().all(|c| c.len() == rows);
    let largest = into.classes.iter().copied().max().unwrap_or(0);
    if regular && (largest as usize) < classes {
        Ok(())
    } else {
        Err(FitError::Malformed { block: index })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of one row whose class is their number, modulo 3; reading `broken` fails.
    struct Numbers {
        blocks: usize,
        broken: Option<usize>,
    }

    impl DesignBlocks for Numbers {
        type Error = usize;

        fn features(&self) -> usize {
            0
        }

        fn rows(&self) -> usize {
            self.blocks
        }

        fn blocks(&self) -> usize {
            self.blocks
        }

        fn read(&self, index: usize, into: &mut DesignBlock) -> Result<(), usize> {
            into.clear(0);
            into.classes.push(u32::try_from(index % 3).unwrap());
            if self.broken.is_some_and(|broken| index >= broken) {
                Err(index)
            } else {
                Ok(())
            }
        }
    }

    fn order(data: &Numbers, classes: usize, threads: usize) -> (Result<(), FitError<usize>>, Vec<u32>) {
        let mut seen = Vec::new();
        let work = |block: &DesignBlock, part: &mut Vec<u32>| part.extend(&block.classes);
        let result = in_block_order(data, classes, threads, Vec::new, work, |part| seen.append(part));
        (result, seen)
    }

    #[test]
    fn results_come_in_the_order_of_the_blocks() {
        for (blocks, threads) in [(0, 2), (1, 4), (500, 1), (500, 2), (500, 7)] {
            let want: Vec<u32> = (0..u32::try_from(blocks).unwrap()).map(|i| i % 3).collect();
            assert_eq!(
                order(&Numbers { blocks, broken: None }, 3, threads),
                (Ok(()), want),
                "{blocks} {threads}"
            );
        }
    }

    #[test]
    fn the_first_fault_is_the_one_reported() {
        for threads in [1, 2, 5] {
            let (result, seen) = order(
                &Numbers {
                    blocks: 300,
                    broken: Some(170),
                },
                3,
                threads,
            );
            assert_eq!((result, seen.len()), (Err(FitError::Read(170)), 170));
            let (result, _) = order(
                &Numbers {
                    blocks: 300,
                    broken: None,
                },
                2,
                threads,
            );
            assert_eq!(result, Err(FitError::Malformed { block: 2 }));
        }
    }

    #[test]
    fn a_panic_in_one_thread_does_not_hang_the_others() {
        let data = Numbers {
            blocks: 100,
            broken: None,
        };
        let work = |block: &DesignBlock, (): &mut ()| assert!(block.classes[0] != 2, "on purpose");
        let run = || in_block_order(&data, 3, 3, || (), work, |()| ());
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err());
    }
}
