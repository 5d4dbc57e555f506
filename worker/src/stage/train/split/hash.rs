//! By a key: the same key is on the same side in every run, whatever else the table holds.
//!
//! The key's text (a whole number without a point) is hashed with 64-bit FNV-1a, whose bits are then mixed by the finalizer of
//! `MurmurHash3`; a row is held out where the result, as a fraction of 2^64, is below the share. This is a promise: another hash would
//! put keys on other sides.

use crate::dataset::read_numbers;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::BooleanBuffer;
use arrow_schema::DataType;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Which rows of a block of keys are held out. A missing key is never.
pub(in crate::stage::train) fn held_out(keys: &ArrayRef, share: f64) -> BooleanBuffer {
    let mut held_out = vec![false; keys.len()];
    for_each_key(keys, |row, key| held_out[row] = fraction(key.as_bytes()) < share);
    BooleanBuffer::from(held_out)
}

/// Adds the keys of a block to `known`, until there are two.
pub(in crate::stage::train) fn add_keys(keys: &ArrayRef, known: &mut BTreeSet<String>) {
    for_each_key(keys, |_, key| {
        if known.len() < 2 && !known.contains(key) {
            known.insert(key.to_owned());
        }
    });
}

/// Calls `each` with the text of each key that is there.
fn for_each_key(keys: &ArrayRef, mut each: impl FnMut(usize, &str)) {
    let is_there = |row: &usize| keys.is_valid(*row);
    match keys.data_type() {
        DataType::Utf8 => {
            let keys = keys.as_string::<i32>();
            (0..keys.len())
                .filter(is_there)
                .for_each(|row| each(row, keys.value(row)));
        }
        DataType::Int64 => {
            // Not every one of these is a float64 of its own.
            let keys = keys.as_primitive::<Int64Type>();
            let mut text = String::new();
            for row in (0..keys.len()).filter(is_there) {
                text.clear();
                let _ = write!(text, "{}", keys.value(row));
                each(row, &text);
            }
        }
        _ => {
            let mut numbers = Vec::new();
            // Every other type of a dataset is read as numbers.
            let _ = read_numbers(keys, &mut numbers);
            let mut text = String::new();
            for row in (0..numbers.len()).filter(is_there) {
                text.clear();
                let _ = write!(text, "{}", numbers[row] + 0.0);
                each(row, &text);
            }
        }
    }
}

/// Whether the rows of a key, by its text, are held out.
pub(crate) fn is_held_out(key: &[u8], share: f64) -> bool {
    fraction(key) < share
}

/// Where `key` falls between 0 and 1.
fn fraction(key: &[u8]) -> f64 {
    let hashed = key.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    let mixed = (hashed ^ hashed >> 33).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    let mixed = (mixed ^ mixed >> 33).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    ((mixed ^ mixed >> 33) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Float64Array, Int8Array, Int64Array, StringArray};
    use std::sync::Arc;

    #[test]
    fn a_key_keeps_its_side_for_ever() {
        // Computed once with an independent program; a change would move every user's rows.
        for (key, want) in [
            ("", 0.936_769_448_390_44),
            ("7590-VHVEG", 0.703_239_383_530_967_9),
            ("42", 0.504_075_611_554_918),
        ] {
            assert!(
                (fraction(key.as_bytes()) - want).abs() < 1e-15,
                "{key} {}",
                fraction(key.as_bytes())
            );
        }
    }

    #[test]
    fn the_type_of_the_column_does_not_matter() {
        let as_text: ArrayRef = Arc::new(StringArray::from_iter_values((-50..50).map(|key| key.to_string())));
        let want = held_out(&as_text, 0.3);
        let int8: ArrayRef = Arc::new(Int8Array::from_iter_values(-50..50));
        let int64: ArrayRef = Arc::new(Int64Array::from_iter_values(-50..50));
        let float: ArrayRef = Arc::new(Float64Array::from_iter_values((-50..50).map(f64::from)));
        for keys in [int8, int64, float] {
            assert_eq!(held_out(&keys, 0.3), want, "{}", keys.data_type());
        }
    }

    #[test]
    fn about_the_share_is_held_out() {
        let keys: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100_000));
        for share in [0.05, 0.2, 0.5, 0.9] {
            let found = held_out(&keys, share).count_set_bits() as f64 / 100_000.0;
            assert!((found - share).abs() < 0.005, "{share}: {found}");
        }
    }
}
