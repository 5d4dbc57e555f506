//! `trainyard run`: what a person and a program see of a run, and what it leaves behind.

mod vocabulary;

use serde_json::{Value, json};
use vocabulary::manifest::seed;
use vocabulary::{Workspace, manifest, workspace};

fn extract_only() -> String {
    manifest("only").extract("data.csv").yaml()
}

fn seed_workspace(rows: &str) -> Workspace {
    workspace().with("seed.yaml", seed().yaml()).with("data.csv", rows)
}

#[test]
fn bad_data_stops_before_training() {
    let workspace = seed_workspace("age,salary,target\n25,50000,0\n,60000,1\n45,80000,\n22,NA,0\n");
    workspace.trainyard("run seed.yaml").exits(1).reads_as("bad-data");
    let ran = workspace.trainyard("run seed.yaml -o json").exits(1);
    assert_eq!(ran.json()["phase"], "Failed");
    assert_eq!(ran.json()["model"], Value::Null);
    assert_eq!(ran.ending("extract"), "Succeeded");
    assert_eq!(ran.ending("validate"), "Failed Data");
    assert_eq!(ran.ending("train"), "Skipped");
    assert_eq!(ran.message("train"), "`validate` failed");
    assert!(
        ran.message("validate").starts_with("data.csv:3: column `age`"),
        "{}",
        ran.message("validate")
    );
    let skipped = json!({"name": "train", "phase": "Skipped", "failureClass": null, "message": "`validate` failed", "attempts": 0, "seconds": null, "report": null});
    assert_eq!(ran.stage("train"), skipped);
    assert_eq!(workspace.names("models"), [] as [&str; 0]);
}

#[test]
fn the_report_is_found_from_where_the_command_was_given() {
    let workspace = seed_workspace("age,salary,target\n,50000,0\n").with("yard/here", "");
    let ran = workspace.trainyard("run seed.yaml --workspace yard").exits(1);
    let hint = ran.stderr.lines().find(|line| line.contains("report.json")).unwrap();
    let path = hint
        .split_whitespace()
        .find(|word| word.ends_with("report.json"))
        .unwrap();
    assert!(workspace.path(path).is_file(), "{hint}");
}

#[test]
fn a_missing_file_is_told_with_where_it_was_looked_for() {
    let workspace = workspace().with("only.yaml", extract_only());
    workspace.trainyard("run only.yaml").exits(1).reads_as("missing-file");
}

#[test]
fn relative_paths_start_at_the_manifest_and_absolute_ones_are_taken_as_they_are() {
    let elsewhere = workspace().with("mine.csv", "a\n1\n2\n");
    let absolute = vocabulary::text(&elsewhere.path("mine.csv"));
    let pipeline = manifest("p")
        .spec("parameters: [{name: dataset, default: 'tables/data.csv'}]")
        .extract("$(parameters.dataset)")
        .yaml();
    let workspace = workspace()
        .with("pipelines/p.yaml", pipeline)
        .with("pipelines/tables/data.csv", "a\n1\n");
    let rows = |run: &str| {
        let folder = workspace.runs().into_iter().find(|name| name.starts_with(run)).unwrap();
        workspace.json(&format!("runs/{folder}/run.json"))["status"]["stages"][0]["rows"].clone()
    };
    workspace.trainyard("run pipelines/p.yaml").exits(0);
    assert_eq!(rows("p-1"), 1);
    workspace
        .trainyard(&format!("run pipelines/p.yaml -p dataset={absolute}"))
        .exits(0);
    assert_eq!(rows("p-2"), 2);
    let ran = workspace
        .trainyard("run pipelines/p.yaml -p dataset=other.csv -o json")
        .exits(1);
    assert!(
        ran.message("extract").starts_with("other.csv"),
        "{}",
        ran.message("extract")
    );
}

#[test]
fn wrong_parameters_are_told_before_anything_is_touched() {
    let pipeline = manifest("p")
        .spec("parameters: [{name: dataset, default: data.csv}, {name: region}]")
        .extract("$(parameters.dataset)")
        .yaml();
    let workspace = workspace().with("p.yaml", pipeline).with("data.csv", "a\n1\n");
    workspace
        .trainyard("run p.yaml -p reigon=eu")
        .exits(2)
        .reads_as("wrong-parameters");
    let ran = workspace.trainyard("run p.yaml -p region").exits(2);
    assert!(ran.stderr.contains("NAME=VALUE"), "{}", ran.stderr);
    let ran = workspace.trainyard("run p.yaml -p region=eu -p region=us").exits(2);
    assert_eq!(ran.stderr, "error: parameter `region` is given twice\n");
    let ran = workspace.trainyard("run p.yaml -p region=eu -p dataset=").exits(2);
    let empty = "spec.stages[0].extract.csv.path: is empty, since `$(parameters.dataset)` is";
    assert!(
        ran.stderr.starts_with("p.yaml:") && ran.stderr.contains(empty),
        "{}",
        ran.stderr
    );
    assert_eq!(workspace.names("."), ["data.csv", "p.yaml"]);
    workspace.trainyard("run p.yaml -p region=eu").exits(0);
}

#[test]
fn a_wrong_manifest_is_told_line_by_line_and_nothing_is_touched() {
    let wrong = extract_only()
        .replace("extract: {", "extrakt: {")
        .replace("metadata", "metadat");
    let workspace = workspace().with("wrong.yaml", wrong);
    let ran = workspace.trainyard("run wrong.yaml -o json --workspace made").exits(2);
    assert_eq!(ran.stdout, "");
    for line in ran.stderr.lines() {
        assert!(line.starts_with("wrong.yaml:"), "{line}");
    }
    assert!(ran.stderr.lines().count() >= 2, "{}", ran.stderr);
    let lint = workspace.trainyard("lint wrong.yaml").exits(2);
    assert_eq!(lint.stderr, ran.stderr);
    assert_eq!(workspace.names("."), ["wrong.yaml"]);
}

