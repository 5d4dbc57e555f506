//! By time: the newest rows are held out. Of rows of one time those that stand later count as newer.
//!
//! Times are numbers, or texts such as `2026-11-24`, `2026-11-24 05:30` or `2026-11-24T05:30:00.25+01:00`; without an offset they are
//! taken as UTC.

use crate::dataset::read_numbers;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::BooleanBuffer;
use arrow_schema::DataType;
use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// How times may be written, besides RFC 3339.
const FORMATS: [&str; 5] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S%.f%:z",
];

/// Turns a block of times into keys that sort as the times do, one a row; 0 for rows that do not count.
///
/// # Errors
/// The first row that counts and holds no time.
pub(in crate::stage::train) fn keys(times: &ArrayRef, is_included: &BooleanBuffer) -> Result<Vec<u64>, usize> {
    match times.data_type() {
        DataType::Utf8 => {
            let times = times.as_string::<i32>();
            let mut last: Option<(&str, i64)> = None;
            (0..times.len())
                .map(|row| {
                    if !is_included.value(row) {
                        return Ok(0);
                    }
                    let text = times.value(row);
                    let known = last.filter(|(known, _)| *known == text).map(|(_, time)| time);
                    let time = known.or_else(|| microseconds(text)).ok_or(row)?;
                    last = Some((text, time));
                    Ok(signed(time))
                })
                .collect()
        }
        DataType::Int64 => Ok(times
            .as_primitive::<Int64Type>()
            .values()
            .iter()
            .map(|&time| signed(time))
            .collect()),
        _ => {
            let mut numbers = Vec::new();
            // Every other type of a dataset is read as numbers.
            let _ = read_numbers(times, &mut numbers);
            let key = |number: f64| {
                let bits = (number + 0.0).to_bits();
                if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
            };
            Ok(numbers.into_iter().map(key).collect())
        }
    }
}

fn signed(time: i64) -> u64 {
    time.cast_unsigned() ^ 1 << 63
}

/// Since 1970, in UTC.
fn microseconds(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros());
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    let (with_offset, plain) = (FORMATS[FORMATS.len() - 1], &FORMATS[..FORMATS.len() - 1]);
    if let Ok(time) = DateTime::parse_from_str(text, with_offset) {
        return Some(time.timestamp_micros());
    }
    let times = plain
        .iter()
        .filter_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    times.map(|time| time.and_utc().timestamp_micros()).next()
}

/// Finds the key from which on rows are the newest `wanted`: bit by bit from the top, counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stage::train) struct Newest {
    /// Rows with a greater key are all among them.
    pub(in crate::stage::train) key: u64,
    /// How many of the rows with this very key are, the last ones.
    pub(in crate::stage::train) of_key: u64,
}

/// How many bits one counting narrows down.
pub(in crate::stage::train) const DIGIT_BITS: u32 = 16;

/// A search for [`Newest`].
#[derive(Clone, Copy, Debug)]
pub(in crate::stage::train) struct Search {
    known: u32,
    prefix: u64,
    wanted: u64,
}

impl Search {
    /// For the newest `wanted` rows.
    pub(in crate::stage::train) fn new(wanted: u64) -> Self {
        Self {
            known: 0,
            prefix: 0,
            wanted,
        }
    }

    /// An empty count.
    pub(in crate::stage::train) fn counts() -> Vec<u64> {
        vec![0; 1 << DIGIT_BITS]
    }

    /// Counts the next digit of the keys that have the known ones.
    pub(in crate::stage::train) fn count(&self, keys: impl Iterator<Item = u64>, counts: &mut [u64]) {
        let shift = u64::BITS - self.known - DIGIT_BITS;
        for key in keys {
            if self.known == 0 || key >> (u64::BITS - self.known) == self.prefix {
                #[expect(clippy::cast_possible_truncation, reason = "sixteen bits are left")]
                let digit = (key >> shift) as u16;
                counts[usize::from(digit)] += 1;
            }
        }
    }

