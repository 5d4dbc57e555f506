//! Medians of columns that are too long to be sorted in memory.
//!
//! In: blocks of numbers, read several times. Out: the exact median of each. A number's bits, turned so that they sort as the
//! numbers do, are narrowed down eleven at a time by counting (radix selection), until the few that are left can be sorted.

use crate::in_order::parts_in_order;

/// Bits that one pass narrows down.
const DIGIT_BITS: u32 = 11;
const BUCKETS: usize = 1 << DIGIT_BITS;
const KEY_BITS: u32 = u64::BITS;
/// So few candidates are sorted.
const SORTED_MAX: u64 = 1 << 16;

/// Columns of numbers, in blocks.
pub(super) trait NumberBlocks: Sync {
    type Error: Send;

    fn blocks(&self) -> usize;

    /// Calls `each` with the column's place in `columns` and its numbers that are there.
    fn numbers(&self, block: usize, columns: &[usize], each: &mut dyn FnMut(usize, &[f64])) -> Result<(), Self::Error>;
}

/// One column's search.
struct Selection {
    column: usize,
    /// How many bits of the median's key are known, and which.
    known: u32,
    prefix: u64,
    /// How many numbers have these bits, and which of them in order is wanted.
    candidates: u64,
    rank: u64,
    /// Whether the number after that one is wanted too: of an even count the median is the mean of both.
    is_even: bool,
    /// Found in the last pass.
    sorted: Vec<u64>,
    next_above: Option<u64>,
}

/// The median of each of `columns`, which have `counts` numbers, at least one each.
pub(super) fn medians<B: NumberBlocks>(
    blocks: &B,
    columns: &[usize],
    counts: &[u64],
    threads: usize,
) -> Result<Vec<f64>, B::Error> {
    let mut selections: Vec<Selection> = columns
        .iter()
        .zip(counts)
        .map(|(&column, &count)| Selection {
            column,
            known: 0,
            prefix: 0,
            candidates: count,
            rank: (count - 1) / 2,
            is_even: count % 2 == 0,
            sorted: Vec::new(),
            next_above: None,
        })
        .collect();
    while selections.iter().any(Selection::is_wide) {
        narrow(blocks, &mut selections, threads)?;
    }
    collect(blocks, &mut selections, threads)?;
    Ok(selections.iter().map(Selection::median).collect())
}

impl Selection {
    fn is_wide(&self) -> bool {
        self.candidates > SORTED_MAX && self.known < KEY_BITS
    }

    fn digit(&self) -> u32 {
        DIGIT_BITS.min(KEY_BITS - self.known)
    }

    fn has_prefix(&self, key: u64) -> bool {
        self.known == 0 || key >> (KEY_BITS - self.known) == self.prefix
    }

    fn median(&self) -> f64 {
        let place = usize::try_from(self.rank).unwrap_or(usize::MAX);
        let at = |place: usize| {
            if self.known == KEY_BITS {
                // All candidates are one number.
                (place as u64) < self.candidates && place != usize::MAX
            } else {
                place < self.sorted.len()
            }
        };
        let key = |place: usize| {
            if self.known == KEY_BITS {
                self.prefix
            } else {
                self.sorted[place]
            }
        };
        let lower = number_of(key(place));
        if !self.is_even {
            return lower;
        }
        let upper = if at(place + 1) {
            Some(key(place + 1))
        } else {
            self.next_above
        };
        let upper = upper.map_or(lower, number_of);
        f64::midpoint(lower, upper)
    }
}

/// One pass: each wide selection learns the next bits.
fn narrow<B: NumberBlocks>(blocks: &B, selections: &mut [Selection], threads: usize) -> Result<(), B::Error> {
    let wide: Vec<&Selection> = selections.iter().filter(|selection| selection.is_wide()).collect();
    let columns: Vec<usize> = wide.iter().map(|selection| selection.column).collect();
    let mut counts = vec![vec![0_u64; BUCKETS]; wide.len()];
    parts_in_order(
        blocks.blocks(),
        threads,
        || vec![vec![0_u64; BUCKETS]; wide.len()],
        |block, part| {
            blocks.numbers(block, &columns, &mut |place, numbers| {
                let (selection, counts) = (wide[place], &mut part[place]);
                let shift = KEY_BITS - selection.known - selection.digit();
                let mask = (1_u64 << selection.digit()) - 1;
                for &number in numbers {
                    let key = key_of(number);
                    if selection.has_prefix(key) {
                        #[expect(clippy::cast_possible_truncation, reason = "eleven bits are left")]
                        let bucket = (key >> shift & mask) as usize;
                        counts[bucket] += 1;
                    }
                }
            })
        },
        |part| {
            for (to, from) in counts.iter_mut().zip(part) {
                to.iter_mut()
                    .zip(from)
                    .for_each(|(to, from)| *to += std::mem::take(from));
            }
        },
    )?;
    let wide = selections.iter_mut().filter(|selection| selection.is_wide());
    for (selection, counts) in wide.zip(counts) {
        let digit = selection.digit();
        let mut before = 0;
        for (bucket, count) in (0_u64..).zip(counts) {
            if selection.rank < before + count {
                selection.rank -= before;
                selection.candidates = count;
                selection.prefix = selection.prefix << digit | bucket;
                selection.known += digit;
                break;
            }
            before += count;
        }
    }
    Ok(())
}

