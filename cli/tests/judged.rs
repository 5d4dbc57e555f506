//! What people are told of a model that was judged: its metrics, on which rows, and where the report is.

mod vocabulary;

use std::path::Path;
use vocabulary::manifest::{Manifest, manifest};
use vocabulary::{Workspace, workspace};

/// Forty rows; every fifth label is not what the two features say.
fn table() -> String {
    let rows = (0..40).map(|row| {
        let high = row % 2;
        let target = if row % 5 == 0 { 1 - high } else { high };
        format!("{},{},{target}", 20 + row, 100 * (row % 7) + 500 * high)
    });
    let lines: Vec<String> = std::iter::once("age,salary,target".to_owned()).chain(rows).collect();
    lines.join("\n") + "\n"
}

fn judged(evaluate: &str) -> Manifest {
    manifest("judged")
        .extract("data.csv")
        .stage(
            "name: train, dependsOn: [extract], train: {features: [age, salary], target: target, logisticRegression: {}, \
             split: {holdout: 0.25, random: {seed: 1}}}",
        )
        .stage(&format!("name: evaluate, dependsOn: [train], evaluate: {{{evaluate}}}"))
}

fn judged_workspace(evaluate: &str) -> Workspace {
    workspace()
        .with("judged.yaml", judged(evaluate).yaml())
        .with("data.csv", table())
}

#[test]
fn a_run_tells_its_metrics_and_its_report_and_models_tells_them_again() {
    let workspace = judged_workspace("");
    workspace.trainyard("run judged.yaml").exits(0).reads_as("judged");
    workspace.trainyard("models").exits(0).reads_as("judged-models");
    let list = workspace.trainyard("models -o json").exits(0).json();
    let measured = &list["models"][0]["measured"];
    let metrics = workspace.json("models/judged/champion/metrics.json");
    assert_eq!(measured["metric"], "roc_auc");
    assert_eq!(measured["value"], metrics["roc_auc"]);
    assert_eq!(
        (&measured["data"], &measured["rows"]),
        (&metrics["data"], &metrics["rows"])
    );
}

#[test]
fn json_has_the_path_of_the_report_also_where_a_requirement_is_not_met() {
    for (evaluate, code) in [("", 0), ("require: ['accuracy > 0.99']", 1)] {
        let workspace = judged_workspace(evaluate);
        let ran = workspace.trainyard("run judged.yaml -o json").exits(code);
        let report = ran.stage("evaluate")["report"].as_str().unwrap().to_owned();
        assert!(
            Path::new(&report).is_absolute() && Path::new(&report).is_file(),
            "{report}"
        );
        assert!(report.ends_with("/evaluate/1/report.html"), "{report}");
        assert!(ran.stage("train")["report"].is_null());
    }
}

#[test]
fn a_version_without_metrics_is_listed_with_a_dash() {
    let workspace = judged_workspace("");
    workspace.trainyard("run judged.yaml").exits(0);
    for folder in workspace.names("models/judged") {
        let metrics = workspace.path(&format!("models/judged/{folder}/metrics.json"));
        let _ = std::fs::remove_file(metrics);
    }
    let list = workspace.trainyard("models -o json").exits(0).json();
    assert!(list["models"][0]["measured"].is_null(), "{list}");
    let table = workspace.trainyard("models").exits(0).stdout;
    assert!(table.contains("  -         yes        judged-1-"), "{table}");
}
