//! The `CustomResourceDefinition`s of the kinds: what the types say, brought into the form that an API server and people want.
//!
//! What the derive makes of the types is nearly right; the differences are here, each with its reason.
//! Not here: how it is written down and checked for drift (`generated.rs`).

use crate::v1alpha1::{MLPipeline, ModelVersion, PipelineRun};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::{Map, Value, json};
use trainyard_contract::names::{DNS_LABEL_PATTERN, PIPELINE_NAME_MAX, RUN_NAME_MAX};

/// The definition of `MLPipeline`, as it is applied to a cluster.
pub fn pipeline_definition() -> Value {
    let name =
        format!("The pipeline's name: a DNS label of at most {PIPELINE_NAME_MAX} characters. It cannot be changed.");
    let mut definition = definition(&MLPipeline::crd(), &name, PIPELINE_NAME_MAX);
    default_the_status(&mut definition);
    definition
}

/// The definition of `PipelineRun`, as it is applied to a cluster.
pub fn run_definition() -> Value {
    let name = format!("The run's name: a DNS label of at most {RUN_NAME_MAX} characters. It cannot be changed.");
    let mut definition = definition(&PipelineRun::crd(), &name, RUN_NAME_MAX);
    default_the_status(&mut definition);
    definition
}

/// The definition of `ModelVersion`, as it is applied to a cluster.
pub fn model_version_definition() -> Value {
    let name = "`<pipeline>-YYYYMMDD-HHMMSS`, after the version's folder. It cannot be changed.";
    let mut definition = definition(&ModelVersion::crd(), name, LABEL_MAX);
    // One that was never the champion says so without a write.
    schema_in(&mut definition)["properties"]["status"]["default"] = json!({"champion": false});
    definition
}

/// The schema of an `MLPipeline`, its CEL rules in it: the `openAPIV3Schema` of the definition.
pub fn pipeline_schema() -> Value {
    schema_of(&pipeline_definition()).clone()
}

/// The longest DNS label.
const LABEL_MAX: usize = 63;

/// The schema in a definition.
pub(crate) fn schema_of(definition: &Value) -> &Value {
    &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
}

fn definition(derived: &CustomResourceDefinition, name: &str, name_max: usize) -> Value {
    // A definition is plain data: it always becomes JSON.
    let mut definition = serde_json::to_value(derived).unwrap_or_default();
    let schema = schema_in(&mut definition);
    plain(schema);
    schema["properties"]["metadata"] = json!({
        "type": "object",
        // The one restriction of metadata that a definition may make.
        "properties": {"name": {
            "description": name,
            "type": "string",
            "minLength": 1,
            "maxLength": name_max,
            "pattern": DNS_LABEL_PATTERN,
        }},
    });
    definition
}

fn schema_in(definition: &mut Value) -> &mut Value {
    &mut definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
}

/// Tools that wait by kstatus take an object without a status for ready; the generation -1 says that nobody has looked yet.
fn default_the_status(definition: &mut Value) {
    schema_in(definition)["properties"]["status"]["default"] = json!({"observedGeneration": -1});
}

/// Removes what the derive adds and an API server is better off without, at every depth.
fn plain(schema: &mut Value) {
    let Value::Object(node) = schema else { return };
    // With it an explicit null stays in the object, and `has()` of a rule takes it for a value.
    node.remove("nullable");
    node.remove("title");
    if let Some(Value::Array(values)) = node.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    // Formats that Kubernetes does not know; it warns of them. The range says what they would.
    if node
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(|format| format.starts_with("uint"))
    {
        node.remove("format");
    }
    for bound in ["minimum", "maximum"] {
        whole(node, bound);
    }
    for child in ["items", "additionalProperties"] {
        if let Some(child) = node.get_mut(child) {
            plain(child);
        }
    }
    if let Some(Value::Object(properties)) = node.get_mut("properties") {
        properties.values_mut().for_each(plain);
    }
}

/// `0.0` becomes `0`: the same bound, as people write it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole bound of a schema is far below 2^53"
)]
fn whole(node: &mut Map<String, Value>, bound: &str) {
    if let Some(number) = node.get(bound).and_then(Value::as_f64)
        && number.fract() == 0.0
    {
        node.insert(bound.to_owned(), json!(number as i64));
    }
}
