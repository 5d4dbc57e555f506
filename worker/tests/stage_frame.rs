//! The frame round every stage, through the worker's binary: results, exit codes, signals, commits and leftovers.

#![expect(clippy::unwrap_used, reason = "a test stops where its workspace cannot be made")]

#[path = "vocabulary/attempts.rs"]
mod attempts;

use attempts::{SEED, Workspace, seed_train, succeeded};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use trainyard_contract::result::Outcome;
use trainyard_contract::{FailureClass, StageDocument, StageResult};
use trainyard_worker::artifact::clean_unfinished;
use trainyard_worker::attempt::{Event, Host, execute};

fn start(workspace: &Workspace, document: &StageDocument) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_trainyard-worker"))
        .args(["--log", "json"])
        .env("TRAINYARD_RESULT_FILE", workspace.path().join("result"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = serde_json::to_vec(document).unwrap();
    child.stdin.take().unwrap().write_all(&text).unwrap();
    child
}

fn run(workspace: &Workspace, document: &StageDocument) -> (i32, StageResult, Vec<Event>) {
    ended(workspace, &start(workspace, document).wait_with_output().unwrap())
}

fn ended(workspace: &Workspace, output: &Output) -> (i32, StageResult, Vec<Event>) {
    let result = serde_json::from_slice(&fs::read(workspace.path().join("result")).unwrap()).unwrap();
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    let events = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code().unwrap(), result, events)
}

/// `extract` of a table that takes a while to read.
fn slow_document(workspace: &Workspace) -> StageDocument {
    let rows = "25,50000,0\n30.5,60000,1\n".repeat(1_500_000);
    workspace.extract_document(&format!("age,salary,target\n{rows}"), &["age", "salary"])
}

#[test]
fn a_good_attempt_is_committed_and_told_three_times() {
    let workspace = Workspace::new();
    let (code, result, events) = run(&workspace, &workspace.extract_document(SEED, &[]));
    assert_eq!(
        (code, result.outcome, result.attempt, result.rows),
        (0, Outcome::Succeeded, 1, Some(4))
    );
    let folder = "runs/r1-5f0c2a91/extract";
    assert_eq!(workspace.names(folder), ["1"]);
    assert_eq!(
        workspace.names(&format!("{folder}/1")),
        ["data.arrow", "dataset.json", "result.json", "stage.log"]
    );
    assert_eq!(workspace.json(format!("{folder}/1/result.json")), json!(result));
    let Some(Event::Result { stage, result: told }) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!((stage.as_str(), told), ("extract", &result));
    let log = fs::read_to_string(workspace.path().join(folder).join("1/stage.log")).unwrap();
    assert_eq!(log.lines().count(), events.len() - 1);
    let names: Vec<_> = result.artifacts.iter().map(|artifact| artifact.path.as_str()).collect();
    assert_eq!(names, ["data.arrow", "dataset.json", "stage.log"]);
}

#[test]
fn a_failed_attempt_keeps_its_log_and_no_dataset() {
    let workspace = Workspace::new();
    let (code, result, _) = run(&workspace, &workspace.extract_document("a,b\n1,2\n3\n", &[]));
    assert_eq!((code, result.class), (10, Some(FailureClass::Data)));
    assert_eq!(result.message, "data/t.csv:3: 1 field, but the header has 2");
    assert_eq!(
        workspace.names("runs/r1-5f0c2a91/extract/1"),
        ["result.json", "stage.log"]
    );
    let log = fs::read_to_string(workspace.path().join("runs/r1-5f0c2a91/extract/1/stage.log")).unwrap();
    assert!(log.contains("1 field, but the header has 2"), "{log}");
}

#[test]
fn an_attempt_that_runs_twice_reports_what_the_first_made() {
    let workspace = Workspace::new();
    let (_, first, _) = run(&workspace, &workspace.extract_document(SEED, &[]));
    let (code, second, _) = run(&workspace, &workspace.extract_document("a,b\n1\n", &[]));
    assert_eq!((code, second), (0, first));
    assert_eq!(workspace.names("runs/r1-5f0c2a91/extract"), ["1"]);
}

#[test]
fn of_many_at_once_one_commits_and_all_report_it() {
    let workspace = Workspace::new();
    let document = workspace.train_document(SEED, &seed_train());
    let results: Vec<StageResult> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| execute(&document, &Host::silent(1))))
            .collect();
        threads
            .into_iter()
            .map(|thread| succeeded(thread.join().unwrap()))
            .collect()
    });
    assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
    assert_eq!(workspace.names("runs/r1-5f0c2a91/train"), ["1"]);
    assert_eq!(
        workspace.names("models/people"),
        ["model_20260223_104700", "model_20260223_104700.pkl"]
    );
}

