//! Bytes of a file become documents: trees of values, each with its place.
//!
//! In: bytes. Out: the documents as far as the text can be read, and what is wrong with it. Not here: how values are put
//! together (`builder.rs`); what a document means (`document.rs`).

use super::builder::Builder;
use super::node::{Node, Position};
use super::{Fault, yaml_error};
use camino::Utf8Path;
use saphyr_parser::Parser;

/// The largest file: a ConfigMap takes 1 MiB, and few stand in one file.
pub(crate) const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The documents of a file that are not empty, as far as it can be read. What is wrong with the text goes to `faults`.
pub(crate) fn documents(file: &Utf8Path, bytes: &[u8], faults: &mut Vec<Fault>) -> Vec<Node> {
    let text = match text_of(bytes) {
        Ok(text) => text,
        Err((at, message)) => {
            faults.push(Fault::yaml(file, at, message));
            return Vec::new();
        }
    };
    let mut builder = Builder::default();
    let stopped = read(text, &mut builder);
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

/// Why a file of so many bytes is not read.
pub(crate) fn too_large(bytes: u64) -> String {
    format!(
        "the file has {bytes} bytes, at most {FILE_BYTES_MAX} are allowed: \
         keep a large table in a file of its own, and name it by `path`"
    )
}

/// A fault that ends the reading.
pub(crate) type Stop = (Position, String);

fn read(text: &str, builder: &mut Builder) -> Result<(), Stop> {
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => builder.event(event, span)?,
            Err(error) => return Err(yaml_error::explained(text, &error, builder.opened())),
        }
    }
    Ok(())
}

fn text_of(bytes: &[u8]) -> Result<&str, Stop> {
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err((Position::START, too_large(bytes.len() as u64)));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err((Position::START, "the file is UTF-16: save it as UTF-8".to_owned()));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let good = String::from_utf8_lossy(&bytes[..e.valid_up_to()]);
        let line = good.matches('\n').count() as u64 + 1;
        let column = good.rsplit('\n').next().map_or(0, |last| last.chars().count()) as u64 + 1;
        let byte = bytes[e.valid_up_to()];
        let message = format!("the byte 0x{byte:02x} is not UTF-8: save the file as UTF-8");
        (Position { line, column }, message)
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}
