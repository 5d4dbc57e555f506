//! JSON values as YAML text, for the files that are generated and checked in.
//!
//! A small part of YAML is enough, and the plainest: block lists and maps, text without quotes where it cannot be taken for
//! anything else, as a JSON string (which YAML reads) elsewhere. Same value, same text.

use serde_json::Value;
use std::fmt::Write as _;

/// `value` as a YAML document.
pub fn yaml(value: &Value) -> String {
    let mut text = String::new();
    block(&mut text, value, 0);
    text
}

fn block(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(map) => {
            for (key, child) in map {
                indent(text, depth);
                text.push_str(&scalar(key));
                text.push(':');
                below(text, child, depth + 1);
            }
        }
        Value::Array(list) => {
            for child in list {
                indent(text, depth);
                text.push('-');
                item(text, child, depth + 1);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&leaf(value));
            text.push('\n');
        }
    }
}

/// What stands behind `key:`.
fn below(text: &mut String, value: &Value, depth: usize) {
    if is_leaf(value) {
        text.push(' ');
        text.push_str(&leaf(value));
        text.push('\n');
    } else {
        text.push('\n');
        block(text, value, if value.is_array() { depth - 1 } else { depth });
    }
}

/// What stands behind `-`: the first entry of a map on the same line.
fn item(text: &mut String, value: &Value, depth: usize) {
    if is_leaf(value) {
        text.push(' ');
        text.push_str(&leaf(value));
        text.push('\n');
        return;
    }
    let mut inner = String::new();
    block(&mut inner, value, depth);
    text.push(' ');
    text.push_str(inner.trim_start());
}

fn is_leaf(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

fn leaf(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) | Value::Array(_) => value.to_string(),
    }
}

fn indent(text: &mut String, depth: usize) {
    let _ = write!(text, "{:width$}", "", width = depth * 2);
}

/// Words that YAML 1.1, which kubectl speaks, takes for something else than text.
const RESERVED: [&str; 11] = [
    "true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf",
];

fn scalar(text: &str) -> String {
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-' | '/' | '(' | ')' | ';' | ',');
    let is_plain = begins_well && !text.ends_with(' ') && text.chars().all(plain);
    if is_plain && !RESERVED.contains(&text.to_ascii_lowercase().as_str()) {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_table() {
        for (value, wanted) in [
            (json!({"a": 1, "b": [1, 2]}), "a: 1\nb:\n- 1\n- 2\n"),
            (json!({"a": {"b": "c d"}}), "a:\n  b: c d\n"),
            (
                json!([{"a": 1, "b": {"c": 2}}, {"a": []}]),
                "- a: 1\n  b:\n    c: 2\n- a: []\n",
            ),
            (json!([[1], [2, 3]]), "- - 1\n- - 2\n  - 3\n"),
            (
                json!({"on": "no", "x": "1", "y": ""}),
                "\"on\": \"no\"\nx: \"1\"\n\"y\": \"\"\n",
            ),
            (json!({"p": "^a: #b\n\"c\""}), "p: \"^a: #b\\n\\\"c\\\"\"\n"),
            (
                json!({"e": {}, "nul": null, "t": true, "f": 0.1}),
                "e: {}\nnul: null\nt: true\nf: 0.1\n",
            ),
        ] {
            assert_eq!(yaml(&value), wanted);
        }
    }
}
