//! `trainyard models`: which versions there are.

mod vocabulary;

use vocabulary::manifest::seed;
use vocabulary::{SEED_ROWS, workspace};

#[test]
fn models_are_listed_newest_first_with_the_champion() {
    let workspace = workspace().with("seed.yaml", seed().yaml()).with("data.csv", SEED_ROWS);
    for _ in 0..2 {
        workspace.trainyard("run seed.yaml").exits(0);
    }
    let list = workspace.trainyard("models -o json").exits(0).json();
    let models = list["models"].as_array().unwrap();
    let facts: Vec<_> = models
        .iter()
        .map(|model| (model["champion"].as_bool().unwrap(), model["rows"].as_u64().unwrap()))
        .collect();
    assert_eq!(facts, [(true, 4), (false, 4)]);
    assert!(models[0]["run"].as_str().unwrap().starts_with("seed-2"), "{list}");
    let table = workspace.trainyard("models seed").exits(0).stdout;
    assert_eq!(table.lines().count(), 3, "{table}");
    workspace.trainyard("models sed").exits(2).reads_as("unknown-pipeline");
}

#[test]
fn a_broken_version_is_named_and_the_others_are_listed() {
    let workspace = workspace().with("seed.yaml", seed().yaml()).with("data.csv", SEED_ROWS);
    workspace.trainyard("run seed.yaml").exits(0);
    workspace.write("models/seed/model_20200101_000000/model.json", "{");
    let ran = workspace.trainyard("models").exits(0);
    assert_eq!(ran.stdout.lines().count(), 2);
    assert!(ran.stderr.contains("model_20200101_000000"), "{}", ran.stderr);
}

#[test]
fn a_workspace_without_models_has_an_empty_list() {
    let ran = workspace().trainyard("models -o json").exits(0);
    assert_eq!(ran.json()["models"].as_array().map(Vec::len), Some(0));
}
