//! Manifests of pipelines for tests: valid ones, in which only what the test is about is said.

use crate::fake_nodes;
use crate::image::TEST_WORKER;
use serde_json::{Map, Value, json};
use std::fmt;
use trainyard_crds::MLPipeline;

/// The four rows of the seed pipeline.
pub const SEED_ROWS: &str = "age,salary,target\n25,50000,0\n30,60000,1\n45,80000,1\n22,40000,0\n";

/// A pipeline that is being written, and the ConfigMap that it reads.
#[derive(Clone, Debug)]
pub struct PipelineManifest {
    name: String,
    rows: Option<String>,
    spec: Value,
}

/// The seed pipeline under another name: `extract` reads the four rows from a ConfigMap, then `validate`, then `train`.
pub fn pipeline(name: &str) -> PipelineManifest {
    let source = json!({"configMap": {"name": format!("{name}-data"), "key": "data.csv"}});
    PipelineManifest {
        name: name.to_owned(),
        rows: Some(SEED_ROWS.to_owned()),
        spec: json!({"stages": [
            {"name": "extract", "extract": {"csv": source}},
            {"name": "validate", "dependsOn": ["extract"], "validate": {"noNulls": "All"}},
            {"name": "train", "dependsOn": ["validate"], "train": {
                "features": ["age", "salary"],
                "target": "target",
                "logisticRegression": {},
            }},
        ]}),
    }
}

impl PipelineManifest {
    /// Other rows in the ConfigMap.
    #[must_use]
    pub fn rows(mut self, csv: &str) -> Self {
        self.rows = Some(csv.to_owned());
        self
    }

    /// Without the ConfigMap that it reads.
    #[must_use]
    pub fn without_rows(mut self) -> Self {
        self.rows = None;
        self
    }

    /// `extract` reads a file of the workspace.
    #[must_use]
    pub fn reads(mut self, path: &str) -> Self {
        self.rows = None;
        self.stage_mut("extract")["extract"]["csv"] = json!({"path": path});
        self
    }

    /// Only its first stages, up to this one.
    #[must_use]
    pub fn up_to(mut self, last: &str) -> Self {
        let stages = self.stages_mut();
        let end = stages.iter().position(|stage| stage["name"] == last);
        let end = end.unwrap_or_else(|| panic!("no stage `{last}`"));
        stages.truncate(end + 1);
        self
    }

    /// A field of the spec, by its path: `timeouts.pending`.
    #[must_use]
    pub fn set(mut self, path: &str, value: impl Into<Value>) -> Self {
        *field(&mut self.spec, path) = value.into();
        self
    }

    /// A field of a stage, by its path: `resources.limits.memory`.
    #[must_use]
    pub fn set_in(mut self, stage: &str, path: &str, value: impl Into<Value>) -> Self {
        *field(self.stage_mut(stage), path) = value.into();
        self
    }

    /// A stage that does so instead of its work, or before it: `e2e/images/misbehave.sh`.
    #[must_use]
    pub fn misbehaves(self, stage: &str, how: &str) -> Self {
        let variable = json!([{"name": "MISBEHAVE", "value": how}]);
        self.set("worker.image", TEST_WORKER).set_in(stage, "env", variable)
    }

    /// Its stages run on fake nodes, where pods end at once and no program runs: `e2e/fake-nodes/stages.yaml`.
    #[must_use]
    pub fn on_fake_nodes(self) -> Self {
        let (key, value) = fake_nodes::MARK;
        self.set("worker.nodeSelector", json!({key: value}))
            .set("worker.tolerations", json!([{"key": key, "operator": "Exists"}]))
    }

    /// A further stage behind these, which looks at what `extract` has read.
    #[must_use]
    pub fn and_validates(mut self, stage: &str, after: &[&str]) -> Self {
        let stage = json!({"name": stage, "dependsOn": after, "input": "extract", "validate": {"noNulls": "All"}});
        self.stages_mut().push(stage);
        self
    }

    /// What it says.
    #[must_use]
    pub fn spec(&self) -> Value {
        self.spec.clone()
    }

    /// The pipeline itself, without what it reads.
    pub(super) fn object(&self) -> MLPipeline {
        let object = serde_json::from_value(self.manifest());
        object.unwrap_or_else(|error| panic!("no MLPipeline: {error}\n{self}"))
    }

    fn manifest(&self) -> Value {
        json!({
            "apiVersion": "trainyard.dev/v1alpha1",
            "kind": "MLPipeline",
            "metadata": {"name": self.name},
            "spec": self.spec,
        })
    }

    fn stages_mut(&mut self) -> &mut Vec<Value> {
        let stages = self.spec["stages"].as_array_mut();
        stages.unwrap_or_else(|| panic!("the stages are no list"))
    }

    fn stage_mut(&mut self, name: &str) -> &mut Value {
        let mut stages = self.stages_mut().iter_mut();
        let found = stages.find(|stage| stage["name"] == name);
        found.unwrap_or_else(|| panic!("no stage `{name}`"))
    }
}

/// The place of a field, with the maps on the way to it.
fn field<'v>(value: &'v mut Value, path: &str) -> &'v mut Value {
    path.split('.').fold(value, |value, name| {
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        &mut value[name]
    })
}

impl fmt::Display for PipelineManifest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, rows, .. } = self;
        let pipeline = self.manifest();
        if let Some(rows) = rows {
            let data = json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": format!("{name}-data")},
                "data": {"data.csv": rows},
            });
            writeln!(formatter, "{data:#}\n---")?;
        }
        writeln!(formatter, "{pipeline:#}")
    }
}
