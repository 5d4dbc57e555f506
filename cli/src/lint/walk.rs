//! A walk over a document beside its schema: what is wrong with each value, and the document as JSON without what is wrong.
//!
//! A misspelt field or word is told, and then read as what was meant; what is no map, list or text where one must be stands as
//! an empty one; another value that is refused is left out, or stands as an empty one where its field is required. So one mistake gives one line, and the rest is still checked. The words of patterns are in
//! [`trainyard_crds::patterns`].

mod bounds;
mod scalars;

use super::{Finding, alike};
use crate::manifest::{Entry, NO_SPACE, Node, Position, Tree, is_letter, shortened};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use trainyard_engine::{FieldPath, FieldStep};

/// What a walk found.
pub(super) struct Walked {
    /// The document, as far as it is sound.
    pub(super) value: Value,
    pub(super) findings: Vec<Finding>,
    /// What only a cluster does not read as it is meant.
    pub(super) on_a_cluster: Vec<Finding>,
    /// The fields whose values are left out.
    pub(super) dropped: BTreeSet<FieldPath>,
}

/// Holds a document against its schema.
pub(super) fn walk(schema: &Value, document: &Node) -> Walked {
    let mut walk = Walk {
        findings: Vec::new(),
        on_a_cluster: Vec::new(),
        dropped: BTreeSet::new(),
    };
    let value = walk
        .value(schema, document, document.at, &FieldPath::default())
        .unwrap_or_default();
    let Walk {
        findings,
        on_a_cluster,
        dropped,
    } = walk;
    Walked {
        value,
        findings,
        on_a_cluster,
        dropped,
    }
}

/// Where a field stands, or the nearest thing above it that is there: scalars at themselves, lists and maps at their key.
pub(super) fn locate(document: &Node, field: &FieldPath) -> Position {
    let mut node = document;
    let mut at = document.at;
    for step in field.steps() {
        let found = match step {
            FieldStep::Field(name) => node.entry(name).map(|entry| (entry.at, &entry.value)),
            FieldStep::Index(index) => match &node.tree {
                Tree::List(items) => items.get(*index).map(|item| (item.at, item)),
                Tree::Null
                | Tree::Bool(_)
                | Tree::Number(..)
                | Tree::NotFinite(_)
                | Tree::Text(_)
                | Tree::Ambiguous(_)
                | Tree::Map(_) => None,
            },
        };
        let Some((key, value)) = found else { return at };
        at = if matches!(value.tree, Tree::List(_) | Tree::Map(_)) {
            key
        } else {
            value.at
        };
        node = value;
    }
    at
}

struct Walk {
    findings: Vec<Finding>,
    on_a_cluster: Vec<Finding>,
    dropped: BTreeSet<FieldPath>,
}

impl Walk {
    /// The value as JSON, if anything of it is sound. `at` is where its key stands.
    fn value(&mut self, schema: &Value, node: &Node, at: Position, field: &FieldPath) -> Option<Value> {
        let value = if schema["x-kubernetes-int-or-string"] == true {
            self.whole_or_text(schema, node, field)
        } else {
            match schema["type"].as_str() {
                Some("object") => Some(self.object(schema, node, at, field)),
                Some("array") => Some(self.list(schema, node, field)),
                Some("string") => self.text(schema, node, field),
                Some("integer") => self.integer(schema, node, field),
                Some("number") => self.number(schema, node, field),
                Some("boolean") => self.boolean(node, field),
                Some(_) | None => Some(json(node)),
            }
        };
        if value.is_none() {
            self.dropped.insert(field.clone());
        }
        value
    }

