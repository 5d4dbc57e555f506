//! A valid object of each kind, and ways to change one.

use serde_json::{Value, json};

/// A kind of Trainyard's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Pipeline,
    Run,
    ModelVersion,
}

impl Kind {
    /// A valid object.
    pub(crate) fn object(self) -> Value {
        match self {
            Self::Pipeline => pipeline(),
            Self::Run => run(),
            Self::ModelVersion => model_version(),
        }
    }

    /// A valid object with the value at `pointer` replaced, or set where there was none; a null removes it.
    pub(crate) fn with(self, pointer: &str, value: &Value) -> Value {
        with(self.object(), pointer, value)
    }
}

/// A pipeline of three stages.
fn pipeline() -> Value {
    json!({
        "apiVersion": "trainyard.dev/v1alpha1",
        "kind": "MLPipeline",
        "metadata": {"name": "iris"},
        "spec": {"stages": [
            {"name": "extract", "extract": {"csv": {"path": "iris.csv"}}},
            {"name": "train", "dependsOn": ["extract"],
             "train": {"features": ["sepal", "petal"], "target": "species", "logisticRegression": {}}},
            {"name": "predict", "input": "extract", "dependsOn": ["train"], "predict": {"model": {}}},
        ]},
    })
}

fn run() -> Value {
    json!({
        "apiVersion": "trainyard.dev/v1alpha1",
        "kind": "PipelineRun",
        "metadata": {"name": "iris-by-hand"},
        "spec": {"pipelineRef": {"name": "iris"}, "parameters": [{"name": "region", "value": "eu"}]},
    })
}

fn model_version() -> Value {
    json!({
        "apiVersion": "trainyard.dev/v1alpha1",
        "kind": "ModelVersion",
        "metadata": {"name": "iris-20260223-104700"},
        "spec": {
            "pipeline": "iris",
            "version": "model_20260223_104700",
            "path": "models/iris/model_20260223_104700",
            "claimName": "trainyard",
            "run": "iris-by-hand",
            "runUid": "5f0c2a91-8f5e-4c0f-9d5c-1f6f0a3b7c11",
            "stage": "train",
            "digest": format!("sha256:{}", "0f".repeat(32)),
        },
    })
}

/// `object` with the value at `pointer` replaced, or set where there was none; a null removes it. Maps on the way are made.
pub(crate) fn with(mut object: Value, pointer: &str, value: &Value) -> Value {
    let (parents, name) = pointer.rsplit_once('/').expect("a pointer");
    let mut parent = &mut object;
    for step in parents.split('/').skip(1) {
        parent = match step.parse::<usize>() {
            Ok(index) => &mut parent[index],
            Err(_) => &mut parent[unescaped(step)],
        };
    }
    if parent.is_null() {
        *parent = json!({});
    }
    match (name.parse::<usize>(), parent) {
        (Ok(index), Value::Array(items)) => items[index] = value.clone(),
        (_, parent) => parent[unescaped(name)] = value.clone(),
    }
    without_nulls(&mut object);
    object
}

/// A step of a JSON pointer as the name that it stands for.
fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// An API server removes a null before it looks at the rules.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A field as kube's evaluator and `lint` write it: the entry of a map behind a dot. An API server writes it in brackets.
pub(crate) fn with_dots(field: &str) -> String {
    let keyed = field
        .rsplit_once('[')
        .filter(|(_, key)| !key.starts_with(|c: char| c.is_ascii_digit()));
    keyed.map_or_else(
        || field.to_owned(),
        |(map, key)| format!("{map}.{}", key.trim_end_matches(']')),
    )
}