#[test]
fn a_lost_result_is_reported_again_and_not_made_again() {
    let workspace = Workspace::new();
    let (_, first, _) = run(&workspace, &workspace.extract_document(SEED, &[]));
    let mut document = workspace.extract_document("a,b\n1\n", &[]);
    (document.attempt, document.recover, document.earlier_attempts) = (3, true, vec![1, 2]);
    let (code, recovered, _) = run(&workspace, &document);
    assert_eq!((code, recovered.attempt), (0, 1));
    assert_eq!(recovered, first);
    // A power cut took the dataset: the stage runs again.
    fs::remove_file(workspace.path().join("runs/r1-5f0c2a91/extract/1/data.arrow")).unwrap();
    let (code, again, _) = run(&workspace, &document);
    assert_eq!((code, again.attempt), (10, 3));
}

#[test]
fn sigterm_stops_cleanly_and_leaves_the_log() {
    let workspace = Workspace::new();
    let child = start(&workspace, &slow_document(&workspace));
    let stage = workspace.path().join("runs/r1-5f0c2a91/extract");
    wait_for_unfinished(&stage);
    let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let (code, result, _) = ended(&workspace, &child.wait_with_output().unwrap());
    assert_eq!((code, result.outcome), (143, Outcome::Stopped));
    assert_eq!(workspace.names("runs/r1-5f0c2a91/extract"), ["1"]);
    let kept = workspace.names("runs/r1-5f0c2a91/extract/1");
    assert_eq!(kept, ["result.json", "stage.log"]);
}

#[test]
fn a_killed_attempt_leaves_a_folder_that_the_next_run_removes() {
    let workspace = Workspace::new();
    let document = slow_document(&workspace);
    let mut killed = start(&workspace, &document);
    let stage = workspace.path().join("runs/r1-5f0c2a91/extract");
    wait_for_unfinished(&stage);
    assert_eq!(clean_unfinished(workspace.path()), [] as [&str; 0], "its process lives");
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(workspace.names("runs/r1-5f0c2a91/extract").len(), 1);
    assert_eq!(clean_unfinished(workspace.path()).len(), 1);
    let (code, result, _) = run(&workspace, &workspace.extract_document(SEED, &[]));
    assert_eq!((code, result.rows), (0, Some(4)));
}

/// Waits until the stage writes: its folder is locked by then. (One that is not yet locked may be removed; its writer takes
/// another.)
fn wait_for_unfinished(stage: &camino::Utf8Path) {
    let is_written = || {
        let mut folders = stage.read_dir_utf8().into_iter().flatten().flatten();
        folders.any(|folder| folder.path().join("stage.log").is_file())
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_written() {
        assert!(Instant::now() < deadline, "the stage never began");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn the_worker_keeps_the_timeout_itself() {
    let workspace = Workspace::new();
    let mut document = slow_document(&workspace);
    document.timeout = Some(trainyard_contract::Duration::from_millis(1));
    let (code, result, _) = run(&workspace, &document);
    assert_eq!((code, result.class), (15, Some(FailureClass::Timeout)));
    assert_eq!(result.message, "not done after 0.001 s, which is the stage's timeout");
}

#[test]
fn an_unusable_workspace_is_infra_and_says_where() {
    for in_the_way in ["runs", "runs/r1-5f0c2a91", "runs/r1-5f0c2a91/extract"] {
        let workspace = Workspace::new();
        let document = workspace.extract_document(SEED, &[]);
        let path = workspace.path().join(in_the_way);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "a file").unwrap();
        let (code, result, _) = run(&workspace, &document);
        assert_eq!(
            (code, result.class),
            (14, Some(FailureClass::Infra)),
            "{in_the_way}: {}",
            result.message
        );
        assert!(result.message.contains(workspace.path().as_str()), "{}", result.message);
        assert!(!result.hint.is_empty());
    }
}

#[test]
fn a_document_that_is_none_is_told_and_nothing_is_written() {
    let workspace = Workspace::new();
    for text in ["", "{", "{}", "[1]"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_trainyard-worker"))
            .env("TRAINYARD_RESULT_FILE", workspace.path().join("result"))
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(13), "{text:?}");
        let result: Value = workspace.json("result");
        assert_eq!(result["class"], "Internal", "{text:?}");
        assert_eq!(workspace.names(""), ["result"]);
    }
}

#[test]
fn long_stages_tell_their_progress_and_quick_ones_do_not() {
    let workspace = Workspace::new();
    let rows = |events: &[Event]| -> Vec<u64> {
        let rows = events.iter().filter_map(|event| match event {
            Event::Progress { rows, .. } => Some(*rows),
            Event::Log(_) | Event::Result { .. } => None,
        });
        rows.collect()
    };
    let (_, _, events) = run(&workspace, &workspace.extract_document(SEED, &[]));
    assert_eq!(rows(&events), [] as [u64; 0]);
    let mut document = slow_document(&workspace);
    document.attempt = 2;
    let (code, _, events) = run(&workspace, &document);
    assert_eq!(code, 0);
    assert!(rows(&events).is_sorted());
}
