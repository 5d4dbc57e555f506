//! `train` and `predict` on real files: what is saved, what is refused, and in which words.

#![expect(clippy::unwrap_used, reason = "a test stops where its workspace cannot be made")]

#[path = "vocabulary/attempts.rs"]
mod attempts;

use attempts::{SEED, Workspace, seed_train, succeeded};
use camino::Utf8Path;
use serde_json::{Value, json};
use std::fs;
use trainyard_contract::FailureClass;
use trainyard_contract::result::Outcome;
use trainyard_worker::artifact::hash_file;
use trainyard_worker::attempt::{Host, execute};
use trainyard_worker::csv::CsvOptions;
use trainyard_worker::model::predict_csv::predict_file;
use trainyard_worker::model::read_version;

const MODELS: &str = "models/people";

fn sha256(path: &Utf8Path) -> String {
    hash_file(path).unwrap().0
}

fn train_spec(change: &Value) -> Value {
    let mut spec = seed_train();
    for (key, value) in change.as_object().unwrap() {
        spec[key] = value.clone();
    }
    spec
}

#[test]
fn the_seed_becomes_a_whole_model_version() {
    let workspace = Workspace::new();
    let result = succeeded(workspace.train(SEED, &seed_train()));
    let folder = workspace.model_folder(&result);
    assert_eq!(
        workspace.names(MODELS),
        ["model_20260223_104700", "model_20260223_104700.pkl"]
    );
    let manifest = workspace.json(folder.join("manifest.json"));
    assert_eq!(manifest["version"], "model_20260223_104700");
    assert_eq!(manifest["run"], "r1-5f0c2a91");
    assert_eq!(manifest["stage"], "train");
    assert_eq!(manifest["input"]["source"]["name"], "data/t.csv");
    assert_eq!(manifest["input"]["source"]["bytes"], SEED.len());
    assert_eq!(manifest["input"]["dataset"]["rows"], 4);
    let files = manifest["files"].as_object().unwrap();
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["metrics.json", "model.json", "model.onnx", "model.pkl"]);
    for (name, digest) in files {
        assert_eq!(digest["sha256"], sha256(&folder.join(name)), "{name}");
    }
    assert_eq!(
        result.model_version.as_ref().unwrap().sha256,
        sha256(&folder.join("manifest.json"))
    );
    let link = workspace.path().join(MODELS).join("model_20260223_104700.pkl");
    assert_eq!(
        fs::read_link(&link).unwrap().to_str(),
        Some("model_20260223_104700/model.pkl")
    );
    assert_eq!(fs::read(link).unwrap(), fs::read(folder.join("model.pkl")).unwrap());
    assert_eq!(result.outputs["converged"], true);
    assert_eq!((result.rows, &result.outputs["classes"]), (Some(4), &json!(2)));
}

#[test]
fn a_version_for_mlflow_has_its_files_too_and_no_row_that_was_held_out() {
    const OF_MLFLOW: [&str; 6] = [
        "MLmodel",
        "conda.yaml",
        "input_example.json",
        "python_env.yaml",
        "requirements.txt",
        "serving_input_example.json",
    ];
    let table = "age,salary,target\n1,,0\n2,20,1\n3,30,0\n4,40,1\n5,50,0\n6,60,1\n7,70,0\n8,80,1\n";
    let imputed = json!([{"columns": ["salary"], "impute": {"strategy": "Mean"}}]);
    // The last three rows by age.
    let split = json!({"holdout": 0.3, "time": {"column": "age"}});
    for (save, more) in [
        (json!(["mlflow"]), "mlflow.onnx"),
        (json!(["mlflow", "joblib"]), "model.pkl"),
    ] {
        let workspace = Workspace::new();
        let change = json!({"save": save, "preprocess": imputed, "split": split});
        let result = succeeded(workspace.train(table, &train_spec(&change)));
        let folder = workspace.model_folder(&result);
        let manifest = workspace.json(folder.join("manifest.json"));
        let files = manifest["files"].as_object().unwrap();
        let mut wanted = vec!["metrics.json", "model.json", "model.onnx", more];
        wanted.extend(OF_MLFLOW);
        wanted.sort_unstable();
        assert_eq!(files.keys().map(String::as_str).collect::<Vec<_>>(), wanted, "{save}");
        for (name, digest) in files {
            assert_eq!(digest["sha256"], sha256(&folder.join(name)), "{name}");
        }
        let rows = json!([[1, null], [2, 20.0], [3, 30.0], [4, 40.0], [5, 50.0]]);
        assert_eq!(
            workspace.json(folder.join("input_example.json")),
            json!({"columns": ["age", "salary"], "data": rows})
        );
        let mlmodel = fs::read_to_string(folder.join("MLmodel")).unwrap();
        let inputs = r#"  inputs: '[{"type": "long", "name": "age", "required": true}, {"type": "double", "name": "salary", "required": false}]'"#;
        assert!(mlmodel.contains(inputs), "{mlmodel}");
    }
}

