//! The schemas that documents are held against: the API's own of a pipeline, and what Kubernetes says of `metadata` and of a
//! ConfigMap.
//!
//! Two words are our own: a field with `x-refused` is known and refused, for the reason that stands there; with `x-stands-for`
//! it was written instead of another one.

use serde_json::{Value, json};
use std::sync::LazyLock;
use trainyard_contract::names::{DNS_LABEL_PATTERN, OBJECT_NAME_MAX, OBJECT_NAME_PATTERN};
use trainyard_contract::stage::OBJECT_KEY_PATTERN;

/// The kinds of stages that are planned.
const PLANNED_KINDS: [&str; 5] = ["container", "drift", "promote", "resource", "transform"];
/// The longest name of a namespace: a DNS label.
const NAMESPACE_MAX: usize = 63;

/// The schema of a pipeline.
pub(super) fn pipeline() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        // The file is generated and compared by a test: it is JSON.
        let mut schema: Value = serde_json::from_str(trainyard_crds::generated::PIPELINE_SCHEMA).unwrap_or_default();
        let name = schema["properties"]["metadata"]["properties"]["name"].take();
        schema["properties"]["apiVersion"] = json!({});
        schema["properties"]["kind"] = json!({});
        schema["properties"]["metadata"] = metadata(&name);
        schema["required"] = json!(["metadata", "spec"]);
        let stage = &mut schema["properties"]["spec"]["properties"]["stages"]["items"]["properties"];
        for kind in PLANNED_KINDS {
            stage[kind] = json!({"x-refused": "this kind of stage is not built yet"});
        }
        schema
    });
    &SCHEMA
}

/// Whether a stage has such a field.
pub(super) fn is_field_of_a_stage(name: &str) -> bool {
    !pipeline()["properties"]["spec"]["properties"]["stages"]["items"]["properties"][name].is_null()
}

/// The schema of a ConfigMap.
pub(super) fn config_map() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let name = json!({
            "type": "string",
            "minLength": 1,
            "maxLength": OBJECT_NAME_MAX,
            "pattern": OBJECT_NAME_PATTERN,
        });
        let texts = json!({
            "type": "object",
            "nullable": true,
            "propertyNames": {
                "minLength": 1,
                "maxLength": OBJECT_NAME_MAX,
                "pattern": OBJECT_KEY_PATTERN,
            },
            "additionalProperties": {"type": "string"},
        });
        json!({
            "type": "object",
            "required": ["metadata"],
            "properties": {
                "apiVersion": {},
                "kind": {},
                "metadata": metadata(&name),
                "data": texts,
                "binaryData": texts,
                "immutable": {"type": "boolean"},
            },
        })
    });
    &SCHEMA
}

/// The fields that people write are checked; those that only an API server writes may be there.
fn metadata(name: &Value) -> Value {
    let texts = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let namespace = json!({
        "type": "string",
        "minLength": 1,
        "maxLength": NAMESPACE_MAX,
        "pattern": DNS_LABEL_PATTERN,
    });
    let any = json!({});
    json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": name,
            "namespace": namespace,
            "labels": texts,
            "annotations": texts,
            "generateName": {
                "x-refused": "a new name each time would make a new object each time: give it a `name`",
                "x-stands-for": "name",
            },
            "finalizers": any,
            "ownerReferences": any,
            "uid": any,
            "resourceVersion": any,
            "generation": any,
            "creationTimestamp": any,
            "deletionTimestamp": any,
            "deletionGracePeriodSeconds": any,
            "managedFields": any,
            "selfLink": any,
        },
    })
}
