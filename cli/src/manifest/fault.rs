//! One thing that is wrong with a manifest, and where.

use super::Position;
use camino::{Utf8Path, Utf8PathBuf};
use std::fmt;

/// One fault: `FILE:LINE:COLUMN: FIELD: what is wrong`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, as it was named.
    pub file: Utf8PathBuf,
    /// Its line, from 1.
    pub line: u64,
    /// The column in characters, from 1.
    pub column: u64,
    /// The field, as `kubectl explain` writes it: `spec.stages[2].train.features`. `YAML` where the text itself is at fault.
    pub field: String,
    /// What is wrong, and where it is known, what to do.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(file: &Utf8Path, at: Position, field: impl fmt::Display, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: at.line,
            column: at.column,
            field: one_line(&field.to_string(), FIELD_MAX),
            message: one_line(&message.into(), MESSAGE_MAX),
        }
    }

    /// A fault of the text itself.
    pub(crate) fn yaml(file: &Utf8Path, at: Position, message: impl Into<String>) -> Self {
        Self::new(file, at, "YAML", message)
    }
}

/// The longest field that is told, in characters: names in it may be the user's.
const FIELD_MAX: usize = 300;
/// The longest message, likewise.
const MESSAGE_MAX: usize = 1_000;

/// A text that stays on one line, whatever was written into the manifest.
pub(super) fn one_line(text: &str, longest: usize) -> String {
    let mut line: String = text
        .chars()
        .take(longest)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(longest).is_some() {
        line.push('…');
    }
    line
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            field,
            message,
        } = self;
        write!(f, "{file}:{line}:{column}: {field}: {message}")
    }
}
