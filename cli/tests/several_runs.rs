//! Runs that share a workspace: at once, one after the other, and after one that was killed.

mod vocabulary;

use std::collections::BTreeSet;
use vocabulary::manifest::seed;
use vocabulary::{SEED_ROWS, Workspace, is_alive, manifest, send, until, workspace};

/// Enough that each stage takes long enough to be met at work.
const MANY_ROWS: usize = 1_000_000;

fn many_rows() -> String {
    "age,salary,target\n".to_owned() + &"25,50000,0\n30,60000,1\n45,80000,1\n22,40000,0\n".repeat(MANY_ROWS / 4)
}

#[test]
fn runs_at_once_never_share_a_name_or_a_version() {
    let workspace = workspace().with("seed.yaml", seed().yaml()).with("data.csv", SEED_ROWS);
    let running: Vec<_> = (0..6).map(|_| workspace.start("run seed.yaml -o json")).collect();
    let ran: Vec<_> = running.into_iter().map(|run| run.ends(&workspace).exits(0)).collect();
    let distinct =
        |key: &dyn Fn(&serde_json::Value) -> String| ran.iter().map(|ran| key(&ran.json())).collect::<BTreeSet<_>>();
    assert_eq!(distinct(&|document| document["run"].to_string()).len(), 6);
    assert_eq!(distinct(&|document| document["model"]["path"].to_string()).len(), 6);
    assert_eq!(workspace.runs().len(), 6);
    assert!(workspace.path("models/seed/champion/model.json").is_file());
}

/// Kills the command with its stage at work; what it left does not confuse the next run.
fn killed_in(stage: &str) {
    let workspace = workspace()
        .with("seed.yaml", seed().yaml())
        .with("data.csv", many_rows());
    let first = workspace.start("run seed.yaml -o json");
    let workers = until("the stage is at work", || {
        begun(&workspace, stage).then(|| first.workers())
    });
    first.signal("KILL");
    assert_eq!(first.ends(&workspace).code, 128 + 9);
    until("the stage ends with its host", || {
        (!workers.iter().any(|worker| is_alive(*worker))).then_some(())
    });

    workspace.write("data.csv", SEED_ROWS);
    let second = workspace.trainyard("run seed.yaml -o json").exits(0);
    assert_eq!(second.json()["run"], "seed-2");
    assert_eq!(workspace.unfinished(), [] as [&std::path::Path; 0]);
    let champion = workspace.json("models/seed/champion/model.json");
    assert_eq!(champion["rows"], 4);
}

/// The stage is at work, or has just ended: `validate` takes a few milliseconds.
fn begun(workspace: &Workspace, stage: &str) -> bool {
    workspace
        .runs()
        .iter()
        .any(|run| !workspace.names(&format!("runs/{run}/{stage}")).is_empty())
}

fn at_work(workspace: &Workspace, stage: &str) -> bool {
    let has_unfinished = |folder: String| workspace.names(&folder).iter().any(|name| name.starts_with(".tmp-"));
    workspace
        .runs()
        .iter()
        .any(|run| has_unfinished(format!("runs/{run}/{stage}")))
}

#[test]
fn a_command_killed_in_extract_does_not_confuse_the_next() {
    killed_in("extract");
}

#[test]
fn a_command_killed_in_validate_does_not_confuse_the_next() {
    killed_in("validate");
}

#[test]
fn a_command_killed_in_train_does_not_confuse_the_next() {
    killed_in("train");
}

#[test]
fn a_killed_stage_is_infra_and_runs_again() {
    let pipeline = seed().spec("retry: {backoff: {initial: 10ms}}").yaml();
    let workspace = workspace().with("seed.yaml", pipeline).with("data.csv", many_rows());
    let run = workspace.start("run seed.yaml -o json");
    let worker = until("extract is at work", || {
        at_work(&workspace, "extract").then(|| run.workers().pop())?
    });
    send("KILL", worker);
    let ran = run.ends(&workspace).exits(0);
    assert_eq!(ran.stage("extract")["attempts"], 2);
    assert!(ran.stderr.contains("extract   retry"), "{}", ran.stderr);
    assert!(ran.stderr.contains("Infra"), "{}", ran.stderr);
}

#[test]
fn the_newest_runs_are_kept_as_the_manifest_says() {
    let pipeline = manifest("p")
        .spec("retention: {successfulRuns: 2, failedRuns: 1}")
        .extract("data.csv")
        .yaml();
    let workspace = workspace().with("p.yaml", pipeline);
    for _ in 0..2 {
        workspace.trainyard("run p.yaml").exits(1);
    }
    workspace.write("data.csv", "a\n1\n");
    for _ in 0..3 {
        workspace.trainyard("run p.yaml").exits(0);
    }
    let names: Vec<String> = workspace.runs().iter().map(|name| name[..3].to_owned()).collect();
    assert_eq!(names, ["p-2", "p-4", "p-5"]);
}

#[test]
fn the_newest_versions_are_kept_as_the_manifest_says() {
    let pipeline = seed().spec("retention: {modelVersions: 2}").yaml();
    let workspace = workspace().with("p.yaml", pipeline).with("data.csv", SEED_ROWS);
    for second in 1..=3 {
        let version = format!("model_20200101_00000{second}");
        workspace.write(&format!("models/seed/{version}/model.json"), "{}");
        workspace.write(&format!("models/seed/evaluations/{version}/r-check/metrics.json"), "{}");
    }
    workspace.trainyard("run p.yaml").exits(0);
    let champion = std::fs::read_link(workspace.path("models/seed/champion")).unwrap();
    let champion = champion.to_str().unwrap();
    let names = |folder: &str| {
        let entries = std::fs::read_dir(workspace.path(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect::<BTreeSet<_>>()
    };
    let kept = ["champion", champion, "evaluations", "model_20200101_000003"];
    assert_eq!(names("models/seed"), kept.map(str::to_owned).into());
    assert_eq!(
        names("models/seed/evaluations"),
        ["model_20200101_000003".to_owned()].into()
    );
}
