//! What is measured against what: `trainyard run` and the same pipeline in Python, on the same tables.

use crate::{cache, command, repository};
use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

/// Everything that the contenders need.
pub(super) struct Contenders {
    pub(super) rows: u64,
    /// The table of so many rows.
    pub(super) table: Utf8PathBuf,
    python: Utf8PathBuf,
    /// Empty before every run of ours.
    workspace: Utf8PathBuf,
}

/// Settings of this machine for an old `OpenBLAS`, if there are any: they slow a new one, and the peer would lose by it.
const NOT_FOR_THE_PEER: [&str; 2] = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"];

impl Contenders {
    pub(super) fn new(python: Utf8PathBuf, rows: u64) -> Result<Self> {
        let mut contenders = Self {
            rows,
            table: Utf8PathBuf::new(),
            python,
            workspace: repository::target().join("bench-workspace"),
        };
        contenders.table = contenders.make_table(rows)?;
        Ok(contenders)
    }

    /// A table of so many rows, kept in the cache: the same rows give the same bytes.
    pub(super) fn make_table(&self, rows: u64) -> Result<Utf8PathBuf> {
        let folder = cache::prepared(&format!("bench-{rows}-rows"), |folder| {
            let script = repository::root().join("benches/peer/make_data.py");
            let out = folder.join("table.csv");
            command::run(&mut self.python([script.as_str(), &rows.to_string(), out.as_str()]))
        })?;
        Ok(folder.join("table.csv"))
    }

    /// The pipeline in pandas and scikit-learn.
    pub(super) fn peer(&self, options: &[&str]) -> Command {
        let script = repository::root().join("benches/peer/seed_pipeline.py");
        let models = self.workspace.join("peer-models");
        let fixed = [script.as_str(), self.table.as_str(), "--models", models.as_str()];
        self.python([&fixed[..], options].concat())
    }

    /// What the peer says of itself: versions, seconds of each phase, its fit.
    pub(super) fn peer_document(&self) -> Result<Value> {
        let text = command::output(&mut self.peer(&["--scale"]))?;
        serde_json::from_str(&text).context("the peer's document")
    }

    /// Python at its least: the two imports that every such script begins with.
    pub(super) fn imports(&self) -> Command {
        self.python(["-c", "import pandas, sklearn"])
    }

    /// Ours: extract, validate, train on this table, in a workspace that is empty.
    pub(super) fn trainyard(&self, table: &Utf8Path) -> Result<Command> {
        let stages = json!([
            {"name": "extract", "extract": {"csv": {"path": table}}},
            {"name": "validate", "dependsOn": ["extract"],
             "validate": {"requiredColumns": ["age", "salary", "target"], "noNulls": "All"}},
            {"name": "train", "dependsOn": ["validate"],
             "train": {"features": ["age", "salary"], "target": "target", "logisticRegression": {}, "save": ["onnx", "joblib"]}},
        ]);
        self.run(&self.manifest(&stages)?)
    }

    /// The repository's own sample pipeline, from nothing.
    pub(super) fn seed(&self) -> Result<Command> {
        self.run(&repository::root().join("data/ml-production-pipeline.yaml"))
    }

    /// A chain of so many stages that do nothing, behind the `extract` that gives them their table.
    pub(super) fn chain(&self, stages: usize) -> Result<Command> {
        let sample = repository::root().join("data/sample_data.csv");
        let mut list = vec![json!({"name": "s0", "extract": {"csv": {"path": sample}}})];
        for number in 1..=stages {
            let before = format!("s{}", number - 1);
            list.push(json!({"name": format!("s{number}"), "dependsOn": [before], "validate": {"noNulls": "Off"}}));
        }
        self.run(&self.manifest(&Value::Array(list))?)
    }

    /// Seconds of each stage in one more run of ours, by this command.
    pub(super) fn stage_seconds(mut command: Command) -> Result<Value> {
        let document: Value = serde_json::from_str(&command::output(&mut command)?).context("the run's document")?;
        let stages = document["stages"].as_array().cloned().unwrap_or_default();
        Ok(stages
            .iter()
            .map(|stage| {
                (
                    stage["name"].as_str().unwrap_or("?").to_owned(),
                    stage["seconds"].clone(),
                )
            })
            .collect())
    }

    /// A manifest of these stages.
    pub(super) fn manifest(&self, stages: &Value) -> Result<Utf8PathBuf> {
        let path = self.workspace.with_extension("yaml");
        let manifest = json!({
            "apiVersion": "trainyard.dev/v1alpha1", "kind": "MLPipeline", "metadata": {"name": "bench"}, "spec": {"stages": stages},
        });
        fs::write(&path, format!("{manifest:#}")).with_context(|| format!("cannot write {path}"))?;
        Ok(path)
    }

    /// Runs a manifest in an empty workspace.
    pub(super) fn run(&self, manifest: &Utf8Path) -> Result<Command> {
        if self.workspace.exists() {
            fs::remove_dir_all(&self.workspace).with_context(|| format!("cannot remove {}", self.workspace))?;
        }
        fs::create_dir_all(&self.workspace).with_context(|| format!("cannot make {}", self.workspace))?;
        let arguments = [
            "run",
            manifest.as_str(),
            "--workspace",
            self.workspace.as_str(),
            "-o",
            "json",
        ];
        Ok(command::command(repository::trainyard(), arguments))
    }

    /// Makes a manifest for a table, which is printed.
    pub(super) fn init(table: &Utf8Path, target: &str) -> Command {
        let arguments = ["init", table.as_str(), "--target", target, "--output", "-"];
        command::command(repository::trainyard(), arguments)
    }

    /// The peer's interpreter.
    pub(super) fn python<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = command::command(&self.python, arguments);
        for name in NOT_FOR_THE_PEER {
            command.env_remove(name);
        }
        command
    }
}
