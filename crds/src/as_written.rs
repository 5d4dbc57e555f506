//! What the types say and the derive loses on the way to a definition: words and keys.
//!
//! The derive gives an optional enumeration the words of its type instead of the field's own, and drops those of its values.
//! Here a schema gets the field's own words back, followed by a line for each value: what `kubectl explain`, the reference and
//! editors say. An optional object gets the words of its type besides. Lines of a paragraph are joined: the breaks of the source say nothing. What the keys of a map are
//! (`propertyNames`) is no part of a definition, but of the schema.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::fmt::Write as _;

/// Gives each field below `schema`, which was made of `T`, its own words, and each map what its keys are.
pub(crate) fn give_back<T: JsonSchema>(schema: &mut Value) {
    // Types stand apart here, so that their words are not those of the fields.
    let written = SchemaSettings::openapi3().into_generator().into_root_schema_for::<T>();
    Written(written.as_value()).give(schema, written.as_value());
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

/// The whole schema of a type, in which the types of its fields are looked up.
struct Written<'a>(&'a Value);

impl<'a> Written<'a> {
    fn give(&self, schema: &mut Value, written: &'a Value) {
        let of_type = self.of_type(written);
        if let Value::Object(node) = &mut *schema {
            if let Some(words) = words(written, of_type) {
                node.insert("description".to_owned(), words.into());
            }
            if let Some(keys) = of_type.get("propertyNames") {
                node.insert("propertyNames".to_owned(), keys.clone());
            }
        }
        for child in ["items", "additionalProperties"] {
            if let Some(node) = schema.get_mut(child).filter(|node| node.is_object()) {
                self.give(node, &of_type[child]);
            }
        }
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, node) in properties.into_iter().flatten() {
            self.give(node, &of_type["properties"][name]);
        }
    }

    /// The type of a field, whether it is optional or not.
    fn of_type(&self, written: &'a Value) -> &'a Value {
        if let Some(pointer) = written["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
            return self.0.pointer(pointer).map_or(written, |found| self.of_type(found));
        }
        let alternatives = ["anyOf", "allOf"].into_iter().find_map(|word| written[word].as_array());
        alternatives
            .and_then(|alternatives| alternatives.first())
            .map_or(written, |first| self.of_type(first))
    }
}

/// A field's own words, and those of its type: of an object all, of an enumeration those of its values.
fn words(written: &Value, of_type: &Value) -> Option<String> {
    let [own, of_object] = [written, of_type].map(|node| node["description"].as_str().map(joined));
    let of_object = of_object.filter(|_| of_type["properties"].is_object());
    match (own, of_object) {
        (Some(own), Some(of_object)) if !own.contains(&of_object) => Some(format!("{own}\n\n{of_object}")),
        (Some(own), _) => Some(format!("{own}{}", values(of_type))),
        (None, of_object) => of_object,
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
        /// Another one.
        spare: Option<Tender>,
    }

    /// It is pulled.
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
                "spare": {"properties": {}},
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
            schema["properties"]["spare"]["description"],
            "Another one.\n\nIt is pulled."
        );
        assert_eq!(
            schema["properties"]["tender"]["items"]["properties"]["load"]["description"],
            format!("What it carries, in tons.\n\nRarely full.\n\n{values}")
        );
    }
}
