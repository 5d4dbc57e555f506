//! Which rows `train` fits on and which it holds out, what `preprocess` does with them, and what is refused in which words.

#![expect(clippy::unwrap_used, reason = "a test stops where its workspace cannot be made")]

#[path = "vocabulary/attempts.rs"]
mod attempts;

use attempts::{Workspace, succeeded};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use trainyard_contract::result::Outcome;
use trainyard_contract::{FailureClass, StageResult};
use trainyard_worker::attempt::{Host, execute};

/// Rows of `key,day,plan,age,left`: keys come twice, ages are missing now and then, who is old leaves.
fn customers(rows: usize) -> String {
    let mut csv = "key,day,plan,age,left\n".to_owned();
    for row in 0..rows {
        let age = if row % 7 == 3 {
            String::new()
        } else {
            (20 + row * 37 % 50).to_string()
        };
        let plan = ["basic", "pro", "team"][row * row % 3];
        let left = if (row * 37 % 50) + row % 9 > 29 { "yes" } else { "no" };
        let _ = writeln!(
            csv,
            "k{},2026-{:02}-{:02},{plan},{age},{left}",
            row / 2,
            1 + row % 12,
            1 + row % 28
        );
    }
    csv
}

fn spec(change: &Value) -> Value {
    let mut spec = json!({
        "features": ["plan", "age"], "target": "left", "logisticRegression": {},
        "preprocess": [
            {"columns": ["age"], "impute": {"strategy": "Median"}},
            {"columns": ["age"], "scale": {}},
            {"columns": ["plan"], "oneHot": {}},
        ],
    });
    for (key, value) in change.as_object().unwrap() {
        spec[key] = value.clone();
    }
    spec
}

/// Trains on the table, whose column `age` is read as numbers.
fn train(workspace: &Workspace, csv: &str, change: &Value) -> StageResult {
    let input = workspace.dataset(csv, &["age"]);
    let parts = json!({"spec": {"train": spec(change)}, "input": input, "modelVersion": "model_20260223_104700"});
    execute(&workspace.document("train", &parts), &Host::silent(2))
}

fn model(workspace: &Workspace, result: &StageResult) -> Value {
    workspace.json(workspace.model_folder(result).join("model.json"))
}

#[test]
fn rows_are_held_out_by_key_by_time_and_by_chance() {
    let csv = customers(100);
    for (split, held_out) in [
        (json!({"holdout": 0.25, "random": {}}), Some(25)),
        (
            json!({"holdout": 0.21, "random": {"seed": 7, "stratified": false}}),
            Some(21),
        ),
        (json!({"holdout": 0.301, "time": {"column": "day"}}), Some(31)),
        (json!({"holdout": 0.25, "hash": {"column": "key"}}), None),
    ] {
        let workspace = Workspace::new();
        let result = succeeded(train(&workspace, &csv, &json!({"split": split})));
        let rows = result.outputs["holdout_rows"].as_u64().unwrap();
        assert!(held_out.is_none_or(|wanted| wanted == rows), "{split}: {rows}");
        assert_eq!(result.rows, Some(100 - rows));
        let metrics = workspace.json(workspace.model_folder(&result).join("metrics.json"));
        assert_eq!((&metrics["data"], &metrics["rows"]), (&json!("holdout"), &json!(rows)));
        let names: Vec<&str> = result.artifacts.iter().map(|artifact| artifact.path.as_str()).collect();
        assert!(
            names.contains(&"holdout.arrow") && names.contains(&"holdout.json"),
            "{names:?}"
        );
    }
}

#[test]
fn without_a_split_the_metrics_say_that_they_are_of_the_training_rows() {
    let workspace = Workspace::new();
    let result = succeeded(train(&workspace, &customers(60), &json!({})));
    let metrics = workspace.json(workspace.model_folder(&result).join("metrics.json"));
    assert_eq!((&metrics["data"], &metrics["rows"]), (&json!("training"), &json!(60)));
}