#[test]
fn the_seed_has_the_optimum_and_not_what_lbfgs_stops_at() {
    let workspace = Workspace::new();
    let result = succeeded(workspace.train(SEED, &seed_train()));
    let model = workspace.json(workspace.model_folder(&result).join("model.json"));
    for (found, wanted) in [
        (&model["coefficients"][0][0], 1.501_826_254_491_992e-6),
        (&model["coefficients"][0][1], 3.003_652_508_984_092_4e-3),
        (&model["intercepts"][0], -165.200_929_294_347_12),
    ] {
        let found = found.as_f64().unwrap();
        assert!((found / wanted - 1.0).abs() < 1e-9, "{found} {wanted}");
    }
    assert_eq!(model["classes"], json!([0, 1]));
}

#[test]
fn two_runs_differ_in_three_keys_of_the_manifest_only() {
    let workspaces = [Workspace::new(), Workspace::new()];
    let folders = workspaces.each_ref().map(|workspace| {
        let mut document = workspace.train_document(SEED, &seed_train());
        if workspace.path() == workspaces[1].path() {
            document.run = trainyard_contract::RunName::parse("r2").unwrap();
            document.model_version =
                Some(trainyard_contract::ModelVersionName::parse("model_20270101_000000").unwrap());
        }
        let threads = if document.run.as_str() == "r2" { 1 } else { 2 };
        workspace.model_folder(&succeeded(execute(&document, &Host::silent(threads))))
    });
    for name in ["model.json", "model.onnx", "model.pkl"] {
        assert_eq!(
            fs::read(folders[0].join(name)).unwrap(),
            fs::read(folders[1].join(name)).unwrap(),
            "{name}"
        );
    }
    let manifests = folders.map(|folder| {
        let mut manifest: Value = serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
        for key in ["version", "run", "createdAt"] {
            assert!(manifest[key].is_string());
            manifest[key] = Value::Null;
        }
        manifest
    });
    assert_eq!(manifests[0], manifests[1]);
}

#[test]
fn a_taken_name_gets_a_number_and_the_first_version_stays() {
    let workspace = Workspace::new();
    let first = succeeded(workspace.train(SEED, &seed_train()));
    let before = sha256(&workspace.model_folder(&first).join("manifest.json"));
    for (run, version) in [("r2", "model_20260223_104700_2"), ("r3", "model_20260223_104700_3")] {
        let mut document = workspace.train_document(SEED, &seed_train());
        document.run = trainyard_contract::RunName::parse(run).unwrap();
        let result = succeeded(execute(&document, &Host::silent(1)));
        let made = result.model_version.as_ref().unwrap();
        assert_eq!(made.version.as_str(), version);
        let manifest = workspace.json(workspace.model_folder(&result).join("manifest.json"));
        assert_eq!(manifest["version"], version);
        assert!(workspace.path().join(MODELS).join(format!("{version}.pkl")).is_file());
    }
    assert_eq!(sha256(&workspace.model_folder(&first).join("manifest.json")), before);
}

#[test]
fn a_try_after_a_crash_between_the_two_renames_makes_no_second_version() {
    let workspace = Workspace::new();
    let first = succeeded(workspace.train(SEED, &seed_train()));
    fs::remove_dir_all(workspace.path().join("runs/r1-5f0c2a91/train")).unwrap();
    fs::remove_file(workspace.path().join(MODELS).join("model_20260223_104700.pkl")).unwrap();
    let mut document = workspace.train_document(SEED, &seed_train());
    document.attempt = 2;
    let second = succeeded(execute(&document, &Host::silent(1)));
    assert_eq!(second.model_version, first.model_version);
    assert_eq!(second.outputs, first.outputs);
    assert_eq!(
        workspace.names(MODELS),
        ["model_20260223_104700", "model_20260223_104700.pkl"]
    );
}

#[test]
fn runs_at_once_never_share_a_version() {
    let workspace = Workspace::new();
    let document = workspace.train_document(SEED, &seed_train());
    let mut versions: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=8)
            .map(|run| {
                let mut document = document.clone();
                document.run = trainyard_contract::RunName::parse(format!("r{run}")).unwrap();
                scope.spawn(move || succeeded(execute(&document, &Host::silent(1))))
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap().model_version.unwrap().version.to_string())
            .collect()
    });
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), 8);
    let folders = workspace
        .names(MODELS)
        .into_iter()
        .filter(|name| !name.contains(".pkl"));
    assert_eq!(folders.collect::<Vec<_>>(), versions);
}

