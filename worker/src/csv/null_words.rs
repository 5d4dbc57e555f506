//! The words that are read as missing.
//!
//! Words are compared with the whole cell as it stands between the delimiters, after quotes are taken away, as pandas does:
//! `"NA"` is missing, ` NA ` is text. The empty cell is missing always.

use trainyard_contract::stage::PANDAS_NULL_WORDS;

/// The words that are read as missing.
#[derive(Clone, Debug)]
pub struct NullWords {
    words: Vec<Box<[u8]>>,
    /// Whether a word begins with the byte: most cells are told apart by that alone.
    begins: [bool; 256],
    longest: usize,
}

impl NullWords {
    /// These words and the empty cell.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let words: Vec<Box<[u8]>> = words.into_iter().map(|word| word.as_bytes().into()).collect();
        let mut begins = [false; 256];
        for first in words.iter().filter_map(|word| word.first()) {
            begins[usize::from(*first)] = true;
        }
        let longest = words.iter().map(|word| word.len()).max().unwrap_or(0);
        Self { words, begins, longest }
    }

    /// Whether `cell` is missing.
    #[inline]
    pub fn contains(&self, cell: &[u8]) -> bool {
        let Some(first) = cell.first() else { return true };
        self.begins[usize::from(*first)]
            && cell.len() <= self.longest
            && self.words.iter().any(|word| word.as_ref() == cell)
    }

    /// Whether a cell of digits may be missing.
    pub(crate) fn any_is_digits(&self) -> bool {
        self.words.iter().any(|word| word.iter().all(u8::is_ascii_digit))
    }
}

impl Default for NullWords {
    /// pandas' words.
    fn default() -> Self {
        Self::new(PANDAS_NULL_WORDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_words_table() {
        let pandas = NullWords::default();
        for (cell, wanted) in [
            ("", true),
            ("NA", true),
            ("nan", true),
            ("-1.#IND", true),
            ("#N/A N/A", true),
            ("na", false),
            ("NAN", false),
            (" NA", false),
            ("N", false),
            ("NAA", false),
            ("-", false),
            ("0", false),
        ] {
            assert_eq!(pandas.contains(cell.as_bytes()), wanted, "{cell:?}");
        }
        let own = NullWords::new(["-", "999"]);
        for (cell, wanted) in [("", true), ("-", true), ("999", true), ("NA", false), ("99", false)] {
            assert_eq!(own.contains(cell.as_bytes()), wanted, "{cell:?}");
        }
        assert!(own.any_is_digits() && !pandas.any_is_digits());
    }
}
