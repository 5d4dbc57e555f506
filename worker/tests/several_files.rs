//! A path with wildcards: which files it means, in which order, and how faults name them.
#![allow(clippy::unwrap_used, reason = "what a test needs must be there")]

#[path = "vocabulary/stages.rs"]
mod stages;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use serde_json::json;
use stages::{Workspace, gzip};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use trainyard_contract::FailureClass;

fn workspace(files: &[(&str, &[u8])]) -> Workspace {
    let workspace = Workspace::new();
    fs::create_dir(workspace.path().join("data")).unwrap();
    for (name, bytes) in files {
        fs::write(workspace.path().join("data").join(name), bytes).unwrap();
    }
    workspace
}

fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn refuses(workspace: &Workspace, path: &str, class: FailureClass, message: &str, hint: &str) {
    let error = workspace.extract_named(path, &[]).unwrap_err();
    assert_eq!((error.message(), error.class()), (message, Some(class)), "{path}");
    assert_eq!(error.hint_text(), hint, "{path}");
}

#[test]
fn files_are_one_table_in_the_order_of_their_names() {
    let workspace = workspace(&[
        ("2026-10.csv", b"age,name\n4,d\n".as_slice()),
        ("2026-02.csv", &gzip(b"age,name\r\n2,b\r\n\r\n300,c\r\n")),
        ("2026-03.csv", b"age,name\n"),
        ("2026-01.csv", b"age,name\n1,a"),
        ("2025-12.csv", b"other\n9\n"),
        (".2026-00.csv", b"hidden\n9\n"),
    ]);
    let folder = workspace.path().join("data/2026-folder.csv");
    fs::create_dir(folder).unwrap();
    let output = workspace.extract_named("data/2026-*.csv", &[]).unwrap();
    assert_eq!(output.rows, Some(4));
    // The types are those of all files.
    assert_eq!(workspace.types("extract"), ["age Int16", "name Utf8"]);
    assert_eq!(workspace.cells("extract", "age"), ["1", "2", "300", "4"]);
    assert_eq!(workspace.cells("extract", "name"), ["a", "b", "c", "d"]);
    let description = workspace.json("extract", "dataset.json");
    let source = &description["source"];
    assert_eq!(source["name"], "data/2026-*.csv");
    let mut lines = String::new();
    let mut bytes = 0;
    for (file, first_row) in source["files"].as_array().unwrap().iter().zip([0, 1, 3, 3]) {
        let name = file["name"].as_str().unwrap();
        let (sha256, size) = trainyard_worker::artifact::hash_file(&workspace.path().join(name)).unwrap();
        assert_eq!(
            *file,
            json!({"name": name, "sha256": sha256, "bytes": size, "firstRow": first_row})
        );
        writeln!(lines, "{sha256}  {name}").unwrap();
        bytes += size;
    }
    fs::write(workspace.path().join("sums"), lines).unwrap();
    let (sum_of_sums, _) = trainyard_worker::artifact::hash_file(&workspace.path().join("sums")).unwrap();
    assert_eq!(source["sha256"], json!(sum_of_sums));
    assert_eq!(source["bytes"], json!(bytes));
    assert_eq!(
        description["lineRuns"],
        json!([{"row": 0, "line": 2}, {"row": 1, "line": 2}, {"row": 2, "line": 4}, {"row": 3, "line": 2}])
    );
}

#[test]
fn one_match_is_as_one_file() {
    let workspace = workspace(&[("a.csv", b"x\n1\n")]);
    workspace.extract_named("data/*.csv", &[]).unwrap();
    let source = &workspace.json("extract", "dataset.json")["source"];
    assert_eq!(
        (source["name"].as_str(), source.get("files")),
        (Some("data/a.csv"), None)
    );
}

#[test]
fn a_file_whose_name_looks_like_a_pattern_is_itself() {
    let workspace = workspace(&[("a[1].csv", b"x\n1\n2\n"), ("a1.csv", b"x\n1\n")]);
    assert_eq!(workspace.extract_named("data/a[1].csv", &[]).unwrap().rows, Some(2));
}

#[test]
fn faults_name_the_file_and_its_line() {
    let workspace = workspace(&[
        ("a.csv", b"age,n\n1,1\n2,2\n"),
        ("b.csv", b"age,n\n\n3,3\nold,4\n"),
        ("c.csv", b"age,n\n,5\n"),
    ]);
    workspace.extract_named("data/?.csv", &["age"]).unwrap();
    let error = workspace.validate(json!({}), &["age"], &[]).unwrap_err();
    assert_eq!(
        error.message(),
        "data/b.csv:4: column `age`: `old` is not a number, and 1 more fault"
    );
    let report = workspace.json("validate", "report.json");
    assert_eq!(
        report["faults"],
        json!([
            {"kind": "NotANumber", "column": "age", "count": 1,
             "examples": [{"file": "data/b.csv", "line": 4, "row": 3, "value": "old"}]},
            {"kind": "Null", "column": "age", "count": 1,
             "examples": [{"file": "data/c.csv", "line": 2, "row": 4, "value": ""}]},
        ])
    );
}

