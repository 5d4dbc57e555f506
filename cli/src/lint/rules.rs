//! The rules in CEL that stand in the schema: each is evaluated where the document has the value that it speaks of.
//!
//! A rule is compiled when it is first needed: a manifest uses few, and compiling all takes longer than everything else here.
//! Not here: the rules that every `dependsOn` and every `input` name a stage; the engine says at which entry, and which name
//! was meant.

use kube::core::cel::{CompiledSchema, Validator, compile_schema};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use trainyard_crds::v1alpha1::{EVERY_DEPENDS_ON_NAMES_A_STAGE, EVERY_INPUT_NAMES_A_STAGE};
use trainyard_engine::FieldPath;

/// A rule that does not hold.
#[derive(Debug)]
pub(super) struct Broken {
    /// The value that the rule stands at.
    pub(super) of: FieldPath,
    /// The field that it names.
    pub(super) field: FieldPath,
    pub(super) message: String,
}

/// The rules that do not hold for a document.
pub(super) fn broken(schema: &Value, document: &Value) -> Vec<Broken> {
    let mut check = Check {
        validator: Validator::new(),
        compiled: HashMap::new(),
        broken: Vec::new(),
    };
    check.value(schema, document, &FieldPath::default());
    check.broken
}

struct Check<'a> {
    validator: Validator,
    /// By the place in the schema; each rule apart, so that a broken one is known.
    compiled: HashMap<*const Value, Vec<Rule<'a>>>,
    broken: Vec<Broken>,
}

struct Rule<'a> {
    program: CompiledSchema,
    field: &'a str,
    message: &'a str,
}

impl<'a> Check<'a> {
    fn value(&mut self, schema: &'a Value, value: &Value, field: &FieldPath) {
        match value {
            Value::Object(object) => self.object(schema, object, field),
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.value(&schema["items"], item, &field.index(i));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        if let Some(rules) = schema["x-kubernetes-validations"].as_array() {
            self.rules(schema, rules, value, field);
        }
    }

    fn object(&mut self, schema: &'a Value, object: &Map<String, Value>, field: &FieldPath) {
        for (name, value) in object {
            let own = &schema["properties"][name];
            let schema = if own.is_null() {
                &schema["additionalProperties"]
            } else {
                own
            };
            if schema.is_object() {
                self.value(schema, value, &field.field(name));
            }
        }
    }

    fn rules(&mut self, schema: &'a Value, rules: &'a [Value], value: &Value, field: &FieldPath) {
        let compiled = self
            .compiled
            .entry(std::ptr::from_ref(schema))
            .or_insert_with(|| rules.iter().filter_map(|rule| compile(schema, rule)).collect());
        for rule in compiled.iter() {
            if self.validator.validate_compiled(&rule.program, value, None).is_err() {
                let steps = rule.field.split('.').filter(|name| !name.is_empty());
                let named = steps.fold(field.clone(), |field, name| field.field(name));
                self.broken.push(Broken {
                    of: field.clone(),
                    field: named,
                    message: rule.message.to_owned(),
                });
            }
        }
    }
}

fn compile<'a>(schema: &Value, rule: &'a Value) -> Option<Rule<'a>> {
    let message = rule["message"].as_str().unwrap_or("a rule of the API does not hold");
    let mut alone = shape(schema);
    alone["x-kubernetes-validations"] = json!([rule]);
    let by_engine = [EVERY_DEPENDS_ON_NAMES_A_STAGE, EVERY_INPUT_NAMES_A_STAGE].contains(&message);
    (!by_engine).then(|| Rule {
        program: compile_schema(&alone),
        field: rule["fieldPath"].as_str().unwrap_or_default(),
        message,
    })
}

/// A schema without its rules: what remains says which objects are maps, whose keys a rule sees as they are.
fn shape(schema: &Value) -> Value {
    let mut shape = Map::new();
    for name in ["type", "items", "additionalProperties"] {
        if let Some(value) = schema.get(name) {
            shape.insert(
                name.to_owned(),
                if value.is_object() {
                    self::shape(value)
                } else {
                    value.clone()
                },
            );
        }
    }
    if let Some(properties) = schema["properties"].as_object() {
        let properties = properties
            .iter()
            .map(|(name, value)| (name.clone(), self::shape(value)))
            .collect();
        shape.insert("properties".to_owned(), Value::Object(properties));
    }
    Value::Object(shape)
}
