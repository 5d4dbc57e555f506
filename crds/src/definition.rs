//! The `CustomResourceDefinition`s of the kinds: what the types say, brought into the form that an API server and people want.
//!
//! What the derive makes of the types is nearly right; the differences are here, each with its reason. A schema holds the
//! patterns of texts, which `lint` and editors read; a definition has rules in their stead, which say in words what is wrong
//! ([`in_words`]). Not here: how it is written down and checked for drift (`generated.rs`).

use crate::as_written::{give_back, join_lines};
use crate::in_words::{patterns_in_words, without_patterns};
use crate::v1alpha1::{
    MLPipeline, MLPipelineSpec, MLPipelineStatus, ModelVersion, ModelVersionSpec, ModelVersionStatus, PipelineRun,
    PipelineRunSpec, PipelineRunStatus,
};
use kube::CustomResourceExt;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};
use trainyard_contract::names::{DNS_LABEL_PATTERN, PIPELINE_NAME_MAX, RUN_NAME_MAX};

/// The longest DNS label.
const LABEL_MAX: usize = 63;

/// A kind of Trainyard's API: what is made of its types.
#[derive(Clone, Debug)]
pub struct Kind {
    /// `MLPipeline`
    pub kind: String,
    /// `mlpipelines`
    pub plural: String,
    /// The definition, with patterns in its schema.
    with_patterns: Value,
}

impl Kind {
    /// `MLPipeline`.
    pub fn pipeline() -> Self {
        let name = format!(
            "The pipeline's name: a DNS label of at most {PIPELINE_NAME_MAX} characters. It cannot be changed."
        );
        let mut kind = Self::of::<MLPipeline, MLPipelineSpec, MLPipelineStatus>(&name, PIPELINE_NAME_MAX);
        kind.default_the_status();
        kind
    }

    /// `PipelineRun`.
    pub fn run() -> Self {
        let name = format!("The run's name: a DNS label of at most {RUN_NAME_MAX} characters. It cannot be changed.");
        let mut kind = Self::of::<PipelineRun, PipelineRunSpec, PipelineRunStatus>(&name, RUN_NAME_MAX);
        kind.default_the_status();
        kind
    }

    /// `ModelVersion`.
    pub fn model_version() -> Self {
        let name = "`<pipeline>-YYYYMMDD-HHMMSS`, after the version's folder. It cannot be changed.";
        let mut kind = Self::of::<ModelVersion, ModelVersionSpec, ModelVersionStatus>(name, LABEL_MAX);
        // One that was never the champion says so without a write.
        schema_in(&mut kind.with_patterns)["properties"]["status"]["default"] = json!({"champion": false});
        kind
    }

    /// Every kind.
    pub fn all() -> [Self; 3] {
        [Self::pipeline(), Self::run(), Self::model_version()]
    }

    /// The definition, as it is applied to a cluster.
    pub fn definition(&self) -> Value {
        let mut definition = self.with_patterns.clone();
        let schema = schema_in(&mut definition);
        without_patterns(&mut schema["properties"]["status"]);
        patterns_in_words(schema);
        definition
    }

    /// The schema of its objects, with the patterns of texts: what `lint` and editors hold a document against.
    pub fn schema(&self) -> &Value {
        &self.with_patterns["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    }

    fn of<K: CustomResourceExt, Spec: JsonSchema, Status: JsonSchema>(name: &str, name_max: usize) -> Self {
        let kube::core::ApiResource { kind, plural, .. } = K::api_resource();
        // A definition is plain data: it always becomes JSON.
        let mut definition = serde_json::to_value(K::crd()).unwrap_or_default();
        let schema = schema_in(&mut definition);
        plain(schema);
        join_lines(schema);
        give_back::<Spec>(&mut schema["properties"]["spec"]);
        give_back::<Status>(&mut schema["properties"]["status"]);
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
        Self {
            kind,
            plural,
            with_patterns: definition,
        }
    }

    /// Tools that wait by kstatus take an object without a status for ready; the generation -1 says that nobody has looked yet.
    fn default_the_status(&mut self) {
        schema_in(&mut self.with_patterns)["properties"]["status"]["default"] = json!({"observedGeneration": -1});
    }
}

fn schema_in(definition: &mut Value) -> &mut Value {
    &mut definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
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
