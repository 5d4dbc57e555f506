//! Names and cells from outside, made fit for one line of a message.
//!
//! In: any text. Out: [`Word`] and [`FileName`], whose bytes are bounded so that a message with one file, one line and two
//! words keeps its reason, and in which nothing is invisible.

use std::fmt;
use trainyard_contract::dataset::EXAMPLE_VALUE_MAX;

/// The longest [`Word`], in bytes.
const WORD_BYTES_MAX: usize = 48;
/// The longest [`FileName`], in bytes. With two words, line, count and the longest reason it stays below
/// [`trainyard_contract::result::MESSAGE_BYTES_MAX`].
const FILE_NAME_BYTES_MAX: usize = 80;
/// In the place of what is left out.
const MARK: char = '…';

/// A column's name or a cell: cut to 48 bytes at its end; characters that nobody sees are escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word(String);

impl Word {
    /// `text` for a message.
    pub fn new(text: &str) -> Self {
        // What is longer than this is cut anyway, so a cell of many MiB is not escaped whole.
        let text = &text[..border(text, WORD_BYTES_MAX + 1)];
        let pieces = visible(text);
        Self(if length(&pieces) <= WORD_BYTES_MAX {
            pieces.concat()
        } else {
            head(&pieces, WORD_BYTES_MAX - MARK.len_utf8()) + &MARK.to_string()
        })
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file as people know it, at most 80 bytes: of a longer path folders are left out, of a longer name its middle
/// (`/home/…/data.csv`). Characters that nobody sees are escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// `name` for a message.
    pub fn new(name: &str) -> Self {
        let whole = visible(name);
        if length(&whole) <= FILE_NAME_BYTES_MAX {
            return Self(whole.concat());
        }
        let (folders, file) = name.rsplit_once('/').unwrap_or(("", name));
        let file = visible(file);
        // The mark and the slash before the file.
        let room = (FILE_NAME_BYTES_MAX - MARK.len_utf8() - 1).checked_sub(length(&file));
        Self(match room {
            Some(room) => {
                let folders = head(&visible(folders), room);
                let whole_folders = folders.rfind('/').map_or("", |slash| &folders[..=slash]);
                format!("{whole_folders}{MARK}/{}", file.concat())
            }
            None => without_middle(&file),
        })
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `text`, cut to [`EXAMPLE_VALUE_MAX`] characters, with `…` in the place of the rest.
pub(crate) fn cut_value(text: &str) -> String {
    if text.char_indices().nth(EXAMPLE_VALUE_MAX).is_none() {
        return text.to_owned();
    }
    let end = text
        .char_indices()
        .nth(EXAMPLE_VALUE_MAX - 1)
        .map_or(text.len(), |(at, _)| at);
    format!("{}{MARK}", &text[..end])
}

/// The characters, each as it is shown.
fn visible(text: &str) -> Vec<String> {
    text.chars()
        .map(|character| match character {
            c if is_invisible(c) => c.escape_default().to_string(),
            c => c.to_string(),
        })
        .collect()
}

/// Control characters, spaces that are not the space, and what only shapes the characters round it. (The selectors U+FE00
/// to U+FE0F stand in most emoji and stay.)
fn is_invisible(character: char) -> bool {
    character != ' ' && (character.is_control() || character.is_whitespace())
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

fn length(pieces: &[String]) -> usize {
    pieces.iter().map(String::len).sum()
}

/// The first pieces, at most `max` bytes.
fn head(pieces: &[String], max: usize) -> String {
    let mut head = String::new();
    for piece in pieces {
        if head.len() + piece.len() > max {
            break;
        }
        head.push_str(piece);
    }
    head
}

/// The beginning and, a little longer, the end.
fn without_middle(pieces: &[String]) -> String {
    let room = FILE_NAME_BYTES_MAX - MARK.len_utf8();
    let start = head(pieces, room / 2);
    let mut end = Vec::new();
    let mut left = room - start.len();
    for piece in pieces.iter().rev() {
        let Some(rest) = left.checked_sub(piece.len()) else {
            break;
        };
        left = rest;
        end.push(piece.as_str());
    }
    end.reverse();
    format!("{start}{MARK}{}", end.concat())
}

/// The first border of a character at or behind byte `at`.
fn border(text: &str, at: usize) -> usize {
    (at..text.len())
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_table() {
        let letters = "x".repeat(48);
        let more_letters = "x".repeat(49);
        let cut_letters = format!("{}…", "x".repeat(45));
        let emoji = "🙂".repeat(60);
        let cut_emoji = format!("{}…", "🙂".repeat(11));
        let marks = "\u{200b}".repeat(60);
        let cut_marks = format!("{}…", "\\u{200b}".repeat(5));
        for (text, wanted) in [
            ("age", "age"),
            ("", ""),
            (" two words ", " two words "),
            ("a\nb\tc\0", "a\\nb\\tc\\u{0}"),
            ("12\u{a0}", "12\\u{a0}"),
            ("\u{feff}1\u{200b}2\u{ad}", "\\u{feff}1\\u{200b}2\\u{ad}"),
            ("é日本🙂'\"\\", "é日本🙂'\"\\"),
            (letters.as_str(), letters.as_str()),
            (more_letters.as_str(), cut_letters.as_str()),
            (emoji.as_str(), cut_emoji.as_str()),
            (marks.as_str(), cut_marks.as_str()),
        ] {
            let word = Word::new(text).to_string();
            assert_eq!(word, wanted, "{text:?}");
            assert!(word.len() <= WORD_BYTES_MAX, "{text:?}");
        }
    }

    #[test]
    fn file_names_table() {
        let long = format!("/home/{}/data.csv", "folder/".repeat(600));
        let one_folder = format!("/{}/data.csv", "f".repeat(200));
        let file = format!("/home/{}.csv", "f".repeat(200));
        let cut_file = format!("{}…{}.csv", "f".repeat(38), "f".repeat(35));
        let shown = format!("/home/{}…/data.csv", "folder/".repeat(8));
        for (name, wanted) in [
            ("data/t.csv", "data/t.csv"),
            ("a\nb\u{a0}.csv", "a\\nb\\u{a0}.csv"),
            (long.as_str(), shown.as_str()),
            (one_folder.as_str(), "/…/data.csv"),
            (file.as_str(), cut_file.as_str()),
        ] {
            let shown = FileName::new(name).to_string();
            assert_eq!(shown, wanted, "{name:?}");
            assert!(shown.len() <= FILE_NAME_BYTES_MAX, "{name:?}");
        }
    }

    #[test]
    fn examples_are_cut_by_characters() {
        let full = "ü".repeat(60);
        assert_eq!(cut_value(&full), full);
        assert_eq!(cut_value(&"x".repeat(61)), format!("{}…", "x".repeat(59)));
    }
}
