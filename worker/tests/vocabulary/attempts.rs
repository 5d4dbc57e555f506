//! A workspace in which whole attempts run: documents as a host writes them, through the frame that every stage has.
#![allow(dead_code, reason = "each test file uses a part of it")]

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};
use std::fs;
use trainyard_contract::result::Outcome;
use trainyard_contract::{StageDocument, StageResult};
use trainyard_worker::attempt::{Host, execute};

/// The file that the seed reads.
pub(crate) const SEED: &str = "age,salary,target\n25,50000,0\n30,60000,1\n45,80000,1\n22,40000,0\n";

/// A workspace.
pub(crate) struct Workspace(tempfile::TempDir);

impl Workspace {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Utf8Path {
        Utf8Path::from_path(self.0.path()).unwrap()
    }

    /// A document of run `r1` with these parts.
    pub(crate) fn document(&self, stage: &str, parts: &Value) -> StageDocument {
        let mut document = json!({
            "run": "r1", "runUid": "5f0c2a91aa", "pipeline": "people", "stage": stage, "attempt": 1,
            "workspace": self.path(),
        });
        for (key, value) in parts.as_object().unwrap() {
            document[key] = value.clone();
        }
        serde_json::from_value(document).unwrap()
    }

    /// The document that extracts `csv`, with these columns needed as numbers.
    pub(crate) fn extract_document(&self, csv: &str, numbers: &[&str]) -> StageDocument {
        fs::create_dir_all(self.path().join("data")).unwrap();
        fs::write(self.path().join("data/t.csv"), csv).unwrap();
        self.document(
            "extract",
            &json!({
                "spec": {"extract": {"csv": {"path": "data/t.csv"}}},
                "source": {"path": "data/t.csv", "name": "data/t.csv"},
                "columns": {"numbers": numbers, "used": numbers},
            }),
        )
    }

    /// Extracts `csv`; returns what a later stage's document says about the dataset.
    pub(crate) fn dataset(&self, csv: &str, numbers: &[&str]) -> Value {
        let folder = self.path().join("runs/r1-5f0c2a91/extract");
        let _ = fs::remove_dir_all(&folder);
        let result = succeeded(execute(&self.extract_document(csv, numbers), &Host::silent(2)));
        let data = result
            .artifacts
            .iter()
            .find(|artifact| artifact.path == "data.arrow")
            .unwrap();
        json!({"stage": "extract", "folder": folder.join("1"), "sha256": data.sha256})
    }

    /// The document that trains on `csv`.
    pub(crate) fn train_document(&self, csv: &str, train: &Value) -> StageDocument {
        let features: Vec<&str> = train["features"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f.as_str().unwrap())
            .collect();
        self.document(
            "train",
            &json!({
                "spec": {"train": train},
                "input": self.dataset(csv, &features),
                "modelVersion": "model_20260223_104700",
            }),
        )
    }

    /// Trains on `csv` as the first attempt of `stage`.
    pub(crate) fn train(&self, csv: &str, train: &Value) -> StageResult {
        execute(&self.train_document(csv, train), &Host::silent(2))
    }

    /// The names in a folder, sorted.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = self
            .path()
            .join(folder)
            .read_dir_utf8()
            .map(Iterator::collect::<Vec<_>>);
        let mut names: Vec<String> = entries
            .unwrap_or_default()
            .into_iter()
            .map(|entry| entry.unwrap().file_name().to_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn json(&self, path: impl AsRef<Utf8Path>) -> Value {
        serde_json::from_slice(&fs::read(self.path().join(path.as_ref())).unwrap()).unwrap()
    }

    pub(crate) fn model_folder(&self, result: &StageResult) -> Utf8PathBuf {
        self.path().join(&result.model_version.as_ref().unwrap().path)
    }
}

/// The seed's `train`.
pub(crate) fn seed_train() -> Value {
    json!({
        "features": ["age", "salary"], "target": "target", "logisticRegression": {}, "save": ["onnx", "joblib"],
    })
}

/// The result, which must be a success.
pub(crate) fn succeeded(result: StageResult) -> StageResult {
    assert_eq!(result.outcome, Outcome::Succeeded, "{}", result.message);
    result
}
