//! `validate` as a stage: which tables it refuses, with which words, and what its report holds.
#![allow(clippy::unwrap_used, reason = "what a test needs must be there")]

#[path = "vocabulary/stages.rs"]
mod stages;

use serde_json::{Value, json};
use stages::Workspace;
use trainyard_contract::FailureClass;
use trainyard_worker::failure::Ending;

const PEOPLE: &str = "age,Salary,plan\n25,50000,a\n,60000,\n45,inf,b\nNA,n/a,c\n";

/// The message of `validate` on `text` with age and salary as features, and the report.
fn validate(text: &str, csv: Value, spec: Value, used: &[&str]) -> (String, String, Value) {
    let workspace = Workspace::new();
    workspace.extract(text.as_bytes(), csv, used).unwrap();
    let ended = workspace.validate(spec, used, used);
    let report = workspace.json("validate", "report.json");
    match ended {
        Ok(_) => (String::new(), String::new(), report),
        Err(error) => {
            assert_eq!(error.class(), Some(FailureClass::Data));
            (error.message().to_owned(), error.hint_text().to_owned(), report)
        }
    }
}

#[test]
fn messages_table() {
    let none = json!({});
    let off = json!({"noNulls": "Off"});
    let all = json!({"noNulls": "All"});
    let typed = |column: &str, kind: &str| json!({"columns": [{"name": column, "type": kind}], "noNulls": "Off"});
    for (text, spec, used, message) in [
        ("a\n1\n", &none, &["a"][..], ""),
        ("a,b\n1,\n", &none, &["a"], ""),
        ("a,b\n1,\n", &all, &["a"], "data/t.csv:2: column `b` is empty"),
        ("a,b\n1,\n", &off, &["b"], ""),
        (
            "a,b\n1,\n",
            &json!({"requiredColumns": ["b"]}),
            &["a"],
            "data/t.csv:2: column `b` is empty",
        ),
        (
            "a,b\n1,2\n",
            &json!({"requiredColumns": ["c"]}),
            &["a"],
            "data/t.csv:1: column `c` is missing",
        ),
        (
            "a,B\n1,2\n",
            &json!({"requiredColumns": ["b"]}),
            &["a"],
            "data/t.csv:1: column `b` is missing; found `B`",
        ),
        (
            "a,b\n1,2\n",
            &off,
            &["salary", "b"],
            "data/t.csv:1: column `salary` is missing",
        ),
        (
            "a,b\n1,2\n2,x\n",
            &off,
            &["b"],
            "data/t.csv:3: column `b`: `x` is not a number",
        ),
        ("a,b\n1,2\n2,x\n", &all, &["a"], ""),
        ("a,b\n1,inf\n2,3\n", &none, &["a"], ""),
        (
            "a,b\n1,inf\n2,3\n",
            &all,
            &["a"],
            "data/t.csv:2: column `b`: `inf` is not finite",
        ),
        (
            "a,b\n1,1e999\n2,\n",
            &none,
            &["b"],
            "data/t.csv:2: column `b`: `1e999` is not finite, and 1 more fault",
        ),
        (
            "a\n1\n\n\"\"\nNA\n",
            &none,
            &["a"],
            "data/t.csv:4: column `a` is empty, and 1 more fault",
        ),
        (
            "a\n1\n\nNA\n",
            &none,
            &["a"],
            "data/t.csv:4: column `a`: `NA` is read as missing",
        ),
        (
            "a,b\n1,x\n2,3\n",
            &typed("b", "Number"),
            &["a"],
            "data/t.csv:2: column `b`: `x` is not a number",
        ),
        (
            "a,b\n1,x\n2, \n",
            &typed("b", "Number"),
            &["a"],
            "data/t.csv:2: column `b`: `x` is not a number",
        ),
        ("a,b\n1,2.5\n2,3\n", &typed("b", "Number"), &["a"], ""),
        (
            "a,b\n1,4\n\n2,2.5\n",
            &typed("b", "Integer"),
            &["a"],
            "data/t.csv:4: column `b`: `2.5` is not a whole number",
        ),
        ("a,b\n1,2\n2,3\n", &typed("b", "Integer"), &["a"], ""),
        ("a,b\n1,2\n2,3\n", &typed("b", "Text"), &["a"], ""),
        (
            "a,b\n1,2\n",
            &typed("c", "Text"),
            &["a"],
            "data/t.csv:1: column `c` is missing",
        ),
    ] {
        let (found, hint, _) = validate(text, json!({}), spec.clone(), used);
        assert_eq!(found, message, "{text:?} {spec}");
        if !message.is_empty() {
            assert!(hint.contains("runs/r1-5f0c2a91/validate/1/report.json"), "{hint}");
        }
    }
}