#[test]
fn what_is_held_out_does_not_reach_the_model() {
    let csv = customers(90);
    let split = json!({"split": {"holdout": 0.3, "hash": {"column": "key"}}});
    let workspace = Workspace::new();
    let before = succeeded(train(&workspace, &csv, &split));
    let held_out = workspace.json("runs/r1-5f0c2a91/train/1/holdout.json");
    // Lines that no training row stands on: all else about them may change.
    let mut lines: Vec<String> = csv.lines().map(ToOwned::to_owned).collect();
    for run in held_out["lineRuns"].as_array().unwrap() {
        let line = usize::try_from(run["line"].as_u64().unwrap()).unwrap();
        let key = lines[line - 1].split(',').next().unwrap().to_owned();
        lines[line - 1] = format!("{key},1999-01-01,never seen before,-1e9,yes");
    }
    let other = Workspace::new();
    let after = succeeded(train(&other, &(lines.join("\n") + "\n"), &split));
    let bytes = |workspace: &Workspace, result| {
        fs::read(workspace.path().join(workspace.model_folder(result)).join("model.json"))
    };
    assert_eq!(bytes(&workspace, &before).unwrap(), bytes(&other, &after).unwrap());
}

#[test]
fn a_condition_leaves_rows_out_whose_cells_may_then_be_empty() {
    let workspace = Workspace::new();
    let csv = customers(60).replace("k3,", ",").replacen(",no\n", ",\n", 4);
    let result = succeeded(train(
        &workspace,
        &csv,
        &json!({"where": "left is not null and key is not null", "split": {"holdout": 0.3, "hash": {"column": "key"}}}),
    ));
    let rows = result.rows.unwrap() + result.outputs["holdout_rows"].as_u64().unwrap();
    assert!((52..=56).contains(&rows), "{rows}");
}

#[test]
fn an_interrupted_stage_writes_the_held_out_rows_again_and_keeps_its_model() {
    let workspace = Workspace::new();
    let change = json!({"split": {"holdout": 0.3, "random": {}}});
    let first = succeeded(train(&workspace, &customers(60), &change));
    // As if the worker had died between the model's rename and the attempt's.
    fs::remove_dir_all(workspace.path().join("runs/r1-5f0c2a91/train")).unwrap();
    let second = succeeded(train(&workspace, &customers(60), &change));
    assert_eq!(second.model_version, first.model_version);
    assert_eq!(second.outputs, first.outputs);
    let digest = |result: &StageResult| {
        let mut artifacts = result.artifacts.iter();
        artifacts
            .find(|artifact| artifact.path == "holdout.arrow")
            .unwrap()
            .sha256
            .clone()
    };
    assert_eq!(digest(&second), digest(&first));
}

