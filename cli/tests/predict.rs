//! `trainyard predict`: a model's answers for a CSV file.

#![allow(clippy::unwrap_used, reason = "what a test needs must be there")]

mod vocabulary;

use camino::Utf8PathBuf;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;
use trainyard_worker::csv::{CsvOptions, ReadControl, read_files};
use trainyard_worker::source::SourceFiles;
use trainyard_worker::table_file::{TableFile, TableFormat};
use vocabulary::manifest::{manifest, seed};
use vocabulary::{SEED_ROWS, Workspace, workspace};

fn utf8(workspace: &Workspace, name: &str) -> Utf8PathBuf {
    Utf8PathBuf::from_path_buf(workspace.path(name)).unwrap()
}

/// Writes `NAME.parquet` with the rows of `NAME.csv`.
fn parquet_of(workspace: &Workspace, name: &str) {
    let files = SourceFiles::anywhere(&utf8(workspace, &format!("{name}.csv"))).unwrap();
    let mut file = TableFile::new(utf8(workspace, &format!("{name}.parquet")), TableFormat::Parquet);
    read_files(&files, &CsvOptions::default(), ReadControl::quiet(), &mut file).unwrap();
    file.finish().unwrap();
}

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

/// A version is checked whole before it predicts: whichever file of it is not what was saved is named.
#[test]
fn a_flipped_byte_in_any_file_of_a_version_is_refused() {
    let train = "name: train, train: {features: [age, salary], target: target, logisticRegression: {}, save: [joblib]}";
    let manifest = manifest("seed")
        .extract("data.csv")
        .stage(&format!("{train}, input: extract"));
    let workspace = workspace()
        .with("seed.yaml", manifest.yaml())
        .with("data.csv", SEED_ROWS);
    workspace.trainyard("run seed.yaml").exits(0);
    let folder = "models/seed/champion";
    let files: Vec<String> = workspace.json(&format!("{folder}/manifest.json"))["files"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert!(files.iter().any(|name| name == "model.pkl"), "{files:?}");
    let damage = |name: &str, at: usize, refused: &str| {
        let path = workspace.path(&format!("{folder}/{name}"));
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, bad).unwrap();
        let ran = workspace.trainyard(&format!("predict {folder} data.csv")).exits(1);
        let refused = format!("{folder}/{name} {refused}");
        assert!(ran.stderr.contains(&refused), "{name} {at}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
        fs::write(&path, good).unwrap();
    };
    let bytes = |name: &str| fs::read(workspace.path(&format!("{folder}/{name}"))).unwrap().len();
    for name in files {
        let bytes = bytes(&name);
        for at in [0, bytes / 2, bytes - 1] {
            damage(&name, at, "is not the file that was saved");
        }
    }
    // It has no other file to speak for it. When and by which run the version was made is all that could be another.
    let manifest = workspace.read(&format!("{folder}/manifest.json"));
    let of_the_run = manifest.find("  \"pipeline\"").unwrap();
    for at in (of_the_run..manifest.len()).step_by(7).chain([0, 3]) {
        damage("manifest.json", at, "is damaged: ");
    }
    workspace.trainyard(&format!("predict {folder} data.csv")).exits(0);
}

/// CSV to Parquet, that to Arrow, and that to CSV again: the same predictions for the same rows.
#[test]
fn every_format_holds_the_same() {
    let rows = "name,salary,age\n\"Ann, Bo\",50000,25\nCy,80000,45\n,61000.5,30\n";
    let workspace = trained().with("new.csv", rows);
    let plain = workspace
        .trainyard("predict models/seed/champion new.csv")
        .exits(0)
        .stdout;
    let same_file = workspace
        .trainyard("predict models/seed/champion new.csv -o out.csv")
        .exits(0);
    assert_eq!(
        (same_file.stdout.as_str(), workspace.read("out.csv")),
        ("", plain.clone())
    );
    workspace
        .trainyard("predict models/seed/champion new.csv -o a.parquet")
        .exits(0);
    workspace
        .trainyard("predict models/seed/champion new.csv --output a.data --format arrow")
        .exits(0);
    workspace
        .trainyard("predict models/seed/champion new.csv -o b.parquet")
        .exits(0);
    assert!(fs::read(workspace.path("a.parquet")).unwrap() == fs::read(workspace.path("b.parquet")).unwrap());
    let arrow = trainyard_worker::dataset::DatasetReader::open(&utf8(&workspace, "a.data")).unwrap();
    let names: Vec<&str> = arrow
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(
        names,
        ["name", "salary", "age", "prediction", "probability_0", "probability_1"]
    );
    // A Parquet file predicted again has the answers twice: that is refused by name, and no line is spoken of.
    let again = workspace.trainyard("predict models/seed/champion a.parquet").exits(1);
    assert_eq!(
        again.stderr,
        "error: a.parquet: there is a column `prediction` already, which the model would add\nhint: rename the column, or leave it out\n"
    );
    assert_eq!(
        workspace.names("."),
        [
            "a.data",
            "a.parquet",
            "b.parquet",
            "data.csv",
            "models",
            "new.csv",
            "out.csv",
            "runs",
            "seed.yaml"
        ]
    );
}

#[test]
fn a_file_of_predictions_is_there_whole_or_not_at_all() {
    let workspace = trained()
        .with("bad.csv", "age,salary\n25,50000\n\nold,60000\n,1\n")
        .with("out.csv", "before\n");
    for (output, written) in [
        ("out.csv", Some("before\n")),
        ("out.parquet", None),
        ("out.arrow", None),
    ] {
        let ran = workspace
            .trainyard(&format!("predict models/seed/champion bad.csv --output {output}"))
            .exits(1);
        assert!(
            ran.stderr
                .starts_with("error: bad.csv:4: column `age`: `old` is not a number"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.ends_with(&format!("hint: {output} is not written\n")),
            "{}",
            ran.stderr
        );
        assert_eq!(fs::read_to_string(workspace.path(output)).ok().as_deref(), written);
    }
    assert_eq!(
        workspace.names("."),
        ["bad.csv", "data.csv", "models", "out.csv", "runs", "seed.yaml"]
    );
    for (words, message) in [
        (
            "-o out.xlsx",
            "error: the ending of `out.xlsx` does not say which format it is to have\n",
        ),
        (
            "--format parquet",
            "error: the following required arguments were not provided",
        ),
        (
            "-o nowhere/out.csv",
            "error: cannot write nowhere/out.csv: there is no folder nowhere\n",
        ),
        (
            "-o nowhere/out.arrow",
            "error: cannot write nowhere/out.arrow: there is no folder nowhere\n",
        ),
    ] {
        let ran = workspace.trainyard(&format!("predict models/seed/champion data.csv {words}"));
        assert!(ran.stderr.starts_with(message), "{words}: {}", ran.stderr);
        assert_ne!(ran.code, 0);
    }
}

/// What is at the path is replaced only where it is a file, and another than the data.
#[test]
fn what_stands_at_the_output_is_respected() {
    let workspace = trained().with("out.csv", "before\n").with("folder/keep", "");
    let at = |name: &str| workspace.path(name);
    fs::set_permissions(at("out.csv"), Permissions::from_mode(0o600)).unwrap();
    symlink("out.csv", at("link.csv")).unwrap();
    symlink("nothing.csv", at("nowhere.csv")).unwrap();
    assert!(Command::new("mkfifo").arg(at("pipe.csv")).status().unwrap().success());
    for (output, message) in [
        (
            "data.csv",
            "error: data.csv is the data: it would be replaced by its own predictions\n",
        ),
        ("./data.csv", "error: ./data.csv is the data"),
        (
            "pipe.csv",
            "error: pipe.csv is no file, but a device or a pipe\nhint: name a file with --output;",
        ),
        (
            "nowhere.csv",
            "error: cannot write nowhere.csv: it is a link that leads nowhere\n",
        ),
        ("folder --format csv", "error: folder is a folder\n"),
    ] {
        let ran = workspace
            .trainyard(&format!("predict models/seed/champion data.csv -o {output}"))
            .exits(2);
        assert!(ran.stderr.starts_with(message), "{output}: {}", ran.stderr);
    }
    assert_eq!(workspace.read("data.csv"), SEED_ROWS);
    assert!(fs::metadata(at("pipe.csv")).unwrap().file_type().is_fifo());

    let ran = workspace
        .trainyard("predict models/seed/champion data.csv -o link.csv")
        .exits(0);
    assert_eq!(ran.stderr, "link.csv: 4 rows\n");
    assert!(at("link.csv").is_symlink());
    assert!(workspace.read("out.csv").starts_with("age,salary,target,prediction,"));
    assert_eq!(fs::metadata(at("out.csv")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn stopped_it_leaves_nothing() {
    let workspace = trained();
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = workspace
            .command("predict")
            .args(["models/seed/champion", "-", "-o", "out.csv"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(SEED_ROWS.as_bytes()).unwrap();
        let begun = || {
            workspace
                .names(".")
                .iter()
                .any(|name| name.starts_with(".out.csv.tmp-"))
        };
        while !begun() {
            assert_eq!(child.try_wait().unwrap(), None);
            thread::sleep(Duration::from_millis(5));
        }
        let pid = child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(child.wait().unwrap().code(), Some(code));
        drop(stdin);
        assert_eq!(workspace.names("."), ["data.csv", "models", "runs", "seed.yaml"]);
    }
}

/// A day of small numbers and one of large ones.
#[test]
fn the_types_of_a_file_of_predictions_are_the_same_every_day() {
    let workspace = trained()
        .with("small.csv", "age,salary,id\n25,50000,1\n")
        .with("large.csv", "age,salary,id\n25,50000,9000000000\n");
    let types = |name: &str| {
        let words = format!("predict models/seed/champion {name}.csv -o {name}.arrow");
        workspace.trainyard(&words).exits(0);
        let table =
            trainyard_worker::dataset::DatasetReader::open(&utf8(&workspace, &format!("{name}.arrow"))).unwrap();
        let fields = table.schema().fields().iter();
        fields.map(|field| field.data_type().to_string()).collect::<Vec<_>>()
    };
    let small = types("small");
    assert_eq!(small, ["Int64", "Int64", "Int64", "Int64", "Float64", "Float64"]);
    assert_eq!(small, types("large"));
}

#[test]
fn parquet_goes_to_stdout_as_csv_up_to_a_fault() {
    let workspace = trained()
        .with("good.csv", "age,salary,note\n25,50000,\"a, b\"\n45,80000,\n")
        .with("bad.csv", "age,salary,note\n25,50000,x\n,80000,y\n");
    for name in ["good", "bad"] {
        parquet_of(&workspace, name);
    }
    let text = workspace
        .trainyard("predict models/seed/champion good.csv")
        .exits(0)
        .stdout;
    let from_parquet = workspace
        .trainyard("predict models/seed/champion good.parquet")
        .exits(0)
        .stdout;
    assert_eq!(from_parquet, text);
    let ran = workspace.trainyard("predict models/seed/champion bad.parquet").exits(1);
    assert!(
        ran.stderr
            .starts_with("error: bad.parquet, row 2: column `age` is empty\n"),
        "{}",
        ran.stderr
    );
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", ran.stdout);
    assert!(lines[1].starts_with("25,50000,x,0,"), "{}", ran.stdout);
}

/// A stage that does nothing but save writes the same rows as the verb.
#[test]
fn the_stage_saves_what_the_verb_prints() {
    let score = "name: score, input: extract, dependsOn: [train], predict: {save: [csv, parquet]}";
    let manifest = seed().stage(score);
    let workspace = workspace()
        .with("seed.yaml", manifest.yaml())
        .with("data.csv", SEED_ROWS);
    workspace.trainyard("run seed.yaml").exits(0);
    workspace.trainyard("run seed.yaml").exits(0);
    let printed = workspace
        .trainyard("predict models/seed/champion data.csv")
        .exits(0)
        .stdout;
    let folders: Vec<String> = workspace
        .runs()
        .iter()
        .map(|run| format!("runs/{run}/score/1"))
        .collect();
    for folder in &folders {
        assert_eq!(
            workspace.names(folder),
            [
                "data.arrow",
                "dataset.json",
                "predictions.csv",
                "predictions.parquet",
                "result.json",
                "stage.log"
            ]
        );
        assert_eq!(workspace.read(&format!("{folder}/predictions.csv")), printed);
    }
    let parquet = |folder: &String| fs::read(workspace.path(&format!("{folder}/predictions.parquet"))).unwrap();
    assert!(parquet(&folders[0]) == parquet(&folders[1]));
}

/// Texts and missing cells, which the model encodes and fills: the same answers by the stage and by every way of the verb.
#[test]
fn a_model_with_preprocess_answers_alike_everywhere() {
    let train = "name: train, input: extract, train: {features: [plan, age, code], target: left, logisticRegression: {}, \
        preprocess: [{columns: [plan], impute: {strategy: MostFrequent}}, {columns: [plan], oneHot: {unknown: Error}}, \
        {columns: [age], impute: {strategy: Median}}, {columns: [age], scale: {}}, {columns: [code], oneHot: {}}]}";
    let score = "name: score, input: extract, dependsOn: [train], predict: {save: [csv]}";
    let manifest = manifest("people").extract("data.csv").stage(train).stage(score);
    let rows = "plan,age,code,left\npro,25,01,no\n,31,1x,yes\nfree,NA,01,yes\npro,44,2,no\nfree,50,2,yes\npro,,1x,no\n";
    let workspace = workspace().with("people.yaml", manifest.yaml()).with("data.csv", rows);
    workspace.trainyard("run people.yaml").exits(0);
    let predict = |words: &str| workspace.trainyard(&format!("predict models/people/champion {words}"));
    let printed = predict("data.csv").exits(0).stdout;
    // Of each way, what the model adds.
    let answers = |text: &str| -> Vec<String> {
        let lines = text.lines();
        lines
            .map(|line| line.rsplitn(4, ',').take(3).collect::<Vec<_>>().join(","))
            .collect()
    };
    let stage = workspace.read(&format!("runs/{}/score/1/predictions.csv", workspace.runs()[0]));
    assert_eq!(answers(&stage), answers(&printed));
    parquet_of(&workspace, "data");
    assert_eq!(answers(&predict("data.parquet").exits(0).stdout), answers(&printed));
    // Codes that look like numbers are texts to the model.
    let codes = "plan,age,code\npro,25,01\nfree,30,2\n";
    workspace.write("codes.csv", codes);
    let text = predict("codes.csv").exits(0).stdout;
    predict("codes.csv -o codes.parquet").exits(0);
    let arrow = predict("codes.csv -o codes.arrow").exits(0);
    assert_eq!(arrow.stdout, "");
    let reader = trainyard_worker::dataset::DatasetReader::open(&utf8(&workspace, "codes.arrow")).unwrap();
    let types: Vec<String> = reader
        .schema()
        .fields()
        .iter()
        .map(|field| field.data_type().to_string())
        .collect();
    assert_eq!(types, ["Utf8", "Int64", "Utf8", "Utf8", "Float64", "Float64"]);
    let columns: Vec<usize> = (0..types.len()).collect();
    let batch = arrow_of(&reader, &columns);
    assert_eq!(
        batch,
        text.lines()
            .skip(1)
            .map(|line| line.rsplit(',').next().unwrap())
            .collect::<Vec<_>>()
    );
    // What the model cannot take, in both ways.
    for (rows, message) in [
        (
            "plan,age,code\npro,1,2\nteam,1,2\n",
            ":3: column `plan`: `team` is a category that no training row has",
        ),
        (
            "plan,age,code\npro,1,2\npro,old,2\n",
            ":3: column `age`: `old` is not a number",
        ),
        ("plan,age,code\npro,1,2\npro,1,\n", ":3: column `code` is empty"),
    ] {
        workspace.write("bad.csv", rows);
        for (words, lines) in [("bad.csv", 2), ("bad.csv -o bad.parquet", 0)] {
            let ran = predict(words).exits(1);
            assert!(
                ran.stderr.starts_with(&format!("error: bad.csv{message}\n")),
                "{words}: {}",
                ran.stderr
            );
            assert_eq!(ran.stdout.lines().count(), lines, "{words}");
        }
    }
}

/// The last column of a table, as text.
fn arrow_of(reader: &trainyard_worker::dataset::DatasetReader, columns: &[usize]) -> Vec<String> {
    let mut numbers = Vec::new();
    let arrays = reader.read(0, columns).unwrap();
    assert!(trainyard_worker::dataset::read_numbers(
        arrays.last().unwrap(),
        &mut numbers
    ));
    numbers.iter().map(|number| format!("{number:?}")).collect()
}

#[test]
fn a_folder_that_is_no_model_is_refused() {
    let trained = trained();
    for (words, code, wanted) in [
        (
            "models/seed data.csv",
            1,
            "error: models/seed is not a model version: it has no manifest.json\nhint: did you mean models/seed/champion?\n",
        ),
        (
            "data.csv models/seed/champion",
            2,
            "error: data.csv is a file, not the folder of a model version\n\
             hint: the model comes first: trainyard predict models/seed/champion data.csv\n",
        ),
    ] {
        let ran = trained.trainyard(&format!("predict {words}")).exits(code);
        assert_eq!(ran.stderr, wanted);
    }
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
