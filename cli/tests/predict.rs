//! `trainyard predict`: a model's answers for a CSV file.

mod vocabulary;

use std::process::Stdio;
use vocabulary::manifest::seed;
use vocabulary::{SEED_ROWS, Workspace, workspace};

fn trained() -> Workspace {
    let workspace = workspace().with("seed.yaml", seed().yaml()).with("data.csv", SEED_ROWS);
    workspace.trainyard("run seed.yaml").exits(0);
    workspace
}

#[test]
fn the_columns_stay_and_the_answers_come_behind_them() {
    let workspace = trained().with("new.csv", "name,salary,age\n\"Ann, Bo\",50000,25\nCy, 80000 ,45\n");
    let out = workspace
        .trainyard("predict models/seed/champion new.csv")
        .exits(0)
        .stdout;
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "name,salary,age,prediction,probability_0,probability_1");
    assert!(lines[1].starts_with("\"Ann, Bo\",50000,25,0,0."), "{out}");
    assert!(lines[2].starts_with("Cy, 80000 ,45,1,"), "{out}");
    assert_eq!(lines.len(), 3);
    for line in &lines[1..] {
        let sum: f64 = line.rsplit(',').take(2).map(|cell| cell.parse::<f64>().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{line}");
    }
}

#[test]
fn what_is_wrong_with_the_data_is_told_with_its_place() {
    let workspace = trained()
        .with("bad.csv", "age,salary\n25,50000\nold,60000\n")
        .with("less.csv", "age,Salary\n1,2\n");
    workspace
        .trainyard("predict models/seed/champion bad.csv")
        .exits(1)
        .reads_as("predict-no-number");
    workspace
        .trainyard("predict models/seed/champion less.csv")
        .exits(1)
        .reads_as("predict-missing-column");
    let ran = workspace.trainyard("predict models/seed/champion none.csv").exits(1);
    assert!(ran.stderr.contains("none.csv"), "{}", ran.stderr);
}

#[test]
fn a_changed_model_is_refused() {
    let workspace = trained();
    let version = workspace
        .names("models/seed")
        .into_iter()
        .find(|name| name.starts_with("model_"))
        .unwrap();
    let file = format!("models/seed/{version}/model.json");
    workspace.write(
        &file,
        workspace
            .read(&file)
            .replace("\"rows\": 4", "\"rows\": 5")
            .replace("\"rows\":4", "\"rows\":5"),
    );
    let ran = workspace.trainyard("predict models/seed/champion data.csv").exits(1);
    assert!(ran.stderr.contains("model.json"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_folder_that_is_no_model_is_refused() {
    let ran = workspace()
        .with("data.csv", SEED_ROWS)
        .trainyard("predict nowhere data.csv")
        .exits(1);
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("nowhere"), "{}", ran.stderr);
}

#[test]
fn a_reader_that_wants_no_more_ends_it_quietly() {
    let many = "age,salary\n".to_owned() + &"25,50000\n".repeat(200_000);
    let workspace = trained().with("many.csv", many);
    let mut command = workspace.command("predict models/seed/champion many.csv");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