    /// What is known after a counting; the answer at the end.
    pub(in crate::stage::train) fn narrow(&mut self, counts: &[u64]) -> Option<Newest> {
        for (digit, &count) in counts.iter().enumerate().rev() {
            if self.wanted <= count {
                self.prefix = self.prefix << DIGIT_BITS | digit as u64;
                break;
            }
            self.wanted -= count;
        }
        self.known += DIGIT_BITS;
        (self.known == u64::BITS).then_some(Newest {
            key: self.prefix,
            of_key: self.wanted,
        })
    }
}

impl Newest {
    /// Which rows of the last block that was not yet asked for are among them; `is_candidate` says which rows count at all. Blocks are
    /// asked for from the last to the first.
    pub(in crate::stage::train) fn mask(&mut self, keys: &[u64], candidates: &BooleanBuffer) -> BooleanBuffer {
        let mut held_out = vec![false; keys.len()];
        for (row, &key) in keys.iter().enumerate().rev().filter(|(row, _)| candidates.value(*row)) {
            held_out[row] = key > self.key || (key == self.key && self.of_key > 0);
            if key == self.key && held_out[row] {
                self.of_key -= 1;
            }
        }
        BooleanBuffer::from(held_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Float64Array, Int8Array, StringArray};
    use proptest::prelude::*;
    use std::sync::Arc;

    #[test]
    fn times_table() {
        let same = |texts: [&str; 4]| {
            let times: Vec<Option<i64>> = texts.iter().map(|text| microseconds(text)).collect();
            assert!(
                times[0].is_some() && times.iter().all(|time| *time == times[0]),
                "{texts:?} {times:?}"
            );
        };
        same([
            "2026-11-24",
            "2026-11-24 00:00",
            "2026-11-24T00:00:00",
            "2026-11-24T00:00:00.000Z",
        ]);
        same([
            "2026-11-24T05:30:00Z",
            "2026-11-24 05:30:00",
            "2026-11-24T06:30:00+01:00",
            "2026-11-24 06:30:00+01:00",
        ]);
        for text in ["", "24.11.2026", "2026-13-01", "yesterday", "2026-11-24 25:00"] {
            assert_eq!(microseconds(text), None, "{text}");
        }
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["2026-11-24", "soon"]));
        assert_eq!(keys(&texts, &BooleanBuffer::new_set(2)), Err(1));
        assert!(keys(&texts, &BooleanBuffer::from(vec![true, false])).is_ok());
        let small: ArrayRef = Arc::new(Int8Array::from(vec![-1, 0, 1]));
        let float: ArrayRef = Arc::new(Float64Array::from(vec![-1.5, -0.0, 1e300]));
        for times in [small, float] {
            assert!(
                keys(&times, &BooleanBuffer::new_set(3)).unwrap().is_sorted(),
                "{}",
                times.data_type()
            );
        }
    }

    proptest! {
        #[test]
        fn the_newest_rows_as_by_sorting(times in prop::collection::vec(-3_i64..3, 1..60), wanted in 1_usize..60, cut in 1_usize..7) {
            let wanted = wanted.min(times.len());
            let keys: Vec<u64> = times.iter().map(|&time| signed(time)).collect();
            let mut search = Search::new(wanted as u64);
            let mut newest = loop {
                let mut counts = Search::counts();
                search.count(keys.iter().copied(), &mut counts);
                if let Some(newest) = search.narrow(&counts) { break newest; }
            };
            let blocks: Vec<&[u64]> = keys.chunks(cut).collect();
            let mut masks: Vec<BooleanBuffer> = blocks
                .iter()
                .rev()
                .map(|keys| newest.mask(keys, &BooleanBuffer::new_set(keys.len())))
                .collect();
            masks.reverse();
            let found: Vec<bool> = masks.iter().flat_map(|mask| mask.iter().collect::<Vec<_>>()).collect();
            let mut order: Vec<usize> = (0..times.len()).collect();
            order.sort_by_key(|&row| (times[row], row));
            let mut want = vec![false; times.len()];
            order[times.len() - wanted..].iter().for_each(|&row| want[row] = true);
            prop_assert_eq!(found, want);
        }
    }
}
