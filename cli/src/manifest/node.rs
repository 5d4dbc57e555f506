//! A YAML value with the place where each part of it stands.

use super::fault::one_line;
use serde_json::Number;

/// A place in a file, in lines and characters from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: u64,
    pub(crate) column: u64,
}

impl Position {
    pub(crate) const START: Self = Self { line: 1, column: 1 };
}

/// A value and where it begins; an empty one stands at its key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) tree: Tree,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    /// A finite number, and how it is written.
    Number(Number, String),
    /// `.nan`, `.inf`, or a number beyond all floats, as it is written.
    NotFinite(String),
    Text(String),
    /// A text without quotes that kubectl takes for something else: `yes`, `y`, `007`.
    Ambiguous(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// An entry of a map.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: Position,
    /// Whether kubectl takes the key for something else than the text that it looks like.
    pub(crate) ambiguous: bool,
    pub(crate) value: Node,
}

impl Node {
    /// The entries of a map; none of anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.tree {
            Tree::Map(entries) => entries,
            Tree::Null
            | Tree::Bool(_)
            | Tree::Number(..)
            | Tree::NotFinite(_)
            | Tree::Text(_)
            | Tree::Ambiguous(_)
            | Tree::List(_) => &[],
        }
    }

    /// The entry of a map.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value of an entry of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The text, if the value is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.tree {
            Tree::Text(text) | Tree::Ambiguous(text) => Some(text),
            Tree::Null | Tree::Bool(_) | Tree::Number(..) | Tree::NotFinite(_) | Tree::List(_) | Tree::Map(_) => None,
        }
    }

    /// What the value is, in words: `the number 5`, `a list`.
    pub(crate) fn described(&self) -> String {
        match &self.tree {
            Tree::Null => "empty".to_owned(),
            Tree::Bool(value) => format!("`{value}`"),
            Tree::Number(_, written) | Tree::NotFinite(written) => format!("the number `{written}`"),
            Tree::Text(text) | Tree::Ambiguous(text) => format!("the text `{}`", shortened(text)),
            Tree::List(_) => "a list".to_owned(),
            Tree::Map(_) => "a map".to_owned(),
        }
    }
}

/// The longest value that a message repeats, in characters.
const SHOWN_MAX: usize = 60;

/// A text for a message, cut where it is long.
pub(crate) fn shortened(text: &str) -> String {
    one_line(text, SHOWN_MAX)
}
