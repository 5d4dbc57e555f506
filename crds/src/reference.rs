//! `docs/reference/*.md`: every field of a kind, from the schema.

use crate::patterns::Pattern;
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// What stands below the name of a kind.
const MADE: &str = "<!-- Made by `cargo xtask crds` from the types in crds/src/v1alpha1; do not edit. -->";

/// How a page is read.
const SIGNS: &str = "\
`[]` stands for each entry of a list, `{}` for each value of a map. Fields without **required** may be left out; an empty value
(`null`) is not the same and is refused.
";

/// What a kind is for.
fn about(kind: &str) -> &'static str {
    match kind {
        "MLPipeline" => {
            "\
A pipeline as `trainyard run` and `kubectl apply` take it: `apiVersion: trainyard.dev/v1alpha1`, `kind: MLPipeline`. An example
that runs is [data/ml-production-pipeline.yaml](../../data/ml-production-pipeline.yaml). `trainyard lint FILE` checks a file
against all that stands here.
"
        }
        "PipelineRun" => {
            "\
One run of an [MLPipeline](mlpipeline.md) on a cluster: `apiVersion: trainyard.dev/v1alpha1`, `kind: PipelineRun`. Creating one
starts it; `kubectl get pipelineruns` says what became of it.
"
        }
        _ => {
            "\
A trained model on the volume, as `kubectl get modelversions` lists it: `apiVersion: trainyard.dev/v1alpha1`,
`kind: ModelVersion`. The operator writes it; nothing is started or trained by creating one.
"
        }
    }
}

/// The page of a kind.
pub(crate) fn page(kind: &str, schema: &Value) -> String {
    let mut page = format!("# {kind}\n\n{MADE}\n\n{}\n{SIGNS}", about(kind));
    for part in ["metadata", "spec", "status"] {
        let node = &schema["properties"][part];
        let _ = write!(page, "\n## {part}\n");
        if let Some(description) = node["description"].as_str() {
            let _ = write!(page, "\n{description}\n");
        }
        rules(&mut page, node);
        fields(&mut page, part, node);
    }
    page
}

/// A section for each field of an object, and for those below it.
fn fields(page: &mut String, path: &str, node: &Value) {
    let Some(properties) = node["properties"].as_object() else {
        return;
    };
    let required = |name: &str| {
        node["required"]
            .as_array()
            .is_some_and(|all| all.iter().any(|r| r == name))
    };
    for (name, field) in properties {
        let path = format!("{path}.{name}");
        let _ = write!(page, "\n### {path}\n\n{}", kind(field));
        if required(name) {
            page.push_str(", **required**");
        }
        page.push_str(&bounds(field));
        page.push_str(".\n");
        if let Some(description) = field["description"].as_str() {
            let _ = write!(page, "\n{description}\n");
        }
        rules(page, field);
        below(page, &path, field);
    }
}

/// The fields of what a field holds: an object's own, a list's entries', a map's values'.
fn below(page: &mut String, path: &str, field: &Value) {
    fields(page, path, field);
    for (word, sign) in [("items", "[]"), ("additionalProperties", "{}")] {
        let inner = &field[word];
        if inner.is_object() {
            rules(page, inner);
            below(page, &format!("{path}{sign}"), inner);
        }
    }
}

fn rules(page: &mut String, node: &Value) {
    for rule in node["x-kubernetes-validations"].as_array().into_iter().flatten() {
        if let Some(message) = rule["message"].as_str() {
            let _ = write!(page, "\nRule: {message}.\n");
        }
    }
}

fn kind(field: &Value) -> String {
    if field["x-kubernetes-int-or-string"] == true {
        return "Quantity".to_owned();
    }
    if let Some(values) = field["enum"].as_array() {
        let words: Vec<String> = values
            .iter()
            .filter_map(Value::as_str)
            .map(|word| format!("`{word}`"))
            .collect();
        return format!("One of {}", words.join(", "));
    }
    match field["type"].as_str() {
        Some("string") => "Text",
        Some("integer") => "Whole number",
        Some("number") => "Number",
        Some("boolean") => "`true` or `false`",
        Some("array") => return list_kind(field),
        Some("object") if field["additionalProperties"].is_object() => {
            return format!("Map to {}", kind(&field["additionalProperties"]).to_lowercase());
        }
        Some(_) | None => "Object",
    }
    .to_owned()
}

fn list_kind(field: &Value) -> String {
    let entries = format!("List of {}", kind(&field["items"]).to_lowercase());
    match field["x-kubernetes-list-type"].as_str() {
        Some("set") => format!("{entries}, none twice"),
        Some("map") => format!(
            "{entries}, by `{}`",
            field["x-kubernetes-list-map-keys"][0].as_str().unwrap_or("name")
        ),
        Some(_) | None => entries,
    }
}

/// Ranges and sizes: `, 1 to 10`.
fn bounds(field: &Value) -> String {
    let mut text = String::new();
    let Value::Object(node) = field else { return text };
    let above = node.get("exclusiveMinimum") == Some(&Value::Bool(true));
    text.push_str(&range(
        node,
        "minimum",
        "maximum",
        if above { "above" } else { "at least" },
        "",
    ));
    text.push_str(&range(node, "minLength", "maxLength", "at least", " characters"));
    text.push_str(&range(node, "minItems", "maxItems", "at least", " entries"));
    text.push_str(&range(node, "minProperties", "maxProperties", "at least", " entries"));
    if let Some(pattern) = node.get("pattern").and_then(Value::as_str) {
        let _ = write!(text, ", `{pattern}`");
    }
    let keys = node.get("propertyNames").and_then(|keys| keys["pattern"].as_str());
    if let Some(Pattern { regex, .. }) = keys.and_then(Pattern::of) {
        let _ = write!(text, ", keys `{regex}`");
    }
    text
}

fn range(node: &Map<String, Value>, low: &str, high: &str, lowest: &str, unit: &str) -> String {
    match (node.get(low), node.get(high)) {
        (None, None) => String::new(),
        (Some(low), None) => format!(", {lowest} {low}{unit}"),
        (None, Some(high)) => format!(", at most {high}{unit}"),
        (Some(low), Some(high)) => format!(", {lowest} {low} and at most {high}{unit}"),
    }
}
