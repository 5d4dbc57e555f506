//! `manifest::load`: what a run gets of its files, and what it is told instead.

use camino::Utf8PathBuf;
use std::fs;
use trainyard_cli::{lint, manifest};

/// A folder with files, gone at the end.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> Utf8PathBuf {
        Utf8PathBuf::from_path_buf(self.0.path().join(name)).expect("UTF-8")
    }

    fn with(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        fs::write(self.path(name), bytes).expect("written");
        self
    }

    fn faults(&self, name: &str) -> String {
        self.shown(&manifest::load(&self.path(name)).expect_err("faults"))
    }

    fn linted(&self, names: &[&str]) -> String {
        let paths: Vec<Utf8PathBuf> = names.iter().map(|name| self.path(name)).collect();
        self.shown(&lint::lint_files(&paths))
    }

    fn shown(&self, faults: &[manifest::Fault]) -> String {
        let folder = format!("{}/", self.path("").as_str().trim_end_matches('/'));
        faults
            .iter()
            .map(|fault| format!("{fault}\n").replace(&folder, ""))
            .collect()
    }
}

fn pipeline(name: &str) -> String {
    format!(
        "apiVersion: trainyard.dev/v1alpha1\nkind: MLPipeline\nmetadata: {{name: {name}}}\nspec:\n  stages:\n  - name: extract\n    extract: {{csv: {{configMap: {{name: people, key: people.csv}}}}}}\n"
    )
}

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: people}\ndata:\n  people.csv: |\n    age\n    25\nbinaryData: {zipped: H4s=}\n";

#[test]
fn the_seed_manifest_loads() {
    let path = Utf8PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../data/ml-production-pipeline.yaml"
    ));
    let manifest = manifest::load(&path).expect("no faults");
    assert_eq!(manifest.pipeline.name().as_str(), "ml-production-pipeline");
    assert_eq!(manifest.file, path);
    let table = manifest
        .config_maps
        .bytes("sample-data", "sample_data.csv")
        .expect("the table");
    assert_eq!(
        table,
        b"age,salary,target\n25,50000,0\n30,60000,1\n45,80000,1\n22,40000,0\n"
    );
}

#[test]
fn a_pipeline_and_its_table_stand_in_one_file() {
    let files = Files::new().with("a.yaml", format!("{CONFIG_MAP}---\n{}", pipeline("a")));
    let manifest = manifest::load(&files.path("a.yaml")).expect("no faults");
    assert_eq!(
        manifest.config_maps.bytes("people", "people.csv"),
        Some(&b"age\n25\n"[..])
    );
    assert_eq!(manifest.config_maps.bytes("people", "zipped"), Some(&[0x1f, 0x8b][..]));
    assert_eq!(manifest.file, files.path("a.yaml"));
}

#[test]
fn each_file_is_checked_by_itself() {
    let good = format!("{CONFIG_MAP}---\n{}", pipeline("a"));
    let lacking = CONFIG_MAP.replace("people.csv", "other.csv");
    let files = Files::new()
        .with("a.yaml", &good)
        .with("b.yaml", &good)
        .with("c.yaml", pipeline("a"))
        .with("lacking.yaml", lacking)
        .with("d.yaml", "d");
    assert_eq!(files.linted(&["a.yaml", "b.yaml", "lacking.yaml", "c.yaml"]), "");
    assert_eq!(
        files.linted(&["d.yaml", "a.yaml", "d.yaml"]),
        "d.yaml:1:1: YAML: a document must be an object with `apiVersion`, `kind` and so on, is the text `d`\n"
    );
}

#[test]
fn other_objects_of_a_cluster_are_passed_over() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {whatever: 1}\n";
    let files = Files::new().with("a.yaml", format!("{service}---\n{CONFIG_MAP}---\n{}", pipeline("a")));
    assert_eq!(files.linted(&["a.yaml"]), "");
    assert!(manifest::load(&files.path("a.yaml")).is_ok());
}

#[test]
fn a_run_takes_one_pipeline_and_lint_takes_many() {
    let two = format!("{CONFIG_MAP}---\n{}---\n{}", pipeline("first"), pipeline("second"));
    let files = Files::new().with("two.yaml", two);
    assert_eq!(files.linted(&["two.yaml"]), "");
    assert_eq!(
        files.faults("two.yaml"),
        "two.yaml:20:18: metadata.name: `second` is a second pipeline: a run takes one, and `first` stands in two.yaml:10; put them into files of their own\n"
    );
}

#[test]
fn a_run_needs_a_pipeline() {
    let files = Files::new().with("table.yaml", CONFIG_MAP);
    assert_eq!(files.linted(&["table.yaml"]), "");
    assert_eq!(
        files.faults("table.yaml"),
        "table.yaml:1:1: kind: no document of the file is a pipeline: `kind: MLPipeline` is missing\n"
    );
}

#[test]
fn a_run_needs_its_config_map_in_the_file_and_lint_does_not() {
    let files = Files::new().with("a.yaml", pipeline("a"));
    assert_eq!(files.linted(&["a.yaml"]), "");
    assert_eq!(
        files.faults("a.yaml"),
        "a.yaml:7:39: spec.stages[0].extract.csv.configMap.name: there is no ConfigMap `people` in the file: on this machine it must stand beside the pipeline\n"
    );
}

#[test]
fn files_that_cannot_be_read_are_told() {
    let files = Files::new()
        .with("latin1.yaml", b"kind: MLPipeline\n# caf\xe9\n")
        .with("utf16.yaml", b"\xff\xfek\0i\0")
        .with("binary.yaml", b"\x00\x01\x02")
        .with("empty.yaml", b"")
        .with("large.yaml", vec![b'#'; 4 * 1024 * 1024 + 1]);
    let told = files.linted(&[
        "none.yaml",
        "",
        "latin1.yaml",
        "utf16.yaml",
        "binary.yaml",
        "empty.yaml",
        "large.yaml",
    ]);
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        lines[0].starts_with("none.yaml:1:1: YAML: the file cannot be read: No such file"),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].ends_with(":1:1: YAML: the file cannot be read: it is a folder"),
        "{}",
        lines[1]
    );
    assert_eq!(
        lines[2..],
        [
            "latin1.yaml:2:6: YAML: the byte 0xe9 is not UTF-8: save the file as UTF-8",
            "utf16.yaml:1:1: YAML: the file is UTF-16: save it as UTF-8",
            "binary.yaml:1:1: YAML: the character U+0000 stands here, which no YAML text holds",
            "empty.yaml:1:1: YAML: the file is empty: no document with a `kind` stands in it",
            "large.yaml:1:1: YAML: the file has more than 4194304 bytes: keep a large table in a file of its own, and name it by `path`",
        ]
    );
}

#[test]
fn a_byte_order_mark_windows_line_ends_and_json_are_read() {
    let windows = format!("\u{feff}{}", pipeline("a").replace('\n', "\r\n"));
    let json = r#"{"apiVersion": "trainyard.dev/v1alpha1", "kind": "MLPipeline", "metadata": {"name": "a"},
        "spec": {"stages": [{"name": "extract", "extract": {"csv": {"path": "a.csv"}}}]}}"#;
    let files = Files::new().with("windows.yaml", windows).with("a.json", json);
    assert_eq!(files.linted(&["windows.yaml", "a.json"]), "");
}