#[test]
fn a_feature_that_is_declared_as_text_is_told_before_it_fails() {
    let pipeline = manifest("p")
        .stage("name: extract, extract: {csv: {path: data.csv, columns: [{name: age, type: Text}]}}")
        .train("age", "target")
        .yaml();
    let workspace = workspace().with("p.yaml", pipeline);
    let ran = workspace.trainyard("lint p.yaml").exits(2);
    let wanted = "train.features[0]: `age` is declared as Text by stage `extract`, but a feature is a number";
    assert!(ran.stderr.contains(wanted), "{}", ran.stderr);
}

#[test]
fn a_good_manifest_lints_in_silence() {
    let workspace = workspace().with("only.yaml", extract_only());
    let ran = workspace.trainyard("lint only.yaml").exits(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

#[test]
fn a_workspace_that_is_a_file_fails_the_run_as_infra() {
    let workspace = workspace()
        .with("only.yaml", extract_only())
        .with("data.csv", "a\n1\n")
        .with("taken", "");
    workspace
        .trainyard("run only.yaml --workspace taken")
        .exits(1)
        .reads_as("workspace-is-a-file");
    let ran = workspace.trainyard("run only.yaml --workspace taken -o json").exits(1);
    assert_eq!(ran.json()["phase"], "Failed");
    assert_eq!(ran.ending("extract"), "Failed Infra");
    assert!(ran.json()["run"].is_string());
}

#[test]
fn a_workspace_whose_runs_is_a_file_fails_the_run_as_infra() {
    let workspace = workspace()
        .with("only.yaml", extract_only())
        .with("data.csv", "a\n1\n")
        .with("runs", "");
    let ran = workspace.trainyard("run only.yaml -o json").exits(1);
    assert_eq!(ran.ending("extract"), "Failed Infra");
}

#[test]
fn a_workspace_is_created_where_it_is_missing() {
    let workspace = workspace().with("only.yaml", extract_only()).with("data.csv", "a\n1\n");
    workspace.trainyard("run only.yaml --workspace deep/down").exits(0);
    assert_eq!(workspace.names("deep/down"), ["runs"]);
}

#[test]
fn independent_branches_go_on_after_a_failure() {
    let pipeline = manifest("p")
        .stage("name: bad, extract: {csv: {path: missing.csv}}")
        .stage("name: good, extract: {csv: {path: data.csv}}")
        .stage("name: below-bad, input: bad, validate: {}")
        .stage("name: below-good, input: good, validate: {}")
        .yaml();
    let workspace = workspace().with("p.yaml", pipeline).with("data.csv", "a\n1\n");
    let ran = workspace.trainyard("run p.yaml -o json").exits(1);
    let endings = ["bad", "good", "below-bad", "below-good"].map(|stage| ran.ending(stage));
    assert_eq!(endings, ["Failed Data", "Succeeded", "Skipped", "Succeeded"]);
}

#[test]
fn a_reader_that_goes_away_changes_nothing() {
    let workspace = workspace().with("only.yaml", extract_only()).with("data.csv", "a\n1\n");
    let mut child = workspace
        .command("run only.yaml -o json")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// A small file system of its own, gone at the end of the test; `None` where mounting is not allowed.
struct Volume<'a>(&'a vocabulary::Workspace);

impl<'a> Volume<'a> {
    fn mounted(workspace: &'a vocabulary::Workspace, options: &str) -> Option<Self> {
        std::fs::create_dir(workspace.path("volume")).expect("the name is free");
        let target = workspace.path("volume");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(target)
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then_some(Self(workspace))
    }
}

impl Drop for Volume<'_> {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(self.0.path("volume"))
            .status();
    }
}

#[test]
fn a_full_volume_fails_the_run_as_infra() {
    let pipeline = manifest("only").spec("retry: {limit: 0}").extract("data.csv").yaml();
    let rows = "a,b\n".to_owned() + &"25,50000\n".repeat(200_000);
    let workspace = workspace().with("only.yaml", pipeline).with("data.csv", rows);
    let Some(_volume) = Volume::mounted(&workspace, "size=64k") else {
        return;
    };
    let ran = workspace.trainyard("run only.yaml --workspace volume -o json").exits(1);
    assert_eq!(ran.ending("extract"), "Failed Infra");
    assert!(
        ran.message("extract").contains("No space left"),
        "{}",
        ran.message("extract")
    );
    assert!(ran.stderr.contains("the volume is full"), "{}", ran.stderr);
    std::fs::write(workspace.path("volume/fill"), vec![0; 65_536]).unwrap_err();
    let ran = workspace.trainyard("run only.yaml --workspace volume -o json").exits(1);
    assert_eq!(ran.ending("extract"), "Failed Infra");
    assert_eq!(ran.json()["run"], "only-2");
}

#[test]
fn a_volume_without_write_access_fails_the_run_as_infra() {
    let workspace = workspace().with("only.yaml", extract_only()).with("data.csv", "a\n1\n");
    let Some(_volume) = Volume::mounted(&workspace, "ro") else {
        return;
    };
    let ran = workspace.trainyard("run only.yaml --workspace volume -o json").exits(1);
    assert_eq!(ran.ending("extract"), "Failed Infra");
    assert!(
        ran.message("extract").contains("Read-only"),
        "{}",
        ran.message("extract")
    );
}
