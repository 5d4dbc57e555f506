//! How the command speaks: data on stdout, everything else on stderr, readable without colour.
//!
//! A reader that goes away (`trainyard models | head -1`) is no error: [`data`] says so and the verb ends quietly. What cannot
//! be written to stderr is lost on purpose: there is nobody left to tell.

use std::io::{self, IsTerminal, Write};

/// Whether whoever reads stdout is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// All was written.
    Listens,
    /// The pipe is closed: nobody wants more.
    Gone,
}

/// Writes `text` to stdout. Errors but a closed pipe (a full disk behind `>`) are the caller's.
pub fn data(text: &str) -> io::Result<Reader> {
    let mut stdout = io::stdout().lock();
    reader_of(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Tells a closed pipe from an error.
pub fn reader_of(written: io::Result<()>) -> io::Result<Reader> {
    match written {
        Ok(()) => Ok(Reader::Listens),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(e) => Err(e),
    }
}

/// Writes a line to stderr.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// What went wrong, where, and what to do: three things that are never mixed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complaint {
    /// What happened, in a line without a full stop.
    pub message: String,
    /// Where, as in ``in stage `train` of pipeline `iris` ``; empty where the message says it.
    pub place: String,
    /// What to do; one line each.
    pub hints: Vec<String>,
}

impl Complaint {
    /// A complaint that says only what happened.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// The same with a further hint; an empty one is none.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        if !hint.is_empty() {
            self.hints.push(hint);
        }
        self
    }

    /// The same with its place.
    #[must_use]
    pub fn place(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }
}

/// Writes an error to stderr.
pub fn error(complaint: &Complaint) {
    labelled("error", RED, complaint);
}

/// Writes a warning to stderr: what was asked for is done nevertheless.
pub fn warning(complaint: &Complaint) {
    labelled("warning", YELLOW, complaint);
}

const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const CYAN: &str = "\x1b[1;36m";
const PLAIN: &str = "\x1b[0m";

fn labelled(label: &str, colour: &str, complaint: &Complaint) {
    let coloured = stderr_has_colour();
    let label_of = |label: &str, colour: &str| {
        if coloured {
            format!("{colour}{label}:{PLAIN}")
        } else {
            format!("{label}:")
        }
    };
    let mut lines = vec![format!("{} {}", label_of(label, colour), complaint.message)];
    if !complaint.place.is_empty() {
        lines.push(format!("  {}", complaint.place));
    }
    lines.extend(
        complaint
            .hints
            .iter()
            .map(|hint| format!("{} {hint}", label_of("hint", CYAN))),
    );
    note(&lines.join("\n"));
}

/// Colour only on a terminal that can show it, and only where nobody said no (<https://no-color.org>).
pub fn stderr_has_colour() -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    io::stderr().is_terminal() && !no_color && !dumb
}
