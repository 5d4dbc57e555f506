//! A file becomes documents: trees of values, each with its place.
//!
//! In: a file, or its bytes. Out: the documents as far as the text can be read, and what is wrong with it. Not here: how values are put
//! together (`builder.rs`); what a document means (`document.rs`).

use super::builder::Builder;
use super::lines::Lines;
use super::node::{Node, Position};
use super::{Fault, yaml_error};
use camino::Utf8Path;
use saphyr_parser::Parser;
use std::fs::File;
use std::io::{self, Read};

/// The largest file: a ConfigMap takes 1 MiB, and few stand in one file.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The name of stdin, as a file to read.
const STDIN: &str = "-";

/// The documents of a file that are not empty, as far as it can be read. What is wrong with the text goes to `faults`.
pub(crate) fn documents(file: &Utf8Path, bytes: &[u8], faults: &mut Vec<Fault>) -> Vec<Node> {
    let text = match text_of(bytes) {
        Ok(text) => text,
        Err((at, message)) => {
            faults.push(Fault::yaml(file, at, message));
            return Vec::new();
        }
    };
    let lines = Lines::of(text);
    let mut builder = Builder::new(&lines);
    let stopped = feed(text, &lines, &mut builder);
    let (documents, found) = builder.finish();
    if let Err((at, message)) = stopped {
        faults.push(Fault::yaml(file, at, message));
    } else if documents.is_empty() && found.is_empty() {
        faults.push(Fault::yaml(
            file,
            Position::START,
            "the file is empty: no document with a `kind` stands in it",
        ));
    }
    faults.extend(found.into_iter().map(|(at, field, message)| {
        if field.steps().is_empty() {
            Fault::yaml(file, at, message)
        } else {
            Fault::new(file, at, field, message)
        }
    }));
    documents
}

/// The bytes of a file, of a stream, or of stdin (`-`), or why they cannot be had. Of one that is too large only so much is
/// read that this is known.
pub(crate) fn read(path: &Utf8Path) -> Result<Vec<u8>, String> {
    let bytes = if path == STDIN {
        first_bytes(io::stdin().lock())
    } else {
        File::open(path).and_then(|file| {
            if file.metadata()?.is_dir() {
                return Err(io::Error::other("it is a folder"));
            }
            first_bytes(file)
        })
    };
    bytes.map_err(|e| format!("the file cannot be read: {e}"))
}

/// How a file is named in messages.
pub(crate) fn name_of(path: &Utf8Path) -> &Utf8Path {
    if path == STDIN { Utf8Path::new("stdin") } else { path }
}

fn first_bytes(stream: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A fault that ends the reading.
pub(crate) type Stop = (Position, String);

fn feed(text: &str, lines: &Lines<'_>, builder: &mut Builder<'_>) -> Result<(), Stop> {
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => builder.event(event, span)?,
            Err(error) => {
                if yaml_error::is_below_the_document(&error) {
                    builder.take_back();
                }
                return Err(yaml_error::explained(lines, &error, builder.opened()));
            }
        }
    }
    Ok(())
}

fn text_of(bytes: &[u8]) -> Result<&str, Stop> {
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let message = format!(
            "the file has more than {FILE_BYTES_MAX} bytes: \
             keep a large table in a file of its own, and name it by `path`"
        );
        return Err((Position::START, message));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err((Position::START, "the file is UTF-16: save it as UTF-8".to_owned()));
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let (good, bad) = bytes.split_at(e.valid_up_to());
        let what = surrogate(bad).map_or_else(
            || format!("the byte 0x{:02x} is not UTF-8", bad[0]),
            |code| format!("U+{code:04X} is half a character and not UTF-8"),
        );
        let message = format!("{what}: save the file as UTF-8");
        (end_of(&String::from_utf8_lossy(good)), message)
    })?;
    match text.char_indices().find(|(_, c)| !is_allowed(*c)) {
        Some((i, c)) => {
            let message = format!(
                "the character U+{:04X} stands here, which no YAML text holds",
                u32::from(c)
            );
            Err((end_of(&text[..i]), message))
        }
        None => Ok(text),
    }
}

/// The surrogate that these bytes would be, were there any in UTF-8.
fn surrogate(bytes: &[u8]) -> Option<u32> {
    match bytes {
        [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, ..] => {
            Some(0xd000 | u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f))
        }
        _ => None,
    }
}

/// Whether a character may stand in YAML (its production `c-printable`).
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

/// The place after a text.
fn end_of(text: &str) -> Position {
    let ends = text.replace("\r\n", "\n").replace('\r', "\n");
    let last = ends.rsplit('\n').next().unwrap_or_default();
    Position {
        line: ends.matches('\n').count() as u64 + 1,
        column: last.chars().count() as u64 + 1,
    }
}
