//! What YAML's parser says of a broken text, in words for the person who wrote it.

use super::Position;
use super::lines::{Lines, indent_of};
use super::reader::Stop;
use saphyr_parser::ScanError;

/// A bracket that is open where the parser stopped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opened {
    /// `[` or `{`.
    pub(crate) bracket: char,
    pub(crate) at: Position,
}

/// Where a text is broken, and what is wrong there. `opened` is the innermost bracket that is open.
pub(crate) fn explained(lines: &Lines<'_>, error: &ScanError, opened: Option<Opened>) -> Stop {
    let at = super::builder::position(*error.marker());
    let info = error.info();
    let searched = if info.contains("tab") { LINES_AFTER + 1 } else { 1 };
    let tab = lines.tab_before(at);
    if let Some(tab) = tab.or_else(|| lines.tab_in_indentation(at.line, searched)) {
        return tab;
    }
    let left = |opened: &Opened| leaves_a_bracket(info) || is_end(lines, at) || is_missed(lines, opened, at, info);
    let opened = opened.or_else(|| entry_in_brackets(lines, at).filter(|_| leaves_a_bracket(info)));
    if let Some(Opened { bracket, at }) = opened.filter(left) {
        return (
            at,
            format!("the `{bracket}` is not closed, or what stands in it is not indented"),
        );
    }
    half_a_key(lines, at, info).unwrap_or_else(|| (at, sentence(info)))
}

/// How many lines after the place of an error about tabs the tab is looked for: the parser names where the text began.
const LINES_AFTER: usize = 2;

/// Whether an error says that the document above the place has ended, since the place is less indented than its first line.
pub(crate) fn is_below_the_document(error: &ScanError) -> bool {
    error.info().contains("<document start>")
}

/// Whether a line within brackets is as little indented as the line in which they open: then it is the next field.
fn is_missed(lines: &Lines<'_>, opened: &Opened, at: Position, info: &str) -> bool {
    (info.contains("',' or") || info.contains("node content"))
        && at.line > opened.at.line
        && indent_of(lines.line(at.line)) <= indent_of(lines.line(opened.at.line))
}

/// The bracket of the last entry of a list before a place, which is all in brackets: the parser does not tell of that one before
/// it is closed, since it might be a key.
fn entry_in_brackets(lines: &Lines<'_>, at: Position) -> Option<Opened> {
    lines.above(at.line + 1).rev().find_map(|(number, line)| {
        let entry = line.trim_start_matches([' ', '-']);
        let bracket = entry.chars().next().filter(|c| matches!(c, '[' | '{'))?;
        let place = Position {
            line: number,
            column: (line.len() - entry.len()) as u64 + 1,
        };
        (line.trim_start().starts_with('-') && place < at).then_some(Opened { bracket, at: place })
    })
}

/// What the parser says when it meets, within brackets, what can only stand outside of them.
fn leaves_a_bracket(info: &str) -> bool {
    (info.contains("invalid indentation") && !info.contains("quoted") && !info.contains("anchor"))
        || info.contains("illegal placement of ':'")
        || info.contains("only valid inside a block")
}

/// Sentences for what the parser says, by a part of its words.
const SENTENCES: [(&str, &str); 22] = [
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
        "illegal placement of ':'",
        "a `:` stands where no key can be: look at the indentation, and put a text that holds `: ` in quotes",
    ),
    (
        "only valid inside a block",
        "an entry of a list begins here, but a bracket above is not closed",
    ),
    (
        "did not find expected key",
        "this line fits no level of indentation above it",
    ),
    (
        "<document start>",
        "no document begins here: look at the indentation, and write `---` between two documents",
    ),
    ("expected node content", "a value is expected here"),
    (
        "byte order mark",
        "a byte order mark stands here, which can only begin a file: remove it",
    ),
    (
        "trailing content after",
        "text stands after the quote that closes: put all of it in quotes, and double or escape the quotes in it",
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

/// A key that lacks the space after its `:`, or the `:`: to YAML it is a text, and what follows it has no place.
fn half_a_key(lines: &Lines<'_>, at: Position, info: &str) -> Option<Stop> {
    let lacks_colon = info.contains("simple key expect");
    if !lacks_colon && (!info.contains("mapping values") || lines.before(at).contains(": ")) {
        return None;
    }
    let is_content = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let (number, line) = lines.above(at.line).rev().find(|(_, line)| is_content(line))?;
    let key = line.trim_start_matches([' ', '-']);
    let place = |letters: usize| Position {
        line: number,
        column: (line.len() - key.len() + letters) as u64 + 1,
    };
    let rest = key.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let after = rest.strip_prefix(':').unwrap_or_default();
    if !after.is_empty() && !after.starts_with([' ', '/']) {
        let letters = key.chars().count() - rest.chars().count();
        return Some((place(letters), NO_SPACE.to_owned()));
    }
    lacks_colon.then(|| (place(0), "a `:` is missing after this key".to_owned()))
}

/// A `:` that no space follows is no end of a key.
pub(crate) const NO_SPACE: &str = "a space is missing after this `:`";

/// Whether only blank lines and comments follow.
fn is_end(lines: &Lines<'_>, at: Position) -> bool {
    let is_blank = |rest: &str| rest.trim().is_empty() || rest.trim_start().starts_with('#');
    let rest = &lines.line(at.line)[lines.before(at).len()..];
    is_blank(rest) && lines.from(at.line + 1).all(|(_, line)| is_blank(line))
}
