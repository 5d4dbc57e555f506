//! A workspace in which single stages run.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "each test file uses a part of it, and may panic"
)]

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use trainyard_contract::StageDocument;
use trainyard_worker::StageError;
use trainyard_worker::attempt::{Progress, StopFlag};
use trainyard_worker::stage::{StageContext, StageOutput, run};

/// The file of the seed pipeline.
pub(crate) const SEED: &[u8] = b"age,salary,target\n25,50000,0\n30,60000,1\n45,80000,1\n22,40000,0\n";

/// One gzip member.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One zstd frame.
pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 3).unwrap()
}

/// A workspace.
pub(crate) struct Workspace(tempfile::TempDir);

impl Workspace {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Utf8Path {
        Utf8Path::from_path(self.0.path()).unwrap()
    }

    /// Runs `extract` on a file of these bytes, known as `data/t.csv`, with this `csv` and these needed columns.
    pub(crate) fn extract(&self, bytes: &[u8], mut csv: Value, numbers: &[&str]) -> Result<StageOutput, StageError> {
        fs::create_dir_all(self.path().join("data")).unwrap();
        fs::write(self.path().join("data/t.csv"), bytes).unwrap();
        csv["path"] = json!("data/t.csv");
        self.extract_path("data/t.csv", csv, numbers)
    }

    /// Runs `extract` on whatever is there.
    pub(crate) fn extract_path(&self, path: &str, csv: Value, numbers: &[&str]) -> Result<StageOutput, StageError> {
        let document = json!({
            "spec": {"extract": {"csv": csv}},
            "source": {"path": path, "name": "data/t.csv"},
            "columns": {"numbers": numbers, "used": numbers},
        });
        self.run("extract", document)
    }

    /// Runs `validate` on what `extract` made.
    pub(crate) fn validate(&self, spec: Value, numbers: &[&str], used: &[&str]) -> Result<StageOutput, StageError> {
        let document = json!({
            "spec": {"validate": spec},
            "input": {"stage": "extract", "folder": "extract", "sha256": ""},
            "columns": {"numbers": numbers, "used": used},
        });
        self.run("validate", document)
    }

    /// A file that a stage wrote.
    pub(crate) fn file(&self, stage: &str, name: &str) -> Utf8PathBuf {
        self.path().join(stage).join(name)
    }

    /// A JSON file that a stage wrote.
    pub(crate) fn json(&self, stage: &str, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.file(stage, name)).unwrap()).unwrap()
    }

    fn run(&self, stage: &str, mut document: Value) -> Result<StageOutput, StageError> {
        let frame = json!({
            "run": "r1", "runUid": "5f0c2a91", "pipeline": "people", "stage": stage, "attempt": 1, "workspace": self.path(),
        });
        for (key, value) in frame.as_object().unwrap() {
            document[key] = value.clone();
        }
        let document: StageDocument = serde_json::from_value(document).unwrap();
        let folder = self.path().join(stage);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let context = StageContext {
            folder: &folder,
            stop: &StopFlag::default(),
            progress: &Progress::silent(),
            threads: 2,
        };
        run(&document, &context)
    }
}
