//! The schema that a pipeline in a file is held against: the API's own, and what Kubernetes says of `metadata`.

use serde_json::{Value, json};
use std::sync::LazyLock;

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
        schema
    });
    &SCHEMA
}

/// The fields that people write are checked; those that only an API server writes may be there.
fn metadata(name: &Value) -> Value {
    let text = json!({"type": "string"});
    let texts = json!({"type": "object", "additionalProperties": text});
    let any = json!({});
    json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": name,
            "namespace": text,
            "labels": texts,
            "annotations": texts,
            "generateName": any,
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
