//! Bad input through the real binary: which stage refuses it, as which class, and how its message begins.

mod vocabulary;

use vocabulary::manifest::seed;
use vocabulary::{manifest, workspace};

const ROWS: &str = "25,50000,0\n30,60000,1\n";

fn with_header(rows: &str) -> Vec<u8> {
    format!("age,salary,target\n{rows}").into_bytes()
}

/// A name, a data file, the stage that refuses it, and the beginning of what it says.
type Refused = (&'static str, Vec<u8>, &'static str, &'static str);

/// Files that are no tables.
fn refused_files() -> Vec<Refused> {
    vec![
        ("an empty file", Vec::new(), "extract", "data.csv"),
        ("a header alone", with_header(""), "extract", "data.csv"),
        (
            "a row with a cell more",
            with_header("25,50000,0,9\n"),
            "extract",
            "data.csv:2: 4 fields",
        ),
        (
            "a row with a cell less",
            with_header("25,50000,0\n\n30,1\n"),
            "extract",
            "data.csv:4: 2 fields",
        ),
        (
            "a quote that is never closed",
            with_header("25,50000,0\n\"30,1,1\n"),
            "extract",
            "data.csv:3",
        ),
        (
            "no UTF-8",
            [with_header(ROWS), b"\xff,1,1\n".to_vec()].concat(),
            "extract",
            "data.csv:4",
        ),
        (
            "a column twice",
            b"age,age,target\n1,2,0\n".to_vec(),
            "extract",
            "data.csv:1",
        ),
        (
            "a header with several faults",
            b"age,age,,target\n1,2,3,0\n".to_vec(),
            "extract",
            "data.csv:1: column `age` is there twice, as column 1 and column 2, and 1 more fault",
        ),
        (
            "UTF-16 without a mark",
            with_header(ROWS).iter().flat_map(|&byte| [byte, 0]).collect(),
            "extract",
            "data.csv looks like UTF-16",
        ),
        (
            "another format",
            b"PK\x03\x04\x14\0".to_vec(),
            "extract",
            "data.csv is a zip archive",
        ),
        (
            "broken gzip",
            b"\x1f\x8b\x08\x00\x00".to_vec(),
            "extract",
            "data.csv is damaged: its gzip data ends too early",
        ),
    ]
}

/// Files that are tables, with cells or columns that `validate` refuses.
fn refused_cells() -> Vec<Refused> {
    vec![
        (
            "text among numbers",
            with_header("25,50000,0\nold,60000,1\n"),
            "validate",
            "data.csv:3: column `age`",
        ),
        (
            "infinity",
            with_header("25,inf,0\n30,60000,1\n"),
            "validate",
            "data.csv:2: column `salary`",
        ),
        (
            "too large",
            with_header("25,1e999,0\n30,60000,1\n"),
            "validate",
            "data.csv:2: column `salary`",
        ),
        (
            "NaN",
            with_header("25,50000,0\n30,NaN,1\n"),
            "validate",
            "data.csv:3: column `salary`",
        ),
        (
            "NA",
            with_header("NA,50000,0\n30,60000,1\n"),
            "validate",
            "data.csv:2: column `age`",
        ),
        (
            "a blank cell",
            with_header("25,50000,\n30,60000,1\n"),
            "validate",
            "data.csv:2: column `target`",
        ),
        (
            "a missing column",
            b"age,Salary,target\n25,50000,0\n".to_vec(),
            "validate",
            "data.csv:1: column `salary` is missing",
        ),
        (
            "a space that nobody sees",
            with_header("25\u{a0},50000,0\n"),
            "validate",
            "data.csv:2: column `age`: `25\\u{a0}` is not a number",
        ),
        (
            "a cell that is too long for a message",
            with_header(&format!("{},50000,0\n", "🙂".repeat(60))),
            "validate",
            "data.csv:2: column `age`: `🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂…` is not a number",
        ),
    ]
}

#[test]
fn bad_files_are_refused_as_data_with_their_place() {
    for (name, contents, stage, message) in refused_files().into_iter().chain(refused_cells()) {
        let workspace = workspace().with("seed.yaml", seed().yaml()).with("data.csv", contents);
        let ran = workspace.trainyard("run seed.yaml -o json").exits(1);
        assert_eq!(ran.ending(stage), "Failed Data", "{name}: {}", ran.stdout);
        assert!(
            ran.message(stage).starts_with(message),
            "{name}: {}",
            ran.message(stage)
        );
        assert_eq!(ran.ending("train"), "Skipped", "{name}");
        assert_eq!(ran.stage(stage)["attempts"], 1, "{name}: bad data is not tried again");
    }
}

#[test]
fn targets_that_cannot_be_learnt_are_refused_and_reported() {
    let keys: Vec<String> = (0..1_001).map(|row| format!("1,2,k{row}\n")).collect();
    let keys = keys.concat();
    for (name, rows, count, message) in [
        (
            "one class",
            "25,50000,1\n30,60000,1\n",
            1,
            "data.csv:2: column `target` has one class only, `1`, in all 2 rows",
        ),
        (
            "fractions",
            "25,50000,1\n30,60000,0.5\n30,60000,1.5\n",
            2,
            "data.csv:3: column `target`: `0.5` is not a whole number, so no class, and 1 more fault",
        ),
        (
            "whole numbers that are rounded",
            "25,50000,9007199254740993\n30,60000,9007199254740992\n30,60000,1.0\n",
            2,
            "data.csv:2: column `target`: a number of about 9.007199254740992e15 is too large for a class: beyond 2^53 they \
             are rounded here, and 1 more fault",
        ),
        (
            "a key",
            &keys,
            1,
            "data.csv: column `target` has more than 1000 different values",
        ),
    ] {
        let workspace = workspace()
            .with("seed.yaml", seed().yaml())
            .with("data.csv", with_header(rows));
        let ran = workspace.trainyard("run seed.yaml -o json").exits(1);
        assert_eq!(ran.ending("validate"), "Failed Data", "{name}: {}", ran.stdout);
        assert_eq!(ran.message("validate"), message, "{name}");
        assert_eq!(ran.json()["model"], serde_json::Value::Null);
        let run = workspace.runs().pop().unwrap();
        let faults = &workspace.json(&format!("runs/{run}/validate/1/report.json"))["faults"];
        assert_eq!(
            (faults.as_array().unwrap().len(), &faults[0]["count"]),
            (1, &count.into()),
            "{name}"
        );
    }
}

#[test]
fn train_alone_refuses_targets_that_cannot_be_learnt() {
    let pipeline = manifest("seed")
        .extract("data.csv")
        .train("age, salary", "target")
        .yaml();
    for (rows, message) in [
        (
            "25,50000,1\n30,60000,1\n",
            "data.csv:2: column `target` has one class only, `1`, in all 2 rows",
        ),
        (
            "25,50000,0.5\n30,60000,1\n",
            "data.csv:2: column `target`: `0.5` is not a whole number, so no class",
        ),
    ] {
        let workspace = workspace()
            .with("seed.yaml", &pipeline)
            .with("data.csv", with_header(rows));
        let ran = workspace.trainyard("run seed.yaml -o json").exits(1);
        assert_eq!(ran.ending("train"), "Failed Data", "{}", ran.stdout);
        assert_eq!(ran.message("train"), message);
    }
}

#[test]
fn a_cell_that_breaks_its_declared_type_is_a_fault_whoever_uses_the_column() {
    let csv = "csv: {path: data.csv, columns: [{name: size, type: Integer}]}";
    let pipeline = manifest("seed")
        .stage(&format!("name: extract, extract: {{{csv}}}"))
        .stage("name: validate, dependsOn: [extract], validate: {noNulls: \"Off\"}")
        .yaml();
    let workspace = workspace()
        .with("seed.yaml", pipeline)
        .with("data.csv", "size,b\n7,1\nabc,2\n1.5,3\n");
    let ran = workspace.trainyard("run seed.yaml -o json").exits(1);
    assert_eq!(ran.ending("validate"), "Failed Data", "{}", ran.stdout);
    let wanted = "data.csv:3: column `size`: `abc` is not a number, and 1 more fault";
    assert_eq!(ran.message("validate"), wanted);
}

/// `region = C` compares two columns.
#[test]
fn a_text_without_its_quotes_in_a_condition_is_told_as_such() {
    for (validate, follows) in [
        (
            "name: validate, dependsOn: [extract], validate: {}",
            "all of them, with lines, are in runs/",
        ),
        (
            "name: other, extract: {csv: {path: data.csv}}",
            "put a `validate` stage before this one",
        ),
    ] {
        let train = "features: [age], target: target, where: region = C, logisticRegression: {}";
        let before = if validate.starts_with("name: validate") {
            "validate"
        } else {
            "extract"
        };
        let pipeline = manifest("seed")
            .extract("data.csv")
            .stage(validate)
            .stage(&format!("name: train, dependsOn: [{before}], train: {{{train}}}"))
            .yaml();
        let workspace = workspace()
            .with("seed.yaml", pipeline)
            .with("data.csv", "age,region,target\n25,C,0\n30,C,1\n40,N,1\n");
        let ran = workspace.trainyard("run seed.yaml").exits(1);
        let message = "error: data.csv:1: column `C` is missing\n";
        assert!(ran.stderr.contains(message), "{}", ran.stderr);
        let hint =
            "hint: the columns are `age`, `region`, `target`; a text in train.where stands in single quotes: 'C'; ";
        assert!(ran.stderr.contains(&format!("{hint}{follows}")), "{}", ran.stderr);
    }
}

#[test]
fn train_without_validate_refuses_bad_cells() {
    let pipeline = manifest("seed")
        .extract("data.csv")
        .train("age, salary", "target")
        .yaml();
    let workspace = workspace()
        .with("seed.yaml", pipeline)
        .with("data.csv", with_header("25,50000,0\nx,60000,1\n"));
    let ran = workspace.trainyard("run seed.yaml -o json").exits(1);
    assert_eq!(ran.ending("train"), "Failed Data");
    assert!(
        ran.message("train").starts_with("data.csv:3: column `age`"),
        "{}",
        ran.message("train")
    );
}

#[test]
fn odd_files_that_are_good_train_a_model() {
    let plain = String::from_utf8(with_header(ROWS)).unwrap();
    let two_more = "\n22,40000,0\n45,80000,1\n";
    for (name, contents) in [
        ("a byte order mark", format!("\u{feff}{plain}")),
        ("CRLF", plain.replace('\n', "\r\n")),
        ("blank lines", plain.replace('\n', "\n\n") + two_more),
        ("no line end at the end", plain.trim_end().to_owned()),
        ("quotes", plain.replace("50000", "\"50000\"")),
        ("spaces round numbers", plain.replace("50000", " 50000\t")),
        (
            "labels that are texts",
            plain.replace(",0\n", ",no\n").replace(",1\n", ",yes\n"),
        ),
    ] {
        let workspace = workspace().with("seed.yaml", seed().yaml()).with("data.csv", contents);
        let ran = workspace.trainyard("run seed.yaml -o json").exits(0);
        assert_eq!(ran.ending("train"), "Succeeded", "{name}");
    }
}

#[test]
fn a_folder_in_place_of_the_file_is_data() {
    let workspace = workspace().with("seed.yaml", seed().yaml()).with("data.csv/inside", "");
    let ran = workspace.trainyard("run seed.yaml -o json").exits(1);
    assert_eq!(ran.ending("extract"), "Failed Data");
}

#[test]
fn a_file_at_the_end_of_a_long_path_is_named_with_its_line() {
    let path = format!("{}data.csv", "a folder of many/".repeat(16));
    let workspace = workspace()
        .with("p.yaml", manifest("p").extract(&path).yaml())
        .with(&path, with_header("25,50000\n"));
    let ran = workspace.trainyard("run p.yaml -o json").exits(1);
    assert_eq!(ran.ending("extract"), "Failed Data");
    let message = ran.message("extract");
    assert!(
        message.ends_with("…/data.csv:2: 2 fields, but the header has 3"),
        "{message}"
    );
}

#[test]
fn ten_thousand_columns_are_read() {
    let names: Vec<String> = (0..10_000).map(|i| format!("c{i}")).collect();
    let row = vec!["1"; 10_000].join(",");
    let workspace = workspace()
        .with(
            "p.yaml",
            manifest("p").extract("data.csv").validate("noNulls: All").yaml(),
        )
        .with("data.csv", format!("{}\n{row}\n{row}\n", names.join(",")));
    let ran = workspace.trainyard("run p.yaml -o json").exits(0);
    assert_eq!(ran.ending("validate"), "Succeeded");
}

#[test]
fn a_long_path_hides_no_cause() {
    let folder = "a-long-name/".repeat(40);
    let pipeline = seed().yaml().replace("data.csv", &format!("{folder}data.csv"));
    let workspace = workspace()
        .with("seed.yaml", pipeline)
        .with(&format!("{folder}data.csv"), with_header("25,,0\n30,60000,1\n"));
    let ran = workspace.trainyard("run seed.yaml -o json").exits(1);
    let message = ran.message("validate");
    assert!(message.ends_with("data.csv:2: column `salary` is empty"), "{message}");
}
