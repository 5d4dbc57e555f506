//! What the types say and the derive loses on the way to a definition: words and keys.
//!
//! The derive gives an optional enumeration the words of its type instead of the field's own, and drops those of its values.
//! Here a schema gets the field's own words back, followed by a line for each value: what `kubectl explain`, the reference and
//! editors say. Lines of a paragraph are joined: the breaks of the source say nothing. What the keys of a map are
//! (`propertyNames`) is no part of a definition, but of the schema.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::fmt::Write as _;

/// Gives each field below `schema`, which was made of `T`, its own words, and each map what its keys are.
pub(crate) fn give_back<T: JsonSchema>(schema: &mut Value) {
    let settings = SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    let written = settings.into_generator().into_root_schema_for::<T>();
    below(schema, written.as_value());
}

/// Joins the lines of the paragraphs of every description.
pub(crate) fn join_lines(schema: &mut Value) {
    match schema {
        Value::Object(node) => {
            if let Some(Value::String(text)) = node.get_mut("description") {
                *text = joined(text);
            }
            node.values_mut().for_each(join_lines);
        }
        Value::Array(items) => items.iter_mut().for_each(join_lines),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn below(schema: &mut Value, written: &Value) {
    let own = written["description"].as_str();
    let written = without_null(written);
    let own = own.or(written["description"].as_str());
    if let (Some(own), Value::Object(node)) = (own, &mut *schema) {
        let text = format!("{}{}", joined(own), values(written));
        node.insert("description".to_owned(), text.into());
    }
    if let (Some(keys), Value::Object(node)) = (written.get("propertyNames"), &mut *schema) {
        node.insert("propertyNames".to_owned(), keys.clone());
    }
    for child in ["items", "additionalProperties"] {
        if let Some(node) = schema.get_mut(child).filter(|node| node.is_object()) {
            below(node, &written[child]);
        }
    }
    for (name, node) in schema["properties"].as_object_mut().into_iter().flatten() {
        below(node, &written["properties"][name]);
    }
}

/// What an optional value is when it is there.
fn without_null(written: &Value) -> &Value {
    match written["anyOf"].as_array().map(Vec::as_slice) {
        Some([of, _]) => of,
        Some(_) | None => written,
    }
}

/// A line for each value of an enumeration: `- Word: what it means.`
fn values(written: &Value) -> String {
    let mut lines = String::new();
    for value in written["oneOf"].as_array().into_iter().flatten() {
        let word = value["const"].as_str().or(value["enum"][0].as_str());
        if let (Some(word), Some(meaning)) = (word, value["description"].as_str()) {
            let gap = if lines.is_empty() { "\n\n" } else { "\n" };
            let _ = write!(lines, "{gap}- {word}: {}", joined(meaning));
        }
    }
    lines
}

fn joined(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.lines() {
        if line.is_empty() {
            joined.push_str("\n\n");
            continue;
        }
        if !joined.is_empty() && !joined.ends_with('\n') {
            joined.push(if line.starts_with("- ") { '\n' } else { ' ' });
        }
        joined.push_str(line);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What an engine may use.
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Fuel {
        /// Black,
        /// and heavy.
        Coal,
        /// Cheap.
        Wood,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Engine {
        /// What it burns.
        fuel: Option<Fuel>,
        tender: Vec<Tender>,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Tender {
        /// What it carries,
        /// in tons.
        ///
        /// Rarely full.
        load: Fuel,
    }

    #[test]
    fn the_words_of_a_field_win_and_its_values_follow() {
        let mut schema = json!({
            "properties": {
                "fuel": {"description": "What an engine may use.", "enum": ["Coal", "Wood"]},
                "tender": {"items": {"properties": {"load": {"type": "string"}}}},
            },
        });
        give_back::<Engine>(&mut schema);
        let values = "- Coal: Black, and heavy.\n- Wood: Cheap.";
        assert_eq!(
            schema["properties"]["fuel"]["description"],
            format!("What it burns.\n\n{values}")
        );
        assert_eq!(
            schema["properties"]["tender"]["items"]["properties"]["load"]["description"],
            format!("What it carries, in tons.\n\nRarely full.\n\n{values}")
        );
    }
}