#[test]
fn what_train_refuses_table() {
    let binary = |weights: Value| train_spec(&json!({"logisticRegression": {"classWeight": weights}}));
    for (name, csv, spec, class, message) in [
        (
            "one class",
            "age,salary,target\n1,2,1\n3,4,1\n",
            seed_train(),
            FailureClass::Data,
            "data/t.csv:2: column `target` has one class only, `1`, in all 2 rows",
        ),
        (
            "a fraction in the target, behind a blank line",
            "age,salary,target\n1,2,1\n\n3,4,0.5\n",
            seed_train(),
            FailureClass::Data,
            "data/t.csv:4: column `target`: `0.5` is not a whole number, so no class",
        ),
        (
            "a null in a feature, without validate",
            "age,salary,target\n1,2,1\n,4,0\n",
            seed_train(),
            FailureClass::Data,
            "data/t.csv:3: column `age` is empty",
        ),
        (
            "a text in a feature",
            "age,salary,target\n1,2,1\nold,4,0\n",
            seed_train(),
            FailureClass::Data,
            "data/t.csv:3: column `age`: `old` is not a number",
        ),
        (
            "a missing column",
            "age,Salary,target\n1,2,1\n3,4,0\n",
            seed_train(),
            FailureClass::Data,
            "data/t.csv:1: column `salary` is missing; found `Salary`",
        ),
        (
            "a weight for a class that is not there",
            SEED,
            binary(json!({"weights": {"2": 3.0}})),
            FailureClass::Config,
            "classWeight.weights names the class `2`, but column `target` has no such value",
        ),
        (
            "one class by two names",
            SEED,
            binary(json!({"weights": {"1": 3.0, "1.0": 2.0}})),
            FailureClass::Config,
            "classWeight.weights names the class `1` twice",
        ),
        (
            "a weight of nothing",
            SEED,
            binary(json!({"weights": {"1": 0.0}})),
            FailureClass::Config,
            "classWeight: class `1` weighs 0, but must weigh more than 0",
        ),
        (
            "c is hardly above zero",
            SEED,
            train_spec(&json!({"logisticRegression": {"c": 5e-324}})),
            FailureClass::Config,
            "logisticRegression.c is 5e-324: no model can be fitted with that in double precision",
        ),
        (
            "c is not positive",
            SEED,
            train_spec(&json!({"logisticRegression": {"c": -1.0}})),
            FailureClass::Config,
            "logisticRegression.c is -1, but must be a number above 0",
        ),
    ] {
        let workspace = Workspace::new();
        let result = workspace.train(csv, &spec);
        assert_eq!(result.class, Some(class), "{name}: {}", result.message);
        assert_eq!(result.message, message, "{name}");
        assert_eq!(workspace.names(MODELS), [] as [&str; 0], "{name}");
    }
}

#[test]
fn a_target_like_a_key_is_refused() {
    let rows = (0..1_001)
        .map(|row| format!("{row},1,{row}"))
        .collect::<Vec<_>>()
        .join("\n");
    let result = Workspace::new().train(&format!("age,salary,target\n{rows}\n"), &seed_train());
    assert_eq!(result.class, Some(FailureClass::Data));
    assert_eq!(
        result.message,
        "data/t.csv: column `target` has more than 1000 different values"
    );
}