#[test]
fn the_report_holds_every_fault() {
    let (message, hint, report) = validate(
        PEOPLE,
        json!({}),
        json!({"requiredColumns": ["target"]}),
        &["age", "salary"],
    );
    assert_eq!(
        message,
        "data/t.csv:1: column `salary` is missing; found `Salary`, and 3 more faults"
    );
    let advice =
        "the columns are `age`, `Salary`, `plan`; csv.header: Lowercase takes names in lower case; all of them, ";
    assert!(hint.starts_with(advice), "{hint}");
    let wanted = json!([
        {"kind": "MissingColumn", "column": "salary", "count": 1, "examples": [{"line": 1, "row": null, "value": "Salary"}]},
        {"kind": "MissingColumn", "column": "target", "count": 1, "examples": [{"line": 1, "row": null, "value": ""}]},
        {"kind": "Null", "column": "age", "count": 2, "examples": [
            {"line": 3, "row": 1, "value": ""},
            {"line": 5, "row": 3, "value": "NA"},
        ]},
    ]);
    assert_eq!(report["faults"], wanted);
    assert_eq!(
        (&report["rows"], &report["source"]["name"]),
        (&json!(4), &json!("data/t.csv"))
    );
}

#[test]
fn a_table_with_another_delimiter_is_told_so() {
    let (message, hint, _) = validate("age;salary\n1;2\n", json!({}), json!({}), &["age"]);
    assert_eq!(message, "data/t.csv:1: column `age` is missing");
    assert!(
        hint.starts_with("there is one column: set csv.delimiter to `;`; all of them, with lines, are in "),
        "{hint}"
    );
}

#[test]
fn faults_come_in_the_order_of_the_file() {
    let (message, _, report) = validate(PEOPLE, json!({}), json!({"noNulls": "All"}), &["Salary"]);
    assert_eq!(message, "data/t.csv:3: column `age` is empty, and 4 more faults");
    let kinds: Vec<(&str, &str, u64)> = report["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            (
                f["kind"].as_str().unwrap(),
                f["column"].as_str().unwrap(),
                f["count"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("Null", "age", 2),
            ("Null", "plan", 1),
            ("NotFinite", "Salary", 1),
            ("Null", "Salary", 1)
        ]
    );
}

/// What a newcomer's table has that no number is, and what to do about it.
#[test]
fn advice_table() {
    let comma = "a number has a point and nothing between its thousands: 0.5 for 0,5 and 1000 for 1,000; all of them";
    let unit = "a number stands alone, without a unit; all of them";
    let words = "to learn from its words make it a category: oneHot in train.preprocess; all of them";
    let missing = "a word for missing cells can be named in csv.nullValues; all of them";
    for (cells, advice) in [
        ("\"0,5\"\n\"1,5\"\n", comma),
        ("\"1,000\"\n2\n", comma),
        ("$3\n4\n", unit),
        ("5 %\n4\n", unit),
        ("first\nsecond\nthird\n", words),
        ("first\n2\n3\n4\n", missing),
        (
            "N\nN\nN\n",
            "to learn from its words make it a category: oneHot in train.preprocess; or name a word for missing cells in csv.nullValues; all",
        ),
        (
            "1\n\"\"\n",
            "fill the cells of a feature with impute in train.preprocess, or leave rows out with train.where; all of them",
        ),
    ] {
        let (_, hint, _) = validate(&format!("a\n{cells}"), json!({}), json!({}), &["a"]);
        assert!(hint.starts_with(advice), "{cells}: {hint}");
    }
}

#[test]
fn counts_are_whole_and_five_are_shown() {
    let text = format!("a,b\n1,2\n{}", "x,1\n".repeat(18));
    let (message, hint, report) = validate(&text, json!({}), json!({}), &["a"]);
    assert_eq!(
        message,
        "data/t.csv:3: column `a`: `x` is not a number, and 17 more faults"
    );
    assert!(hint.contains("csv.nullValues"), "{hint}");
    let fault = &report["faults"][0];
    assert_eq!(
        (&fault["count"], fault["examples"].as_array().unwrap().len()),
        (&json!(18), 5)
    );
    assert_eq!(fault["examples"][4], json!({"line": 7, "row": 5, "value": "x"}));
}

#[test]
fn a_feature_that_is_declared_as_text_is_refused() {
    let csv = json!({"columns": [{"name": "a", "type": "Text"}]});
    let (message, _, _) = validate("a,b\n1,2\n", csv, json!({}), &["a"]);
    assert_eq!(
        message,
        "data/t.csv:1: column `a` is read as text, but numbers are needed"
    );
}

#[test]
fn a_dataset_that_is_not_what_was_committed_is_made_again() {
    let workspace = Workspace::new();
    workspace.extract(PEOPLE.as_bytes(), json!({}), &[]).unwrap();
    let data = workspace.file("extract", "data.arrow");
    let whole = std::fs::read(&data).unwrap();
    for length in [whole.len() - 1, 100, 0] {
        std::fs::write(&data, &whole[..length]).unwrap();
        let error = workspace.validate(json!({}), &[], &[]).unwrap_err();
        assert_eq!(error.ending(), Ending::InputChanged, "{length}: {error}");
    }
    std::fs::remove_file(&data).unwrap();
    let error = workspace.validate(json!({}), &[], &[]).unwrap_err();
    assert_eq!(error.ending(), Ending::InputChanged, "{error}");
}
