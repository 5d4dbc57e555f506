//! The lines of a text, and what the parser does not say of them: tabs where only spaces can stand, and what a line begins with.

use super::Position;
use super::reader::Stop;

/// The lines of a text.
pub(super) struct Lines<'a>(Vec<&'a str>);

/// No list or map without brackets begins so far to the right; what does is not looked at, since a line may be long.
const BLOCK_COLUMN_MAX: u64 = 1_000;

const TAB_IN_INDENTATION: &str = "a tab stands in the indentation; YAML takes spaces only";

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self(text.lines().collect())
    }

    /// A line, by its number from 1.
    pub(super) fn line(&self, number: u64) -> &'a str {
        self.from(number).next().map_or("", |(_, line)| line)
    }

    /// The lines from one on, with their numbers.
    pub(super) fn from(&self, number: u64) -> impl Iterator<Item = (u64, &'a str)> {
        let first = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let lines = self.0.get(first..).unwrap_or_default();
        (number..).zip(lines.iter().copied())
    }

    /// The lines above one, with their numbers.
    pub(super) fn above(&self, number: u64) -> impl DoubleEndedIterator<Item = (u64, &'a str)> {
        let count = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let lines = &self.0[..count.min(self.0.len())];
        lines.iter().enumerate().map(|(i, line)| (i as u64 + 1, *line))
    }

    /// What stands before a place on its line.
    pub(super) fn before(&self, at: Position) -> &'a str {
        let line = self.line(at.line);
        let end = line.char_indices().nth(columns(at)).map_or(line.len(), |(i, _)| i);
        &line[..end]
    }

    /// The character at a place, unless it is far to the right.
    pub(super) fn character(&self, at: Position) -> Option<char> {
        let near = at.column <= BLOCK_COLUMN_MAX;
        near.then(|| self.line(at.line).chars().nth(columns(at))).flatten()
    }

    /// A tab right before a place, where it indents what stands there, or alone parts it from the `:` or `-` before.
    pub(super) fn tab_before(&self, at: Position) -> Option<Stop> {
        let before = self.before(at);
        let text = before.trim_end_matches([' ', '\t']);
        let tab = before[text.len()..].find('\t')?;
        let place = Position {
            column: (text.chars().count() + tab) as u64 + 1,
            ..at
        };
        match text.chars().last() {
            None => Some((place, TAB_IN_INDENTATION.to_owned())),
            Some(sign @ (':' | '-' | '?')) if tab == 0 => {
                Some((place, format!("a tab stands after the `{sign}`; write a space")))
            }
            Some(_) => None,
        }
    }

    /// The first tab that indents one of so many lines from one on.
    pub(super) fn tab_in_indentation(&self, number: u64, count: usize) -> Option<Stop> {
        self.from(number).take(count).find_map(|(number, line)| {
            let column = line.chars().take_while(|c| c.is_whitespace()).position(|c| c == '\t')?;
            let place = Position {
                line: number,
                column: column as u64 + 1,
            };
            Some((place, TAB_IN_INDENTATION.to_owned()))
        })
    }
}

/// How many characters stand before a place on its line.
fn columns(at: Position) -> usize {
    usize::try_from(at.column.saturating_sub(1)).unwrap_or(usize::MAX)
}

/// How many spaces a line begins with.
pub(super) fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