/// The last pass: what is left is sorted, with the least number above it.
fn collect<B: NumberBlocks>(blocks: &B, selections: &mut [Selection], threads: usize) -> Result<(), B::Error> {
    type Left = (Vec<u64>, Option<u64>);
    let columns: Vec<usize> = selections.iter().map(|selection| selection.column).collect();
    let mut left: Vec<Left> = vec![Left::default(); selections.len()];
    parts_in_order(
        blocks.blocks(),
        threads,
        || vec![Left::default(); selections.len()],
        |block, part| {
            blocks.numbers(block, &columns, &mut |place, numbers| {
                let (selection, (keys, above)) = (&selections[place], &mut part[place]);
                for &number in numbers {
                    let key = key_of(number);
                    if selection.has_prefix(key) {
                        if selection.known < KEY_BITS {
                            keys.push(key);
                        }
                    } else if key >> (KEY_BITS - selection.known) > selection.prefix {
                        *above = Some(above.map_or(key, |least| least.min(key)));
                    }
                }
            })
        },
        |part| {
            for ((keys, above), (more, other)) in left.iter_mut().zip(part) {
                keys.append(more);
                *above = [*above, other.take()].into_iter().flatten().min();
            }
        },
    )?;
    for (selection, (mut keys, above)) in selections.iter_mut().zip(left) {
        keys.sort_unstable();
        selection.sorted = keys;
        selection.next_above = above;
    }
    Ok(())
}

/// Bits that sort as the numbers do.
fn key_of(number: f64) -> u64 {
    let bits = (number + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn number_of(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;

    struct InMemory(Vec<Vec<f64>>);

    impl NumberBlocks for InMemory {
        type Error = Infallible;

        fn blocks(&self) -> usize {
            self.0[0].len().div_ceil(1_000)
        }

        fn numbers(
            &self,
            block: usize,
            columns: &[usize],
            each: &mut dyn FnMut(usize, &[f64]),
        ) -> Result<(), Infallible> {
            for (place, &column) in columns.iter().enumerate() {
                let all = &self.0[column];
                each(place, &all[block * 1_000..all.len().min((block + 1) * 1_000)]);
            }
            Ok(())
        }
    }

    fn by_sorting(numbers: &[f64]) -> f64 {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
    }

    fn check(columns: &[Vec<f64>]) {
        let want: Vec<f64> = columns.iter().map(|column| by_sorting(column)).collect();
        let counts: Vec<u64> = columns.iter().map(|column| column.len() as u64).collect();
        let places: Vec<usize> = (0..columns.len()).collect();
        for threads in [1, 3] {
            let found = medians(&InMemory(columns.to_vec()), &places, &counts, threads).unwrap();
            assert_eq!(found, want);
        }
    }

    #[test]
    fn medians_of_long_columns() {
        let rows = 200_000;
        let mixed = |i: u64| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) as f64;
        let scattered: Vec<f64> = (0..rows).map(|i| mixed(i) / 1e9 - 4e6).collect();
        let few: Vec<f64> = (0..rows).map(|i| f64::from(u8::try_from(i % 2).unwrap())).collect();
        let same = vec![-7.25; 200_000];
        let close: Vec<f64> = (0..rows)
            .map(|i| f64::from_bits(1_f64.to_bits() + i % 150_001))
            .collect();
        check(&[scattered, few, same, close]);
    }

    proptest! {
        #[test]
        fn medians_of_short_columns(numbers in prop::collection::vec(-1e3..1e3_f64, 1..50), digits in 0..3_i32) {
            let rounded = numbers.iter().map(|x| (x * 10_f64.powi(digits)).round() / 10_f64.powi(digits) / 100.0).collect();
            check(&[rounded]);
        }
    }
}