    fn object(&mut self, schema: &Value, node: &Node, at: Position, field: &FieldPath) -> Value {
        let Tree::Map(entries) = &node.tree else {
            if node.tree == Tree::Null && schema["nullable"] == true {
                return stand_in(schema);
            }
            let key = schema["properties"].as_object().zip(node.text());
            match key.and_then(|(properties, text)| key_without_space(properties, text, node.at)) {
                Some((_, colon)) => self.find(colon, field, NO_SPACE),
                None => self.find(
                    node.at,
                    field,
                    format!("must be a map, is {}{}", node.described(), map_hint(schema, node)),
                ),
            }
            // Fields beside it that ask whether it is there find it.
            return stand_in(schema);
        };
        let fits = self.count(schema, ["minProperties", "maxProperties"], entries.len(), at, field);
        let mut object = Map::new();
        match schema["properties"].as_object() {
            Some(properties) => self.fields(properties, node, field, &mut object),
            None if schema["additionalProperties"].is_object() => {
                let most = if fits {
                    entries.len()
                } else {
                    bounds::bound(schema, "maxProperties").unwrap_or(entries.len())
                };
                let entries = &entries[..most.min(entries.len())];
                self.entries(schema, entries, field, &mut object);
            }
            None => self.fields(&Map::new(), node, field, &mut object),
        }
        for name in schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if object.contains_key(name) {
                continue;
            }
            let missing = field.field(name);
            if !self.dropped.contains(&missing) {
                self.find(at, &missing, "is missing");
            }
            object.insert(name.to_owned(), stand_in(&schema["properties"][name]));
        }
        Value::Object(object)
    }

    /// The fields of an object that has these and no others.
    fn fields(
        &mut self,
        properties: &Map<String, Value>,
        node: &Node,
        field: &FieldPath,
        object: &mut Map<String, Value>,
    ) {
        let taken: BTreeSet<&str> = node.entries().iter().map(|entry| entry.key.as_str()).collect();
        let free: Vec<&str> = names(properties).filter(|name| !taken.contains(name)).collect();
        for entry in node.entries() {
            let meant = match properties.get(&entry.key) {
                Some(schema) => Some((entry.key.as_str(), schema)),
                None => self.unknown(properties, &free, entry, field),
            };
            let Some((name, schema)) = meant else { continue };
            if let Some(why) = schema["x-refused"].as_str() {
                self.find(entry.at, &field.field(name), why);
                self.dropped
                    .insert(field.field(schema["x-stands-for"].as_str().unwrap_or(name)));
                continue;
            }
            if name != entry.key && !has_shape(schema, &entry.value) {
                self.dropped.insert(field.field(name));
                continue;
            }
            if let Some(value) = self.value(schema, &entry.value, entry.at, &field.field(name)) {
                object.insert(name.to_owned(), value);
            }
        }
    }

    /// Tells of a field that there is not, and what was probably meant.
    fn unknown<'a>(
        &mut self,
        properties: &'a Map<String, Value>,
        free: &[&'a str],
        entry: &Entry,
        field: &FieldPath,
    ) -> Option<(&'a str, &'a Value)> {
        if let Some((name, colon)) = key_without_space(properties, &entry.key, entry.at) {
            self.find(colon, &field.field(name), NO_SPACE);
            self.dropped.insert(field.field(name));
            return None;
        }
        let home = properties
            .iter()
            .find(|(_, schema)| !schema["properties"][&entry.key].is_null());
        let near = alike(&entry.key, free.iter().copied());
        let meant = near.filter(|near| home.is_none() || strsim::osa_distance(near, &entry.key) <= 1);
        let message = match (home, meant) {
            (_, Some(name)) => format!("unknown field; did you mean `{name}`?"),
            (Some((home, _)), None) => format!("unknown field; it belongs into `{home}`: look at the indentation"),
            (None, None) if properties.is_empty() => "unknown field: it takes none, write `{}`".to_owned(),
            (None, None) => {
                let names: Vec<String> = names(properties).map(|name| format!("`{name}`")).collect();
                format!("unknown field; the fields here are {}", names.join(", "))
            }
        };
        self.find(entry.at, &field.field(&entry.key), message);
        meant
            .and_then(|name| properties.get_key_value(name))
            .map(|(name, schema)| (name.as_str(), schema))
    }

    /// The entries of a map with keys of the user's.
    fn entries(&mut self, schema: &Value, entries: &[Entry], field: &FieldPath, object: &mut Map<String, Value>) {
        for entry in entries {
            let field = field.field(&entry.key);
            if entry.ambiguous {
                let message = format!(
                    "kubectl does not read the key `{0}` as this text: write `\"{0}\"`, in quotes",
                    entry.key
                );
                self.find_ambiguous(entry.at, &field, &entry.key, message);
            } else if schema["propertyNames"].is_object() {
                self.form(&schema["propertyNames"], &entry.key, entry.at, &field);
            }
            if let Some(value) = self.value(&schema["additionalProperties"], &entry.value, entry.at, &field) {
                object.insert(entry.key.clone(), value);
            }
        }
    }

    fn list(&mut self, schema: &Value, node: &Node, field: &FieldPath) -> Value {
        let Tree::List(items) = &node.tree else {
            let hint = match &node.tree {
                Tree::Text(text) if !text.is_empty() && !text.contains(['[', ']', '\n']) => {
                    format!(": write `[{}]`", shortened(text))
                }
                Tree::Map(_) => ": begin each entry with `-`".to_owned(),
                Tree::Null => ": write its entries, or leave the field out".to_owned(),
                Tree::Bool(_)
                | Tree::Number(..)
                | Tree::NotFinite(_)
                | Tree::Text(_)
                | Tree::Ambiguous(_)
                | Tree::List(_) => String::new(),
            };
            self.find(node.at, field, format!("must be a list, is {}{hint}", node.described()));
            // One text is most probably the only entry.
            return match &node.tree {
                Tree::Text(text) if schema["items"]["type"] == "string" && schema["items"]["enum"].is_null() => {
                    Value::from(vec![text.as_str()])
                }
                _ => stand_in(schema),
            };
        };
        let fits = self.count(schema, ["minItems", "maxItems"], items.len(), node.at, field);
        let most = if fits {
            items.len()
        } else {
            bounds::bound(schema, "maxItems").unwrap_or(items.len())
        };
        let item_schema = &schema["items"];
        let mut list = Vec::with_capacity(items.len().min(most));
        for (i, item) in items.iter().enumerate().take(most) {
            let field = field.index(i);
            match self.value(item_schema, item, item.at, &field) {
                Some(value) => list.push(value),
                // Entries keep their places, by which the engine speaks of them.
                None if item_schema["enum"].is_null() => list.push(stand_in(item_schema)),
                None => {}
            }
        }
        self.doubles(schema, &items[..items.len().min(most)], field);
        Value::Array(list)
    }

    /// Entries that stand twice in a set, or have the same key in a list by key.
    fn doubles(&mut self, schema: &Value, items: &[Node], field: &FieldPath) {
        let key = match schema["x-kubernetes-list-type"].as_str() {
            Some("set") => None,
            Some("map") => schema["x-kubernetes-list-map-keys"][0].as_str(),
            Some(_) | None => return,
        };
        let mut first: BTreeMap<&str, Position> = BTreeMap::new();
        for (i, item) in items.iter().enumerate() {
            let (node, field) = match key {
                None => (Some(item), field.index(i)),
                Some(key) => (item.get(key), field.index(i).field(key)),
            };
            let Some((node, text)) = node.and_then(|node| node.text().map(|text| (node, text))) else {
                continue;
            };
            match first.get(text) {
                Some(at) => {
                    let place = if at.line == node.at.line {
                        format!("column {}", at.column)
                    } else {
                        format!("line {}", at.line)
                    };
                    let text = shortened(text);
                    let message = match key {
                        None => format!("`{text}` stands here twice; the first is in {place}"),
                        Some(_) => format!("`{text}` is the name of two entries; the first is in {place}"),
                    };
                    self.find(node.at, &field, message);
                }
                None => {
                    first.insert(text, node.at);
                }
            }
        }
    }

    /// Tells of a text that kubectl takes for something else; of one that a laptop takes as it is meant, `lint` alone tells.
    fn find_ambiguous(&mut self, at: Position, field: &FieldPath, text: &str, message: String) {
        if is_letter(text) {
            self.on_a_cluster.push((at, field.clone(), message));
        } else {
            self.find(at, field, message);
        }
    }

    fn find(&mut self, at: Position, field: &FieldPath, message: impl Into<String>) {
        self.findings.push((at, field.clone(), message.into()));
    }
}