#[test]
fn the_best_candidate_of_a_search_makes_the_model_and_all_scores_are_kept() {
    let workspace = Workspace::new();
    let search = json!({"over": {"c": [1e-6, 1.0, 0.5]}, "folds": 3, "metric": "roc_auc"});
    let result = succeeded(train(&workspace, &customers(120), &json!({"search": search})));
    let kept = workspace.json(workspace.model_folder(&result).join("search.json"));
    let tried: Vec<f64> = kept["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["c"].as_f64().unwrap())
        .collect();
    assert_eq!(tried, [1e-6, 1.0, 0.5]);
    assert!(
        kept["candidates"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["scores"].as_array().unwrap().len() == 3)
    );
    assert_eq!(model(&workspace, &result)["c"], kept["c"]);
    assert_eq!(result.outputs["c"], kept["c"]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_cannot_be_split_filtered_or_encoded_is_refused_in_words() {
    let table = customers(40);
    let one_key = (0..20).fold(table.clone(), |csv, key| csv.replace(&format!("\nk{key},"), "\nsame,"));
    let one_day = table.lines().fold(String::new(), |mut csv, line| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if cells[0] != "key" {
            cells[1] = "2026-11-24";
        }
        let _ = writeln!(csv, "{}", cells.join(","));
        csv
    });
    let rare = table.replacen(",yes\n", ",maybe\n", 1);
    let new_category = "key,day,plan,age,left\n".to_owned()
        + &(0..40).fold(String::new(), |mut csv, row| {
            let plan = if row == 39 { "gold" } else { "basic" };
            let _ = writeln!(
                csv,
                "k{row},2026-01-{:02},{plan},3,{}",
                1 + row / 2,
                ["no", "yes"][row % 2]
            );
            csv
        });
    let hash = json!({"holdout": 0.3, "hash": {"column": "key"}});
    let time = json!({"holdout": 0.3, "time": {"column": "day"}});
    let data = FailureClass::Data;
    let config = FailureClass::Config;
    for (name, csv, change, class, message) in [
        (
            "an empty key",
            table.replace("\nk4,", "\n,"),
            json!({"split": hash}),
            data,
            "data/t.csv:10: column `key` is empty, and 1 more fault",
        ),
        (
            "one key",
            one_key,
            json!({"split": hash}),
            data,
            "data/t.csv: column `key`, by which rows are held out, has one value only: ",
        ),
        (
            "one day",
            one_day,
            json!({"split": time}),
            data,
            "data/t.csv: column `day`, by which rows are held out, has one value only: no row is newer than another",
        ),
        (
            "no time",
            table.replace("2026-03-03", "in March"),
            json!({"split": time}),
            data,
            "data/t.csv:4: column `day`: `in March` is no time",
        ),
        (
            "all held out",
            table.clone(),
            json!({"split": {"holdout": 0.999, "time": {"column": "day"}}}),
            data,
            "data/t.csv: with 40 rows and `holdout: 0.999` all are held out, and none is left to train on",
        ),
        (
            "no such column",
            table.clone(),
            json!({"split": {"holdout": 0.3, "hash": {"column": "kee"}}}),
            data,
            "data/t.csv:1: column `kee` is missing; found `key`",
        ),
        (
            "a class held out",
            rare,
            json!({"split": {"holdout": 0.9, "time": {"column": "key"}}}),
            data,
            "data/t.csv:2: column `key`: `k0` is no time",
        ),
        (
            "no row",
            table.clone(),
            json!({"where": "age > 1000"}),
            data,
            "data/t.csv: `age > 1000` is true for none of 40 rows",
        ),
        (
            "a filter of nothing",
            table.clone(),
            json!({"where": "agee > 10"}),
            data,
            "data/t.csv:1: column `agee` is missing; found `age`",
        ),
        (
            "a filter of texts",
            table.clone(),
            json!({"where": "plan > 10"}),
            config,
            "train.where: column `plan` is a text, and `10` is a number: they cannot be compared",
        ),
        (
            "a filter of one class",
            table.clone(),
            json!({"where": "left = 'no'"}),
            data,
            "data/t.csv: column `left` has one class only, `no`, in all ",
        ),
        (
            "an absent feature",
            table.replace("plan", "Plan"),
            json!({}),
            data,
            "data/t.csv:1: column `plan` is missing; found `Plan`",
        ),
        (
            "an empty category",
            table.replace("pro", ""),
            json!({}),
            data,
            "data/t.csv:3: column `plan` is empty",
        ),
        (
            "a mean of texts",
            table.replace("pro", ""),
            json!({"preprocess": [
                {"columns": ["age"], "impute": {"strategy": "Median"}},
                {"columns": ["plan"], "impute": {"strategy": "Mean"}},
                {"columns": ["plan"], "oneHot": {}},
            ]}),
            config,
            "data/t.csv: column `plan` holds texts, and texts have no mean",
        ),
        (
            "an infinity",
            table.replacen(",57,", ",inf,", 1),
            json!({}),
            data,
            "column `age`: `inf` is not finite",
        ),
        (
            "a search of too few",
            customers(20),
            json!({"search": {"over": {"c": [1]}, "folds": 20}}),
            data,
            "training rows, too few for 20 folds",
        ),
        (
            "an unseen category",
            new_category,
            json!({
                "preprocess": [{"columns": ["plan"], "oneHot": {"unknown": "Error"}}],
                "split": {"holdout": 0.05, "time": {"column": "day"}},
            }),
            data,
            "data/t.csv:41: column `plan`: `gold` is a category that no training row has",
        ),
    ] {
        let result = train(&Workspace::new(), &csv, &change);
        assert_eq!(
            (result.outcome, result.class),
            (Outcome::Failed, Some(class)),
            "{name}: {}",
            result.message
        );
        assert!(
            result.message.contains(message),
            "{name}:\n{}\n{message}",
            result.message
        );
        assert!(!result.hint.is_empty(), "{name}");
    }
}
