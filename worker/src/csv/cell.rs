//! One cell out of a record.
//!
//! In: bytes that hold whole records, and where a cell starts. Out: its content without quotes, and what ended it. A cell
//! that begins with the quote reaches to the next single quote; what stands between that and the next delimiter is added to
//! it as it is, as pandas and the `csv` crate do.

use super::blocks::line_ends;
use super::options::Dialect;
use memchr::{memchr, memchr3};

/// What ended a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CellEnd {
    /// A delimiter: another cell follows.
    Delimiter,
    /// A line end, or the end of the bytes.
    Record,
}

/// A cell that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell<'a> {
    /// Without quotes.
    pub(crate) content: &'a [u8],
    /// Where the next cell or record starts.
    pub(crate) next: usize,
    pub(crate) end: CellEnd,
    /// Line ends inside the quotes.
    pub(crate) lines: u64,
}

/// The cell that starts at `at`. `scratch` holds its content where that does not stand in `bytes` in one piece.
pub(crate) fn cell<'a>(bytes: &'a [u8], at: usize, dialect: Dialect, scratch: &'a mut Vec<u8>) -> Cell<'a> {
    if bytes.get(at) == Some(&dialect.quote) {
        return quoted_cell(bytes, at, dialect, scratch);
    }
    let stop = cell_stop(bytes, at, dialect);
    let (next, end) = after(bytes, stop, dialect);
    Cell {
        content: &bytes[at..stop],
        next,
        end,
        lines: 0,
    }
}

fn quoted_cell<'a>(bytes: &'a [u8], at: usize, dialect: Dialect, scratch: &'a mut Vec<u8>) -> Cell<'a> {
    scratch.clear();
    let start = at + 1;
    let mut piece = start;
    loop {
        // A quote that is never closed is refused before; here the cell just ends with the bytes.
        let close = memchr(dialect.quote, &bytes[piece..]).map_or(bytes.len(), |found| piece + found);
        if bytes.get(close + 1) == Some(&dialect.quote) {
            scratch.extend_from_slice(&bytes[piece..=close]);
            piece = close + 2;
            continue;
        }
        let rest = (close + 1).min(bytes.len());
        let stop = cell_stop(bytes, rest, dialect);
        let (next, end) = after(bytes, stop, dialect);
        let lines = line_ends(&bytes[start..close]);
        let content = if scratch.is_empty() && stop == rest {
            &bytes[start..close]
        } else {
            scratch.extend_from_slice(&bytes[piece..close]);
            scratch.extend_from_slice(&bytes[rest..stop]);
            scratch.as_slice()
        };
        return Cell {
            content,
            next,
            end,
            lines,
        };
    }
}

/// Where the delimiter, the line end or the end of the bytes stands.
fn cell_stop(bytes: &[u8], at: usize, dialect: Dialect) -> usize {
    /// Most cells are shorter, and a vector search costs more than it saves on them.
    const SHORT: usize = 16;
    let rest = &bytes[at..];
    let is_stop = |byte: &u8| *byte == dialect.delimiter || matches!(*byte, b'\n' | b'\r');
    if let Some(found) = rest.iter().take(SHORT).position(is_stop) {
        return at + found;
    }
    let tail = rest.get(SHORT..).unwrap_or_default();
    memchr3(dialect.delimiter, b'\n', b'\r', tail).map_or(bytes.len(), |found| at + SHORT + found)
}

fn after(bytes: &[u8], stop: usize, dialect: Dialect) -> (usize, CellEnd) {
    match bytes.get(stop) {
        Some(&byte) if byte == dialect.delimiter => (stop + 1, CellEnd::Delimiter),
        Some(b'\r') if bytes.get(stop + 1) == Some(&b'\n') => (stop + 2, CellEnd::Record),
        Some(_) => (stop + 1, CellEnd::Record),
        None => (stop, CellEnd::Record),
    }
}

/// Where the next line starts if the one at `at` is blank: empty, or nothing but spaces and tabs.
#[inline]
pub(crate) fn after_blank_line(bytes: &[u8], at: usize, dialect: Dialect) -> Option<usize> {
    let first = *bytes.get(at)?;
    if !matches!(first, b'\n' | b'\r' | b' ' | b'\t') {
        return None;
    }
    let is_space = |byte: &u8| matches!(*byte, b' ' | b'\t') && *byte != dialect.delimiter;
    let stop = at + bytes[at..].iter().take_while(|byte| is_space(byte)).count();
    match bytes.get(stop) {
        None | Some(b'\n' | b'\r') => Some(after(bytes, stop, dialect).0),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::CellEnd::{Delimiter, Record};
    use super::*;

    #[test]
    fn cells_table() {
        for (bytes, content, next, end, lines) in [
            ("a,b\n", "a", 2, Delimiter, 0),
            ("a\n", "a", 2, Record, 0),
            ("a\r\nb", "a", 3, Record, 0),
            ("a\rb", "a", 2, Record, 0),
            ("a", "a", 1, Record, 0),
            (",b", "", 1, Delimiter, 0),
            ("", "", 0, Record, 0),
            ("\"a\",b", "a", 4, Delimiter, 0),
            ("\"a,b\"\n", "a,b", 6, Record, 0),
            ("\"a\"\"b\",", "a\"b", 7, Delimiter, 0),
            ("\"\"\"\",", "\"", 5, Delimiter, 0),
            ("\"\",", "", 3, Delimiter, 0),
            ("\"a\nb\r\nc\rd\"\n", "a\nb\r\nc\rd", 11, Record, 3),
            ("\"a\"b\"c,", "ab\"c", 7, Delimiter, 0),
            ("\"a\" ,", "a ", 5, Delimiter, 0),
            ("a\"b\"c,", "a\"b\"c", 6, Delimiter, 0),
            (" \"a\",", " \"a\"", 5, Delimiter, 0),
            ("\"a", "a", 2, Record, 0),
            (
                "a long cell that goes on and on,b",
                "a long cell that goes on and on",
                32,
                Delimiter,
                0,
            ),
            ("sixteen bytes...,b", "sixteen bytes...", 17, Delimiter, 0),
        ] {
            let mut scratch = Vec::new();
            let found = cell(bytes.as_bytes(), 0, Dialect::default(), &mut scratch);
            let content = content.as_bytes();
            assert_eq!(
                found,
                Cell {
                    content,
                    next,
                    end,
                    lines
                },
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn blank_lines_table() {
        let tabs = Dialect {
            delimiter: b'\t',
            ..Dialect::default()
        };
        for (bytes, dialect, wanted) in [
            ("\na", Dialect::default(), Some(1)),
            ("\r\na", Dialect::default(), Some(2)),
            ("\ra", Dialect::default(), Some(1)),
            (" \t\na", Dialect::default(), Some(3)),
            (" a\n", Dialect::default(), None),
            ("a\n", Dialect::default(), None),
            ("\"\"\n", Dialect::default(), None),
            ("\t\n", tabs, None),
            (" \n", tabs, Some(2)),
            ("", tabs, None),
        ] {
            assert_eq!(after_blank_line(bytes.as_bytes(), 0, dialect), wanted, "{bytes:?}");
        }
    }
}
