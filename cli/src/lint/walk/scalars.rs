//! Texts, numbers, truth values and quantities.

use super::{Walk, alike};
use crate::manifest::{Node, Tree, shortened};
use serde_json::{Number, Value};
use trainyard_contract::duration::DURATION_PATTERN;
use trainyard_engine::FieldPath;

/// Below it every whole float is exactly a whole number.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

impl Walk {
    pub(super) fn text(&mut self, schema: &Value, node: &Node, field: &FieldPath) -> Option<Value> {
        if let Some(words) = schema["enum"].as_array() {
            return self.word(words, node, field);
        }
        if schema["pattern"] == DURATION_PATTERN {
            return self.duration(schema, node, field);
        }
        let text = match &node.tree {
            Tree::Text(text) => text.clone(),
            Tree::Ambiguous(text) => {
                self.find_ambiguous(node.at, field, text, not_as_text(text));
                return Some(Value::from(text.as_str()));
            }
            Tree::Bool(_) | Tree::Number(..) | Tree::NotFinite(_) | Tree::Null | Tree::List(_) | Tree::Map(_) => {
                return Some(self.not_text(node, field));
            }
        };
        self.form(schema, &text, node.at, field);
        // What is refused stays, so that other fields that name it still find it.
        Some(Value::String(text))
    }

    /// Tells that a value is no text, and returns the text that was probably meant.
    fn not_text(&mut self, node: &Node, field: &FieldPath) -> Value {
        let (meant, hint) = match &node.tree {
            Tree::Number(_, written) | Tree::NotFinite(written) => {
                (written.clone(), format!(": write `\"{written}\"`, in quotes"))
            }
            Tree::Bool(value) => (value.to_string(), format!(": write `\"{value}\"`, in quotes")),
            Tree::Null => (String::new(), ": give it a value, or leave it out".to_owned()),
            Tree::Text(_) | Tree::Ambiguous(_) | Tree::List(_) | Tree::Map(_) => (String::new(), String::new()),
        };
        self.find(node.at, field, format!("must be text, is {}{hint}", node.described()));
        Value::String(meant)
    }

    fn duration(&mut self, schema: &Value, node: &Node, field: &FieldPath) -> Option<Value> {
        let Tree::Text(text) = &node.tree else {
            let hint = "write it like `90s`, `1h30m` or `500ms`";
            self.find(
                node.at,
                field,
                format!("must be a duration, is {}; {hint}", node.described()),
            );
            return None;
        };
        self.form(schema, text, node.at, field)
            .then(|| Value::from(text.as_str()))
    }

    /// One of the words of an enumeration.
    fn word(&mut self, words: &[Value], node: &Node, field: &FieldPath) -> Option<Value> {
        let known: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        let text = node.text();
        if let Some(text) = text.filter(|text| known.contains(text)) {
            // `Off` is one of the words, and kubectl sends `false`.
            if matches!(node.tree, Tree::Ambiguous(_)) {
                self.on_a_cluster.push((node.at, field.clone(), not_as_text(text)));
            }
            return Some(Value::from(text));
        }
        let meant = text.and_then(|text| alike(text, known.iter().copied()));
        let is = node
            .text()
            .map_or_else(|| node.described(), |text| format!("`{}`", shortened(text)));
        let hint = meant
            .map(|word| format!("; did you mean `{word}`?"))
            .unwrap_or_default();
        let quoted: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
        self.find(
            node.at,
            field,
            format!("must be one of {}, is {is}{hint}", quoted.join(", ")),
        );
        meant.map(Value::from)
    }

    pub(super) fn integer(&mut self, schema: &Value, node: &Node, field: &FieldPath) -> Option<Value> {
        let (number, written) = self.a_number(node, field, "a whole number")?;
        if number.as_f64().is_some_and(|value| value.fract() != 0.0) {
            self.find(
                node.at,
                field,
                format!("must be a whole number, is {}", shortened(written)),
            );
            return None;
        }
        if !self.range(schema, (number, written), node.at, field) {
            return None;
        }
        let whole = whole(number).filter(Number::is_i64);
        if whole.is_none() {
            self.find(node.at, field, format!("must fit 64 bits, is {}", shortened(written)));
        }
        whole.map(Value::Number)
    }

    pub(super) fn number(&mut self, schema: &Value, node: &Node, field: &FieldPath) -> Option<Value> {
        let (number, written) = self.a_number(node, field, "a number")?;
        self.range(schema, (number, written), node.at, field)
            .then(|| Value::Number(number.clone()))
    }

    /// A number, and how it is written.
    fn a_number<'a>(&mut self, node: &'a Node, field: &FieldPath, wanted: &str) -> Option<(&'a Number, &'a str)> {
        let hint = match &node.tree {
            Tree::Number(number, written) => return Some((number, written)),
            Tree::NotFinite(written) => {
                self.find(
                    node.at,
                    field,
                    format!("must be {wanted}, is `{}`, which is not finite", shortened(written)),
                );
                return None;
            }
            Tree::Text(text) if text.parse::<f64>().is_ok_and(f64::is_finite) => ": write it without quotes",
            Tree::Null => ": give it a value, or leave the field out",
            Tree::Bool(_) | Tree::Text(_) | Tree::Ambiguous(_) | Tree::List(_) | Tree::Map(_) => "",
        };
        self.find(
            node.at,
            field,
            format!("must be {wanted}, is {}{hint}", node.described()),
        );
        None
    }

    pub(super) fn boolean(&mut self, node: &Node, field: &FieldPath) -> Option<Value> {
        if let Tree::Bool(value) = node.tree {
            return Some(Value::Bool(value));
        }
        self.find(
            node.at,
            field,
            format!("must be `true` or `false`, is {}", node.described()),
        );
        None
    }

    /// A whole number or a text: where the schema has a pattern, a quantity of Kubernetes.
    pub(super) fn whole_or_text(&mut self, schema: &Value, node: &Node, field: &FieldPath) -> Option<Value> {
        let (short, long) = if schema["pattern"].is_string() {
            ("quantity", "quantity like `500m` or `2Gi`")
        } else {
            ("number", "number or a text")
        };
        match &node.tree {
            Tree::Number(number, written) => {
                if let Some(whole) = whole(number) {
                    return self
                        .range(schema, (&whole, written), node.at, field)
                        .then_some(Value::Number(whole));
                }
                let message = format!("a {short} with a fraction is text here: write `\"{written}\"`, in quotes");
                self.find(node.at, field, message);
                None
            }
            Tree::Text(text) | Tree::Ambiguous(text) => self
                .form(schema, text, node.at, field)
                .then(|| Value::from(text.as_str())),
            Tree::Null | Tree::Bool(_) | Tree::NotFinite(_) | Tree::List(_) | Tree::Map(_) => {
                self.find(node.at, field, format!("must be a {long}, is {}", node.described()));
                None
            }
        }
    }
}

/// What is said of a text without quotes that kubectl takes for something else.
fn not_as_text(text: &str) -> String {
    format!("kubectl does not read `{text}` as text: write `\"{text}\"`, in quotes")
}

/// A number without a fraction as a whole one: kubectl sends `2.0` as `2`.
#[expect(clippy::cast_possible_truncation, reason = "the range was looked at")]
fn whole(number: &Number) -> Option<Number> {
    if !number.is_f64() {
        return Some(number.clone());
    }
    let value = number.as_f64()?;
    (value.fract() == 0.0 && value.abs() <= EXACT_MAX).then(|| Number::from(value as i64))
}
