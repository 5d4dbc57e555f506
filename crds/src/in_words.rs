//! Patterns as rules in CEL: an API server repeats the expression of a pattern, but says the words of a rule.

use crate::patterns::{FIXED, Pattern};
use serde_json::{Map, Value, json};

/// Puts rules in the place of the patterns of a schema: of its texts, of the keys of its maps, and of an object's own name.
pub(crate) fn patterns_in_words(schema: &mut Value) {
    let own_name = &mut schema["properties"]["metadata"]["properties"]["name"];
    let of_name = own_name
        .as_object_mut()
        .and_then(taken)
        .map(|pattern| rules(pattern, "self.metadata.name", Some(".metadata.name")));
    below(schema);
    // Nothing within metadata may have a rule: it stands at the root.
    if let (Some(of_name), Value::Object(node)) = (of_name, schema) {
        add(node, of_name);
    }
}

/// Leaves the patterns out: a status is written by the operator only, often, and always well formed.
pub(crate) fn without_patterns(schema: &mut Value) {
    match schema {
        Value::Object(node) => {
            node.retain(|name, value| name != "pattern" || !value.is_string());
            node.values_mut().for_each(without_patterns);
        }
        Value::Array(items) => items.iter_mut().for_each(without_patterns),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn below(schema: &mut Value) {
    let Value::Object(node) = schema else { return };
    if let Some(pattern) = taken(node) {
        let text = if node.contains_key("x-kubernetes-int-or-string") {
            "string(self)"
        } else {
            "self"
        };
        add(node, rules(pattern, text, None));
    }
    if let Some(Value::Object(mut keys)) = node.remove("propertyNames") {
        add(node, rules_of_keys(&mut keys));
    }
    for child in ["items", "additionalProperties"] {
        if let Some(child) = node.get_mut(child) {
            below(child);
        }
    }
    if let Some(Value::Object(properties)) = node.get_mut("properties") {
        properties.values_mut().for_each(below);
    }
}

/// The pattern of a node, which it has no more.
fn taken(node: &mut Map<String, Value>) -> Option<&'static Pattern> {
    let pattern = node.get("pattern").and_then(Value::as_str).and_then(Pattern::of)?;
    node.remove("pattern");
    Some(pattern)
}

fn rules(pattern: &Pattern, text: &str, field: Option<&str>) -> Vec<Value> {
    let Pattern {
        regex, words, names, ..
    } = pattern;
    let matches = format!("{text}.matches(r'{regex}')");
    let mut rules = if *names {
        vec![
            json!({"rule": format!("{text}.contains('$(') || {matches}"), "message": words}),
            json!({"rule": format!("!{text}.contains('$(')"), "message": FIXED}),
        ]
    } else {
        vec![json!({"rule": matches, "message": words})]
    };
    if let Some(field) = field {
        for rule in &mut rules {
            rule["fieldPath"] = field.into();
        }
    }
    rules
}

/// Rules for the keys of a map: an API server knows no other way to look at them.
fn rules_of_keys(keys: &mut Map<String, Value>) -> Vec<Value> {
    let mut rules = Vec::new();
    if let Some(most) = keys.get("maxLength").and_then(Value::as_u64) {
        let message = format!("a key is longer than {most} characters");
        rules.push(json!({"rule": format!("self.all(key, size(key) <= {most})"), "message": message}));
    }
    if let Some(Pattern { regex, words, .. }) = taken(keys) {
        let rule = format!("self.all(key, key.matches(r'{regex}'))");
        rules.push(json!({"rule": rule, "message": format!("a key {words}")}));
    }
    rules
}

/// The rules of a pattern come first: what they refuse makes little sense to the others.
fn add(node: &mut Map<String, Value>, mut rules: Vec<Value>) {
    let all = node
        .entry("x-kubernetes-validations")
        .or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(all) = all {
        rules.append(all);
        *all = rules;
    }
}