#[test]
fn text_labels_and_three_classes_work() {
    let csv = "age,salary,target\n1,5,b\n2,4,a\n3,9,c\n4,1,a\n5,5,b\n6,3,c\n";
    let workspace = Workspace::new();
    let spec = train_spec(&json!({"logisticRegression": {"classWeight": {"weights": {"a": 2.0}}}}));
    let result = succeeded(workspace.train(csv, &spec));
    let model = workspace.json(workspace.model_folder(&result).join("model.json"));
    assert_eq!(model["classes"], json!(["a", "b", "c"]));
    assert_eq!(model["coefficients"].as_array().unwrap().len(), 3);
    let sum: f64 = model["intercepts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| b.as_f64().unwrap())
        .sum();
    assert!(sum.abs() < 1e-9, "{sum}");
}

#[test]
fn a_weight_names_a_whole_number_however_it_is_written() {
    let files = ["1", "1.0"].map(|label| {
        let weights = json!({"logisticRegression": {"classWeight": {"weights": {label: 3.0}}}, "save": ["joblib"]});
        let workspace = Workspace::new();
        let folder = workspace.model_folder(&succeeded(workspace.train(SEED, &train_spec(&weights))));
        ["model.json", "model.pkl"].map(|name| fs::read(folder.join(name)).unwrap())
    });
    assert_eq!(files[0], files[1]);
}

#[test]
fn a_model_that_did_not_converge_says_so() {
    let workspace = Workspace::new();
    let spec = train_spec(&json!({"logisticRegression": {"maxIterations": 1}}));
    let result = succeeded(workspace.train(SEED, &spec));
    assert_eq!(result.outputs["converged"], false);
    let log = fs::read_to_string(workspace.path().join("runs/r1-5f0c2a91/train/1/stage.log")).unwrap();
    assert!(
        log.contains("warn  train: the solver did not reach the optimum"),
        "{log}"
    );
}

#[test]
fn a_dataset_that_changed_ends_as_input_changed() {
    for change in ["flip", "remove"] {
        let workspace = Workspace::new();
        let document = workspace.train_document(SEED, &seed_train());
        let path = workspace.path().join("runs/r1-5f0c2a91/extract/1/data.arrow");
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        if change == "flip" {
            fs::write(&path, bytes).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        let result = execute(&document, &Host::silent(1));
        assert_eq!(result.outcome, Outcome::InputChanged, "{change}: {}", result.message);
        assert_eq!(workspace.names(MODELS), [] as [&str; 0], "{change}");
        let kept = workspace.names("runs/r1-5f0c2a91/train/1");
        assert_eq!(kept, ["result.json", "stage.log"], "{change}");
    }
}

#[test]
fn predictions_are_the_same_by_the_stage_and_by_the_command() {
    let workspace = Workspace::new();
    let trained = succeeded(workspace.train(SEED, &seed_train()));
    let folder = workspace.model_folder(&trained);
    let document = workspace.document(
        "score",
        &json!({
            "spec": {"predict": {}},
            "input": workspace.dataset("salary,age\n50000,25\n1e9,30\n55000,40\n", &["age", "salary"]),
            "model": {"version": "model_20260223_104700", "folder": folder, "sha256": trained.model_version.unwrap().sha256},
        }),
    );
    let result = succeeded(execute(&document, &Host::silent(2)));
    assert_eq!(result.rows, Some(3));
    let scored = workspace.path().join("runs/r1-5f0c2a91/score/1");
    let reader = trainyard_worker::dataset::DatasetReader::open(&scored.join("data.arrow")).unwrap();
    let names: Vec<_> = reader
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    assert_eq!(names, ["salary", "age", "prediction", "probability_0", "probability_1"]);
    let mut by_stage = Vec::new();
    let columns = reader.read(0, &[3, 4]).unwrap();
    for column in &columns {
        let mut values = Vec::new();
        assert!(trainyard_worker::dataset::read_numbers(column, &mut values));
        by_stage.push(values);
    }
    let (model, _) = read_version(&folder).unwrap();
    let mut out = Vec::new();
    let data = workspace.path().join("data/t.csv");
    assert_eq!(
        predict_file(&model, &data, "data/t.csv", CsvOptions::default(), &mut out).unwrap(),
        3
    );
    let text = String::from_utf8(out).unwrap();
    for (row, line) in text.lines().skip(1).enumerate() {
        let cells: Vec<_> = line.split(',').collect();
        let probabilities = [cells[3], cells[4]].map(|cell| cell.parse::<f64>().unwrap().to_bits());
        assert_eq!(
            probabilities,
            [by_stage[0][row].to_bits(), by_stage[1][row].to_bits()],
            "{line}"
        );
    }
    let description = workspace.json(scored.join("dataset.json"));
    assert_eq!(
        description["columns"][2],
        json!({"name": "prediction", "dataType": "Int8"})
    );
}

#[test]
fn a_flipped_byte_in_any_file_of_a_model_is_found() {
    let workspace = Workspace::new();
    let folder = workspace.model_folder(&succeeded(workspace.train(SEED, &seed_train())));
    for name in ["model.json", "model.onnx", "model.pkl"] {
        let path = folder.join(name);
        let whole = fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        fs::write(&path, flipped).unwrap();
        let message = read_version(&folder).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("{path} is not the file that was saved")),
            "{message}"
        );
        fs::write(&path, whole).unwrap();
    }
    assert!(read_version(&folder).is_ok());
    assert_eq!(
        read_version(&folder.join("no")).unwrap_err().to_string(),
        format!("{} is not there", folder.join("no"))
    );
}
