//! What YAML's parser says of a broken text, in words for the person who wrote it.

use super::Position;
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
pub(crate) fn explained(text: &str, error: &ScanError, opened: Option<Opened>) -> Stop {
    let at = super::builder::position(*error.marker());
    let info = error.info();
    let tab = tab_before(line(text, at.line), at);
    if let Some(tab) = tab.or_else(|| tab_in_indentation(text, at, info.contains("tab"))) {
        return tab;
    }
    let left = |opened: &Opened| leaves_a_bracket(info) || is_end(text, at) || is_missed(text, opened, at, info);
    let opened = opened.or_else(|| entry_in_brackets(text, at).filter(|_| leaves_a_bracket(info)));
    if let Some(Opened { bracket, at }) = opened.filter(left) {
        return (
            at,
            format!("the `{bracket}` is not closed, or what stands in it is not indented"),
        );
    }
    half_a_key(text, at, info).unwrap_or_else(|| (at, sentence(info)))
}

/// Whether an error says that the document above the place has ended, since the place is less indented than its first line.
pub(crate) fn is_below_the_document(error: &ScanError) -> bool {
    error.info().contains("<document start>")
}

/// Whether a line within brackets is as little indented as the line in which they open: then it is the next field.
fn is_missed(text: &str, opened: &Opened, at: Position, info: &str) -> bool {
    let indent = |number: u64| {
        let line = line(text, number);
        line.chars().count() - line.trim_start_matches(' ').chars().count()
    };
    info.contains("',' or") && at.line > opened.at.line && indent(at.line) <= indent(opened.at.line)
}

/// The bracket of the last entry of a list before a place, which is all in brackets: the parser does not tell of that one before
/// it is closed, since it might be a key.
fn entry_in_brackets(text: &str, at: Position) -> Option<Opened> {
    let last = usize::try_from(at.line).unwrap_or(usize::MAX);
    let entries = text.lines().take(last).enumerate().filter_map(|(i, line)| {
        let entry = line.trim_start_matches([' ', '-']);
        let place = Position {
            line: i as u64 + 1,
            column: (line.chars().count() - entry.chars().count()) as u64 + 1,
        };
        let bracket = entry.chars().next().filter(|c| matches!(c, '[' | '{'))?;
        (line.trim_start().starts_with('-') && place < at).then_some(Opened { bracket, at: place })
    });
    entries.last()
}

/// What the parser says when it meets, within brackets, what can only stand outside of them.
fn leaves_a_bracket(info: &str) -> bool {
    (info.contains("invalid indentation") && !info.contains("quoted") && !info.contains("anchor"))
        || info.contains("illegal placement of ':'")
        || info.contains("only valid inside a block")
}

/// Sentences for what the parser says, by a part of its words.
const SENTENCES: [(&str, &str); 21] = [
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
fn half_a_key(text: &str, at: Position, info: &str) -> Option<Stop> {
    let lacks_colon = info.contains("simple key expect");
    let own = line(text, at.line).chars().take(before(at)).collect::<String>();
    if !lacks_colon && (!info.contains("mapping values") || own.contains(": ")) {
        return None;
    }
    let first = usize::try_from(at.line.saturating_sub(1)).unwrap_or(usize::MAX);
    let is_content = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let (i, above) = text
        .lines()
        .take(first)
        .enumerate()
        .filter(|(_, line)| is_content(line))
        .last()?;
    let key = above.trim_start_matches([' ', '-']);
    let indent = above.chars().count() - key.chars().count();
    let place = |letters: usize| Position {
        line: i as u64 + 1,
        column: (indent + letters) as u64 + 1,
    };
    let word = key.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if word.starts_with(':') && !word.starts_with("://") && word.trim() != ":" && !word.starts_with(": ") {
        let letters = key.chars().count() - word.chars().count();
        return Some((place(letters), NO_SPACE.to_owned()));
    }
    lacks_colon.then(|| (place(0), "a `:` is missing after this key".to_owned()))
}

/// A `:` that no space follows is no end of a key.
pub(crate) const NO_SPACE: &str = "a space is missing after this `:`";

/// A tab right before a place, where it indents what stands there, or alone parts it from the `:` or `-` before.
pub(crate) fn tab_before(line: &str, at: Position) -> Option<Stop> {
    let before: String = line.chars().take(before(at)).collect();
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

const TAB_IN_INDENTATION: &str = "a tab stands in the indentation; YAML takes spaces only";

/// How many characters stand before a place on its line.
fn before(at: Position) -> usize {
    usize::try_from(at.column.saturating_sub(1)).unwrap_or(usize::MAX)
}

fn line(text: &str, line: u64) -> &str {
    let index = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    text.lines().nth(index).unwrap_or_default()
}

/// How many lines after the place of an error about tabs the tab is looked for: the parser names where the text began.
const LINES_AFTER: usize = 2;

fn tab_in_indentation(text: &str, at: Position, surely: bool) -> Option<Stop> {
    let first = usize::try_from(at.line).ok()?.checked_sub(1)?;
    let after = if surely { LINES_AFTER } else { 0 };
    text.lines()
        .enumerate()
        .skip(first)
        .take(after + 1)
        .find_map(|(line, text)| {
            let column = text.chars().take_while(|c| c.is_whitespace()).position(|c| c == '\t')?;
            let place = Position {
                line: line as u64 + 1,
                column: column as u64 + 1,
            };
            Some((place, TAB_IN_INDENTATION.to_owned()))
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
