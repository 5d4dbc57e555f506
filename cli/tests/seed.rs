//! The seed pipeline, end to end: a CSV becomes a model version and the champion.

mod vocabulary;

use serde_json::json;
use vocabulary::manifest::seed;
use vocabulary::{SEED_ROWS, Workspace, workspace};

fn seed_workspace(rows: &str) -> Workspace {
    workspace().with("seed.yaml", seed().yaml()).with("data.csv", rows)
}

#[test]
fn the_seed_becomes_a_model_and_its_champion() {
    let workspace = seed_workspace(SEED_ROWS);
    let ran = workspace.trainyard("run seed.yaml").exits(0);
    ran.reads_as("seed");
    let versions = workspace.names("models/seed");
    assert_eq!(versions.len(), 2, "{versions:?}");
    assert_eq!(
        workspace.json("models/seed/champion/model.json")["features"],
        json!(["age", "salary"])
    );
    assert_eq!(workspace.unfinished(), [] as [&std::path::Path; 0]);
}

#[test]
fn json_of_a_run_that_succeeded_has_every_key() {
    let workspace = seed_workspace(SEED_ROWS);
    let ran = workspace.trainyard("run seed.yaml -o json").exits(0);
    let mut document = ran.json();
    let stages = document["stages"].as_array_mut().unwrap();
    for stage in stages {
        assert!(stage["seconds"].take().is_f64() || stage["seconds"].is_null());
    }
    let model = document["model"].take();
    let stage = |name: &str| json!({"name": name, "phase": "Succeeded", "failureClass": null, "message": null, "attempts": 1, "seconds": null, "report": null});
    let wanted = json!({
        "run": "seed-1", "phase": "Succeeded", "model": null,
        "stages": [stage("extract"), stage("validate"), stage("train")]
    });
    assert_eq!(document, wanted);
    let path = std::path::PathBuf::from(model["path"].as_str().unwrap());
    assert!(path.is_absolute() && path.join("model.json").is_file(), "{model}");
    assert_eq!(path.file_name().unwrap(), model["version"].as_str().unwrap());
}

#[test]
fn a_file_where_the_models_go_is_infra_after_retries() {
    let pipeline = seed().spec("retry: {limit: 1, backoff: {initial: 10ms}}").yaml();
    let workspace = workspace()
        .with("seed.yaml", pipeline)
        .with("data.csv", SEED_ROWS)
        .with("models", "");
    let ran = workspace.trainyard("run seed.yaml -o json").exits(1);
    assert_eq!(ran.ending("train"), "Failed Infra");
    assert_eq!(ran.stage("train")["attempts"], 2);
    assert!(ran.stderr.contains("again in 0.01 s"), "{}", ran.stderr);
}
