//! What a run says at its end where things are not as simple as success or failure.

mod vocabulary;

use std::fs;
use std::process::Stdio;
use vocabulary::manifest::seed;
use vocabulary::{SEED_ROWS, Workspace, workspace};

fn seed_workspace() -> Workspace {
    workspace().with("seed.yaml", seed().yaml()).with("data.csv", SEED_ROWS)
}

#[test]
fn a_run_whose_model_cannot_become_the_champion_fails() {
    let workspace = seed_workspace();
    workspace.write("models/seed/champion/in-the-way", "");
    let ran = workspace.trainyard("run seed.yaml -o json").exits(1);
    let document = ran.json();
    assert_eq!(document["phase"], "Failed");
    assert_eq!(ran.ending("train"), "Succeeded");
    assert!(document["model"]["version"].is_string(), "{document}");
    assert!(ran.stderr.contains("but it is not the champion"), "{}", ran.stderr);
    let run = workspace.runs().pop().unwrap();
    let record = workspace.json(&format!("runs/{run}/run.json"));
    assert_eq!(record["status"]["phase"], "Failed");
}

/// A run whose `train` saves its model and then finds its attempt's place taken; `None` where this test was too slow to be
/// in its way.
fn run_with_a_train_in_the_way() -> Option<(Workspace, vocabulary::Ran)> {
    let workspace = seed_workspace();
    let run = workspace.start("run seed.yaml -o json");
    let stage = vocabulary::until("the run has begun", || {
        let folder = workspace.runs().pop()?;
        Some(workspace.path(&format!("runs/{folder}/train")))
    });
    // From the last attempt to the first, so that none comes through once the first is blocked.
    let is_in_time = (1..=9)
        .rev()
        .all(|attempt| fs::create_dir_all(stage.join(format!("{attempt}/in-the-way"))).is_ok());
    let ran = run.ends(&workspace);
    (is_in_time && ran.code == 1).then_some((workspace, ran))
}

#[test]
fn a_version_that_was_saved_is_named_although_its_stage_failed() {
    let mut tries = (0..50).map(|_| run_with_a_train_in_the_way());
    let (workspace, ran) = tries.find_map(|ran| ran).expect("once in 50 runs this test is in time");
    assert_eq!(ran.ending("train"), "Failed Infra");
    let document = ran.json();
    let path = document["model"]["path"].as_str().unwrap();
    assert!(fs::metadata(path).unwrap().is_dir(), "{document}");
    assert_eq!(workspace.names("models/seed").len(), 1, "one version, and no champion");
}

#[test]
fn a_model_that_is_not_the_optimum_is_told_loudly() {
    let pipeline = seed()
        .yaml()
        .replace("logisticRegression: {}", "logisticRegression: {maxIterations: 1}");
    assert!(pipeline.contains("maxIterations"));
    let workspace = workspace().with("seed.yaml", pipeline).with("data.csv", SEED_ROWS);
    let ran = workspace.trainyard("run seed.yaml -o json").exits(0);
    let warning = "the solver did not reach the optimum in 1 iteration: the model's numbers are not the best ones";
    assert_eq!(ran.message("train"), warning);
    assert!(ran.stderr.contains(&format!("warning: {warning}\n")), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("hint: raise logisticRegression.maxIterations"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_outcome_that_cannot_be_written_is_an_error() {
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for words in ["run seed.yaml", "run seed.yaml -o json"] {
        let workspace = seed_workspace();
        let output = workspace
            .command(words)
            .stdout(full())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{words}: {stderr}");
        assert!(
            stderr.contains("cannot write the outcome to stdout"),
            "{words}: {stderr}"
        );
    }
}

#[test]
fn the_run_that_people_were_just_told_of_is_kept() {
    let pipeline = seed().spec("retention: {failedRuns: 0, successfulRuns: 0}").yaml();
    let workspace = workspace()
        .with("seed.yaml", pipeline)
        .with("data.csv", "age,salary,target\n,1,0\n2,3,1\n");
    for _ in 0..2 {
        let ran = workspace.trainyard("run seed.yaml").exits(1);
        let report = ran.stderr.rsplit_once(" are in ").unwrap().1.trim_end();
        assert_eq!(workspace.json(report)["faults"][0]["column"], "age");
        assert_eq!(workspace.runs().len(), 1);
    }
}

#[test]
fn a_folder_without_a_name_is_a_mistake_of_the_command_line() {
    let workspace = seed_workspace();
    for words in ["models --workspace nowhere", "logs seed-1 --workspace nowhere"] {
        let ran = workspace.trainyard(words).exits(2);
        assert!(ran.stderr.contains("cannot find the workspace"), "{}", ran.stderr);
    }
    for words in [&["run", "seed.yaml"][..], &["models"], &["logs", "seed-1"]] {
        let mut command = workspace.command("");
        let output = command.args(words).args(["--workspace", ""]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(output.stdout.is_empty(), "{words:?}");
    }
}
