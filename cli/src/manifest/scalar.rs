//! What a scalar without quotes is: the core schema of YAML 1.2, and where kubectl, which reads YAML 1.1, differs.

use super::Tree;
use serde_json::Number;

/// Words that kubectl takes for `true` or `false`.
const YES_NO: [&str; 6] = ["yes", "no", "on", "off", "y", "n"];

/// The value that a plain scalar is.
pub(crate) fn plain(text: &str) -> Tree {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Tree::Null,
        "true" | "True" | "TRUE" => Tree::Bool(true),
        "false" | "False" | "FALSE" => Tree::Bool(false),
        _ if is_not_finite(text) => Tree::NotFinite(text.to_owned()),
        _ if is_ambiguous(text) => Tree::Ambiguous(text.to_owned()),
        _ => number(text).unwrap_or_else(|| Tree::Text(text.to_owned())),
    }
}

/// Whether an ambiguous text is one letter: the name of a column far more often than a truth, so that a laptop takes it as it
/// stands, and only a cluster does not.
pub(crate) fn is_letter(text: &str) -> bool {
    matches!(text, "y" | "Y" | "n" | "N")
}

/// What a tag of YAML (`int`, `float`, `bool` or `null`) says that a value is, where it is not.
pub(crate) fn wanted_by_tag(tag: &str, tree: &Tree) -> Option<&'static str> {
    let (fits, wanted) = match tag {
        "int" => (
            matches!(tree, Tree::Number(number, _) if !number.is_f64()),
            "a whole number",
        ),
        "float" => (matches!(tree, Tree::Number(..) | Tree::NotFinite(_)), "a number"),
        "bool" => (matches!(tree, Tree::Bool(_)), "`true` or `false`"),
        _ => (*tree == Tree::Null, "empty"),
    };
    (!fits).then_some(wanted)
}

/// Whether kubectl takes a plain scalar for something else than YAML 1.2 does.
pub(crate) fn is_ambiguous(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let numeric = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let octal = digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    let grouped = numeric(digits)
        && digits.contains('_')
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'e' | b'E' | b'-' | b'+'));
    let binary = digits
        .strip_prefix("0b")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b"01_".contains(&b)));
    let cased = |word: &str| {
        let capital = text.len() == word.len() && text[..1] == word[..1].to_uppercase() && text[1..] == word[1..];
        text == word || text == word.to_uppercase() || capital
    };
    octal || grouped || binary || (text.is_ascii() && YES_NO.into_iter().any(cased))
}

fn is_not_finite(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

fn number(text: &str) -> Option<Tree> {
    let written = || text.to_owned();
    if let Some(whole) = whole(text) {
        return Some(Tree::Number(whole, written()));
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let allowed = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    if !starts || !unsigned.bytes().all(allowed) || !unsigned.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    match Number::from_f64(value) {
        Some(number) => Some(Tree::Number(number, written())),
        None => Some(Tree::NotFinite(written())),
    }
}

fn whole(text: &str) -> Option<Number> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return u64::from_str_radix(digits, radix)
                .ok()
                .filter(|_| !digits.starts_with('+'))
                .map(Number::from);
        }
    }
    if let Ok(number) = text.parse::<i64>() {
        return Some(Number::from(number));
    }
    text.parse::<u64>().ok().map(Number::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_table() {
        let number = |value: f64, text: &str| Tree::Number(Number::from_f64(value).expect("finite"), text.to_owned());
        let whole = |value: i64, text: &str| Tree::Number(Number::from(value), text.to_owned());
        let text = |text: &str| Tree::Text(text.to_owned());
        let ambiguous = |text: &str| Tree::Ambiguous(text.to_owned());
        for (written, wanted) in [
            ("", Tree::Null),
            ("~", Tree::Null),
            ("null", Tree::Null),
            ("true", Tree::Bool(true)),
            ("False", Tree::Bool(false)),
            ("tRUE", text("tRUE")),
            ("12", whole(12, "12")),
            ("-3", whole(-3, "-3")),
            ("+3", whole(3, "+3")),
            ("0x1F", whole(31, "0x1F")),
            ("0o17", whole(15, "0o17")),
            ("1.5", number(1.5, "1.5")),
            (".5", number(0.5, ".5")),
            ("5.", number(5.0, "5.")),
            ("1e-3", number(0.001, "1e-3")),
            ("1e999", Tree::NotFinite("1e999".to_owned())),
            (".nan", Tree::NotFinite(".nan".to_owned())),
            ("-.INF", Tree::NotFinite("-.INF".to_owned())),
            ("1,5", text("1,5")),
            ("1h", text("1h")),
            ("5Gi", text("5Gi")),
            (".", text(".")),
            ("e5", text("e5")),
            ("2026-11-24", text("2026-11-24")),
            ("inf", text("inf")),
            ("y", ambiguous("y")),
            ("N", ambiguous("N")),
            ("yes", ambiguous("yes")),
            ("Off", ambiguous("Off")),
            ("NO", ambiguous("NO")),
            ("oN", text("oN")),
            ("007", ambiguous("007")),
            ("1_000", ambiguous("1_000")),
            ("0b101", ambiguous("0b101")),
            ("0", whole(0, "0")),
            ("0.5", number(0.5, "0.5")),
        ] {
            assert_eq!(plain(written), wanted, "{written}");
        }
    }
}