#[test]
fn files_that_are_no_table_are_named() {
    for (name, second, message) in [
        ("ragged", "a,b\n1,2\n3\n", "data/2.csv:3: 1 field, but the header has 2"),
        ("empty", "", "data/2.csv is empty"),
        (
            "another",
            "a,c\n1,2\n",
            "data/2.csv:1: column `b` is missing, unlike in data/1.csv",
        ),
        (
            "a new column",
            "a,b,c\n1,2,3\n",
            "data/2.csv:1: column `c` is one too many, unlike in data/1.csv",
        ),
        (
            "another order",
            "b,a\n1,2\n",
            "data/2.csv:1: column 1 is `b`, not `a`, unlike in data/1.csv",
        ),
    ] {
        let workspace = workspace(&[("1.csv", b"a,b\n1,2\n"), ("2.csv", second.as_bytes())]);
        let error = workspace.extract_named("data/[12].csv", &[]).unwrap_err();
        assert_eq!(
            (error.message(), error.class()),
            (message, Some(FailureClass::Data)),
            "{name}"
        );
        assert!(!error.hint_text().is_empty());
    }
    let workspace = workspace(&[("1.csv", b"a,b\n"), ("2.csv", b"a,b\n")]);
    let error = workspace.extract_named("data/*", &[]).unwrap_err();
    assert_eq!(error.message(), "data/1.csv:1: there is a header, but no row below it");
}

/// The first file says nothing of the last: the table is read again with the types of all.
#[test]
fn types_that_show_late_are_those_of_the_whole_table() {
    let rows = "1\n".repeat(10_000);
    let first = format!("a\n{rows}");
    let last = format!("a\n{rows}x\n");
    let workspace = workspace(&[("1.csv", first.as_bytes()), ("2.csv", last.as_bytes())]);
    assert_eq!(workspace.extract_named("data/*.csv", &[]).unwrap().rows, Some(20_001));
    assert_eq!(workspace.types("extract"), ["a Utf8"]);
    assert_eq!(workspace.cells("extract", "a")[19_999..], ["1", "x"]);
}

#[test]
fn no_match_says_where_it_looked_and_what_is_there() {
    let workspace = workspace(&[("b.csv", b"x\n"), ("a.csv", b"x\n"), (".c.csv", b"x\n")]);
    fs::create_dir(workspace.path().join("nothing")).unwrap();
    let data = FailureClass::Data;
    let hint = "data/ holds `a.csv`, `b.csv`: correct the path, or copy the files there";
    refuses(
        &workspace,
        "data/2026-*.csv",
        data,
        "no file matches data/2026-*.csv",
        hint,
    );
    let hint = "nothing/ holds no file: correct the path, or copy the files there";
    refuses(&workspace, "nothing/*.csv", data, "no file matches nothing/*.csv", hint);
    let hint = format!(
        "the folder {}/none is not there: correct the path, or copy the files there",
        workspace.path()
    );
    refuses(&workspace, "none/*.csv", data, "no file matches none/*.csv", &hint);
    refuses(
        &workspace,
        "*/a.csv",
        FailureClass::Config,
        "*/a.csv: a wildcard stands in a folder's name, but only the last part of a path may hold one",
        "put the files into one folder, or a parameter in the place of the wildcard",
    );
}

#[test]
fn no_pattern_and_no_link_leads_out_of_the_workspace() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.csv"), b"x\n1\n").unwrap();
    let workspace = workspace(&[("a.csv", b"x\n1\n")]);
    let place = workspace.path();
    symlink(outside.path(), place.join("folder")).unwrap();
    symlink(outside.path().join("secret.csv"), place.join("data/link.csv")).unwrap();
    let beside = format!("../{}/*.csv", outside.path().file_name().unwrap().to_str().unwrap());
    let hint = "give a path below the workspace, without `..`";
    let config = FailureClass::Config;
    refuses(
        &workspace,
        &beside,
        config,
        &format!("{beside} leads out of the workspace"),
        hint,
    );
    refuses(
        &workspace,
        "folder/*.csv",
        config,
        "folder/*.csv leads out of the workspace",
        hint,
    );
    refuses(
        &workspace,
        "data/*.csv",
        config,
        "data/link.csv leads out of the workspace",
        hint,
    );
}

#[test]
fn parquet_files_are_one_table_too() {
    let numbers = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
    let texts = |values: Vec<&str>| -> ArrayRef { Arc::new(StringArray::from(values)) };
    let workspace = workspace(&[
        (
            "2.parquet",
            &parquet(vec![("a", texts(vec!["x", "4"])), ("b", numbers(vec![7, 8]))]),
        ),
        (
            "1.parquet",
            &parquet(vec![("a", numbers(vec![1, 2])), ("b", numbers(vec![5, 600]))]),
        ),
    ]);
    workspace.extract_parquet("data/*.parquet", &[]).unwrap();
    assert_eq!(workspace.types("extract"), ["a Utf8", "b Int16"]);
    assert_eq!(workspace.cells("extract", "a"), ["1", "2", "x", "4"]);
    workspace.extract_parquet("data/*.parquet", &["a"]).unwrap();
    assert_eq!(workspace.cells("extract", "a"), ["1", "2", "null", "4"]);
    let error = workspace.validate(json!({}), &["a"], &[]).unwrap_err();
    assert_eq!(
        error.message(),
        "data/2.parquet, row 1: column `a`: `x` is not a number"
    );
    fs::write(
        workspace.path().join("data/3.parquet"),
        parquet(vec![("a", numbers(vec![1])), ("c", numbers(vec![1]))]),
    )
    .unwrap();
    let error = workspace.extract_parquet("data/*.parquet", &[]).unwrap_err();
    assert_eq!(
        error.message(),
        "data/3.parquet: column `b` is missing, unlike in data/1.parquet"
    );
}