/// The fields that may be written.
fn names(properties: &Map<String, Value>) -> impl Iterator<Item = &str> {
    properties
        .iter()
        .filter(|(_, schema)| schema["x-refused"].is_null())
        .map(|(name, _)| name.as_str())
}

/// The field that a text begins with, where only the space after its `:` is missing; and where the `:` is.
fn key_without_space<'a>(properties: &Map<String, Value>, text: &'a str, at: Position) -> Option<(&'a str, Position)> {
    let (name, _) = text
        .split_once(':')
        .filter(|(name, _)| properties.contains_key(*name))?;
    let column = at.column + name.chars().count() as u64;
    Some((name, Position { column, ..at }))
}

/// What to write instead of something that is no map.
fn map_hint(schema: &Value, node: &Node) -> String {
    let properties = schema["properties"].as_object();
    match (&node.tree, properties) {
        (Tree::Null, Some(_)) if schema["required"].is_null() => {
            ": write its fields, or `{}` for all defaults".to_owned()
        }
        (Tree::Null, _) => ": write its fields below it".to_owned(),
        (Tree::Text(text), Some(properties)) if schema["required"].is_null() && properties.contains_key(text) => {
            format!(": write `{{{text}: {{}}}}`")
        }
        (Tree::Text(text), Some(properties)) if properties.contains_key("path") => {
            format!(": write `{{path: {}}}`", shortened(text))
        }
        (_, _) => String::new(),
    }
}

/// Whether a value could be meant for a schema: a map, a list, or neither where the schema wants that.
fn has_shape(schema: &Value, node: &Node) -> bool {
    match (schema["type"].as_str(), &node.tree) {
        (Some("object"), tree) => matches!(tree, Tree::Map(_) | Tree::Null),
        (Some("array"), tree) => matches!(tree, Tree::List(_) | Tree::Null),
        (_, tree) => !matches!(tree, Tree::Map(_) | Tree::List(_)),
    }
}

/// What stands where a required value is missing or refused.
fn stand_in(schema: &Value) -> Value {
    match schema["type"].as_str() {
        Some("object") => {
            let required = schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            Value::Object(
                required
                    .map(|name| (name.to_owned(), stand_in(&schema["properties"][name])))
                    .collect(),
            )
        }
        Some("array") => Value::Array(Vec::new()),
        Some("integer" | "number") => Value::from(0),
        Some("boolean") => Value::Bool(false),
        Some(_) | None => Value::String(String::new()),
    }
}

/// A value as JSON, whatever it is.
fn json(node: &Node) -> Value {
    match &node.tree {
        Tree::Null | Tree::NotFinite(_) => Value::Null,
        Tree::Bool(value) => Value::Bool(*value),
        Tree::Number(number, _) => Value::Number(number.clone()),
        Tree::Text(text) | Tree::Ambiguous(text) => Value::String(text.clone()),
        Tree::List(items) => items.iter().map(json).collect(),
        Tree::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), json(&entry.value)))
            .collect(),
    }
}
