//! A workspace in which single stages run.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "each test file uses a part of it, and may panic"
)]

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use trainyard_contract::StageDocument;
use trainyard_worker::StageError;
use trainyard_worker::attempt::{Progress, StopFlag};
use trainyard_worker::dataset::DatasetReader;
use trainyard_worker::stage::{StageContext, StageOutput, run};

/// The file of the seed pipeline.
pub(crate) const SEED: &[u8] = b"age,salary,target\n25,50000,0\n30,60000,1\n45,80000,1\n22,40000,0\n";

fn texts(array: &ArrayRef) -> Vec<String> {
    let text = |row| match array.data_type() {
        _ if array.is_null(row) => "null".to_owned(),
        DataType::Int8 => array.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => format!("{:?}", array.as_primitive::<Float64Type>().value(row)),
        _ => array.as_string::<i32>().value(row).to_owned(),
    };
    (0..array.len()).map(text).collect()
}

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

    /// Runs `extract` on the Parquet file or files at `path`, with these needed columns.
    pub(crate) fn extract_parquet(&self, path: &str, numbers: &[&str]) -> Result<StageOutput, StageError> {
        let document = json!({
            "spec": {"extract": {"parquet": {"path": path}}},
            "source": {"path": path, "name": path},
            "columns": {"numbers": numbers, "used": numbers},
        });
        self.run("extract", document)
    }

    /// Runs `extract` on the CSV file or files at `path`, which people know so.
    pub(crate) fn extract_named(&self, path: &str, numbers: &[&str]) -> Result<StageOutput, StageError> {
        let document = json!({
            "spec": {"extract": {"csv": {"path": path}}},
            "source": {"path": path, "name": path},
            "columns": {"numbers": numbers, "used": numbers},
        });
        self.run("extract", document)
    }

    /// The dataset that a stage wrote, each cell as text; a missing one is `null`.
    pub(crate) fn cells(&self, stage: &str, column: &str) -> Vec<String> {
        let reader = DatasetReader::open(&self.file(stage, "data.arrow")).unwrap();
        let column = reader.column(column).unwrap();
        let blocks = (0..reader.blocks()).map(|block| reader.read(block, &[column]).unwrap().remove(0));
        blocks.flat_map(|array| texts(&array)).collect()
    }

    /// The name and type of each column of the dataset that a stage wrote.
    pub(crate) fn types(&self, stage: &str) -> Vec<String> {
        let reader = DatasetReader::open(&self.file(stage, "data.arrow")).unwrap();
        let fields = reader.schema().fields().iter();
        fields
            .map(|field| format!("{} {}", field.name(), field.data_type()))
            .collect()
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

    /// Runs a stage on two threads.
    pub(crate) fn run(&self, stage: &str, document: Value) -> Result<StageOutput, StageError> {
        self.run_on(2, stage, document)
    }

    /// Runs a stage on so many threads.
    pub(crate) fn run_on(&self, threads: usize, stage: &str, mut document: Value) -> Result<StageOutput, StageError> {
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
            threads,
        };
        run(&document, &context)
    }
}
