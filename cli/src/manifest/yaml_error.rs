//! What YAML's parser says of a broken text, in words for the person who wrote it.

use super::Position;
use saphyr_parser::ScanError;

/// A bracket that is open where the parser stopped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opened {
    /// `[` or `{`.
    pub(crate) bracket: char,
    pub(crate) at: Position,
}

/// Where a text is broken, and what is wrong there. `opened` is the innermost bracket that is open.
pub(crate) fn explained(text: &str, error: &ScanError, opened: Option<Opened>) -> (Position, String) {
    let at = super::builder::position(*error.marker());
    let info = error.info();
    if let Some(tab) = tab_in_indentation(text, at, info.contains("tab")) {
        return (
            tab,
            "a tab stands in the indentation; YAML takes spaces only".to_owned(),
        );
    }
    if let Some(opened) =
        opened.filter(|_| (info.contains("invalid indentation") && !info.contains("quoted")) || is_end(text, at))
    {
        let Opened { bracket, at } = opened;
        return (
            at,
            format!("the `{bracket}` is not closed, or what stands in it is not indented"),
        );
    }
    (at, sentence(info))
}

/// Sentences for what the parser says, by a part of its words.
const SENTENCES: [(&str, &str); 16] = [
    (
        "in quoted scalar",
        "the quote that opens here is not closed, or the lines of its text are not indented",
    ),
    (
        "quoted scalar, found unexpected end",
        "the quote that opens here is not closed",
    ),
    ("unexpected end of stream", "the quote that opens here is not closed"),
    (
        "unknown escape character",
        "this text in double quotes holds a `\\` that begins no escape: double it, or use single quotes",
    ),
    (
        "mapping values are not allowed",
        "a `:` stands where no key can be: look at the indentation, and put a text that holds `: ` in quotes",
    ),
    (
        "did not find expected key",
        "this line fits no level of indentation above it",
    ),
    (
        "'-' indicator",
        "an entry of the list is expected here, with `-`: look at the indentation",
    ),
    ("',' or '}'", "a `,` or `}` is missing before this"),
    ("',' or ']'", "a `,` or `]` is missing before this"),
    (
        "unknown anchor",
        "no anchor (`&name`) of this name stands before the alias (`*name`)",
    ),
    (
        "unexpected character",
        "a text cannot begin with this character: put it in quotes",
    ),
    ("misplaced bracket", "this bracket closes nothing"),
    (
        "unprintable",
        "a control character stands here, which no YAML text holds",
    ),
    ("tab", "a tab stands where YAML takes spaces only"),
    ("recursion", "lists and maps are nested too deep"),
    ("invalid indentation", "this line fits no level of indentation above it"),
];

fn sentence(info: &str) -> String {
    match SENTENCES.iter().find(|(part, _)| info.contains(part)) {
        Some((_, sentence)) => (*sentence).to_owned(),
        None => format!("this is no YAML: {info}"),
    }
}

/// How many lines after the place of an error about tabs the tab is looked for: the parser names where the text began.
const LINES_AFTER: usize = 2;

fn tab_in_indentation(text: &str, at: Position, surely: bool) -> Option<Position> {
    let first = usize::try_from(at.line).ok()?.checked_sub(1)?;
    let after = if surely { LINES_AFTER } else { 0 };
    text.lines()
        .enumerate()
        .skip(first)
        .take(after + 1)
        .find_map(|(line, text)| {
            let column = text.chars().take_while(|c| c.is_whitespace()).position(|c| c == '\t')?;
            Some(Position {
                line: line as u64 + 1,
                column: column as u64 + 1,
            })
        })
}

/// Whether only blank lines and comments follow.
fn is_end(text: &str, at: Position) -> bool {
    let first = usize::try_from(at.line.saturating_sub(1)).unwrap_or(usize::MAX);
    let column = usize::try_from(at.column.saturating_sub(1)).unwrap_or(usize::MAX);
    text.lines().skip(first).enumerate().all(|(i, line)| {
        let rest: String = line.chars().skip(if i == 0 { column } else { 0 }).collect();
        rest.trim().is_empty() || rest.trim_start().starts_with('#')
    })
}
