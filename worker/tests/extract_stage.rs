//! `extract` as a stage: what it writes, and the places that hold no file.
#![allow(clippy::unwrap_used, reason = "what a test needs must be there")]

#[path = "vocabulary/stages.rs"]
mod stages;

use serde_json::json;
use stages::{SEED, Workspace, gzip, zstd};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use trainyard_contract::FailureClass;
use trainyard_worker::StageError;
use trainyard_worker::dataset::DatasetReader;

#[test]
fn the_seed_becomes_a_dataset() {
    let workspace = Workspace::new();
    let output = workspace.extract(SEED, json!({}), &["age", "salary"]).unwrap();
    assert_eq!(output.rows, Some(4));
    for written in &output.files {
        let (sha256, bytes) = trainyard_worker::artifact::hash_file(&workspace.file("extract", &written.name)).unwrap();
        assert_eq!((&written.sha256, written.bytes), (&sha256, bytes), "{}", written.name);
    }
    let names: Vec<_> = output.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["data.arrow", "dataset.json"]);
    let mut found = workspace.json("extract", "dataset.json");
    let sha256 = found["source"]["sha256"].take();
    let wanted = json!({
        "rows": 4,
        "source": {
            "name": "data/t.csv",
            "sha256": null,
            "bytes": 62,
            "extract": {"csv": {"path": "data/t.csv"}},
        },
        "columns": [
            {"name": "age", "dataType": "Int8"},
            {"name": "salary", "dataType": "Int32"},
            {"name": "target", "dataType": "Int8"},
        ],
        "lineRuns": [{"row": 0, "line": 2}],
    });
    assert_eq!(found, wanted);
    let (source, _) = trainyard_worker::artifact::hash_file(&workspace.path().join("data/t.csv")).unwrap();
    assert_eq!(sha256, json!(source));
    let reader = DatasetReader::open(&workspace.file("extract", "data.arrow")).unwrap();
    assert_eq!((reader.rows(), reader.blocks()), (4, 1));
}

#[test]
fn compressed_files_give_the_same_table_whatever_their_name() {
    let workspace = Workspace::new();
    workspace.extract(SEED, json!({}), &[]).unwrap();
    let wanted = fs::read(workspace.file("extract", "data.arrow")).unwrap();
    let (head, tail) = SEED.split_at(20);
    let two = |pack: fn(&[u8]) -> Vec<u8>| [pack(head), pack(tail)].concat();
    let skippable = [&[0x50, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 9, 9][..], &zstd(SEED)].concat();
    for (name, bytes) in [
        ("gzip", gzip(SEED)),
        ("gzip of two members", two(gzip)),
        ("zstd", zstd(SEED)),
        ("zstd of two frames", two(zstd)),
        ("zstd behind a frame to skip", skippable),
    ] {
        let output = workspace.extract(&bytes, json!({}), &[]);
        let output = output.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(output.rows, Some(4), "{name}");
        assert_eq!(
            fs::read(workspace.file("extract", "data.arrow")).unwrap(),
            wanted,
            "{name}"
        );
        let description = workspace.json("extract", "dataset.json");
        assert_eq!(description["source"]["bytes"], json!(bytes.len()), "{name}");
    }
}

#[test]
fn places_that_hold_no_file() {
    let workspace = Workspace::new();
    fs::create_dir(workspace.path().join("folder")).unwrap();
    let pipe = workspace.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        pipe.as_std_path(),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    fs::write(workspace.path().join("file"), "").unwrap();
    for (path, message) in [
        ("nothing", "data/t.csv is not there"),
        ("file/below", "data/t.csv is not there"),
        ("folder", "data/t.csv is a folder, not a file"),
        ("pipe", "data/t.csv is a pipe, not a file"),
        ("/dev/null", "data/t.csv is a device or socket, not a file"),
    ] {
        let error = workspace.extract_path(path, json!({"path": path}), &[]).unwrap_err();
        assert_eq!((error.message(), error.class()), (message, Some(FailureClass::Data)));
        assert!(!error.hint_text().is_empty(), "{path}");
    }
}

/// Who may only choose a path, such as by a parameter, reads nothing that is beside the workspace.
#[test]
fn no_path_and_no_link_leads_out_of_the_workspace() {
    let workspace = Workspace::new();
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret.csv");
    fs::write(&secret, SEED).unwrap();
    let place = workspace.path();
    let (folder, file) = (outside.path().file_name().unwrap(), "secret.csv");
    let beside = format!("../{}/{file}", folder.to_str().unwrap());
    std::os::unix::fs::symlink(&secret, place.join("link.csv")).unwrap();
    std::os::unix::fs::symlink(outside.path(), place.join("folder")).unwrap();
    std::os::unix::fs::symlink("/proc/self", place.join("self")).unwrap();
    for path in [
        beside.as_str(),
        "./../etc/passwd",
        "link.csv",
        "folder/secret.csv",
        "self/environ",
    ] {
        let error = workspace.extract_path(path, json!({"path": path}), &[]).unwrap_err();
        assert_eq!(
            (error.message(), error.class()),
            ("data/t.csv leads out of the workspace", Some(FailureClass::Config)),
            "{path}"
        );
        assert_eq!(error.hint_text(), "give a path below the workspace, without `..`");
    }
}

#[test]
fn a_path_may_go_up_and_links_may_lead_on_within_the_workspace() {
    let workspace = Workspace::new();
    fs::create_dir(workspace.path().join("2026-11-24")).unwrap();
    fs::write(workspace.path().join("2026-11-24/people.csv"), SEED).unwrap();
    std::os::unix::fs::symlink("2026-11-24", workspace.path().join("newest")).unwrap();
    for path in ["newest/people.csv", "2026-11-24/../newest/people.csv"] {
        let output = workspace.extract_path(path, json!({"path": path}), &[]).unwrap();
        assert_eq!(output.rows, Some(4), "{path}");
    }
}

#[test]
fn a_file_that_may_not_be_read() {
    let workspace = Workspace::new();
    let path = workspace.path().join("secret");
    fs::write(&path, SEED).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser may read everything.
    if fs::File::open(&path).is_err() {
        let error = workspace
            .extract_path("secret", json!({"path": "secret"}), &[])
            .unwrap_err();
        assert_eq!(
            (error.message(), error.class()),
            ("data/t.csv may not be read", Some(FailureClass::Data))
        );
    }
}

#[test]
fn a_full_workspace_is_not_the_datas_fault() {
    let error: StageError = trainyard_worker::dataset::DatasetError::Write {
        path: "runs/r/extract/data.arrow".into(),
        source: rustix::io::Errno::NOSPC.into(),
    }
    .into();
    assert_eq!(error.class(), Some(FailureClass::Infra));
    assert!(error.hint_text().contains("full"));
}

#[test]
fn ten_thousand_columns_are_a_table() {
    let line = |cell: &dyn Fn(usize) -> String| (0..10_000).map(cell).collect::<Vec<_>>().join(",") + "\n";
    let text = line(&|i| format!("column_{i}")) + &line(&|i| i.to_string()).repeat(20) + &line(&|i| format!("{i}.5"));
    let workspace = Workspace::new();
    let output = workspace.extract(text.as_bytes(), json!({}), &["column_9999"]).unwrap();
    assert_eq!(output.rows, Some(21));
    let reader = DatasetReader::open(&workspace.file("extract", "data.arrow")).unwrap();
    assert_eq!(reader.schema().fields().len(), 10_000);
    assert_eq!(reader.column("column_9999"), Some(9_999));
}
