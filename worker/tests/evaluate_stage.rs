//! `evaluate` on real files: what it measures and writes, what it refuses, and in which words.

#![expect(clippy::unwrap_used, reason = "a test stops where its workspace cannot be made")]

#[path = "vocabulary/attempts.rs"]
mod attempts;

use attempts::{SEED, Workspace, seed_train, succeeded};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use trainyard_contract::result::Outcome;
use trainyard_contract::{FailureClass, StageDocument, StageResult};
use trainyard_worker::attempt::{Host, execute};

const EVALUATIONS: &str = "models/people/evaluations/model_20260223_104700";

/// A trained model, and whatever it is to be judged on.
struct Judging {
    workspace: Workspace,
    model: Value,
    trained_on: Value,
}

impl Judging {
    fn of_seed() -> Self {
        Self::of(SEED, &seed_train())
    }

    fn of(csv: &str, train: &Value) -> Self {
        let workspace = Workspace::new();
        let document = workspace.train_document(csv, train);
        let trained_on = serde_json::to_value(document.input.as_ref().unwrap()).unwrap();
        let made = succeeded(execute(&document, &Host::silent(2))).model_version.unwrap();
        let model = json!({"version": made.version, "folder": made.path, "sha256": made.sha256});
        Self {
            workspace,
            model,
            trained_on,
        }
    }

    fn document(&self, evaluate: &Value, input: &Value) -> StageDocument {
        let parts = json!({"spec": {"evaluate": evaluate}, "input": input, "model": self.model});
        self.workspace.document("evaluate", &parts)
    }

    /// Judges the model by the rows that it was trained on.
    fn run(&self, evaluate: &Value) -> StageResult {
        execute(&self.document(evaluate, &self.trained_on), &Host::silent(2))
    }

    /// Judges the model by another CSV.
    fn run_on(&self, csv: &str, numbers: &[&str]) -> StageResult {
        let input = self.workspace.dataset(csv, numbers);
        execute(&self.document(&json!({}), &input), &Host::silent(2))
    }

    fn metrics(&self) -> Value {
        self.workspace.json("runs/r1-5f0c2a91/evaluate/1/metrics.json")
    }
}

fn assert_failed(result: &StageResult, class: FailureClass, message: &str) {
    assert_eq!(
        (result.outcome, result.class),
        (Outcome::Failed, Some(class)),
        "{}",
        result.message
    );
    assert!(result.message.contains(message), "{}", result.message);
}

/// 3,000 rows in which `x` tells the class for the most part, `y` a little and `z` not; some blocks of a large table.
fn many_rows(rows: u32) -> String {
    let mut csv = String::from("x,y,z,label\n");
    for row in 0..rows {
        let noise = |step: u32| f64::from(row.wrapping_mul(step) % 997) / 997.0 - 0.5;
        let (x, y, z) = (noise(7_919), noise(104_729), noise(611_953));
        let label = u8::from(x + 0.3 * y + 0.4 * noise(15_485_863) > 0.0);
        writeln!(csv, "{x:.4},{y:.4},{z:.4},{label}").unwrap();
    }
    csv
}

fn many_rows_train() -> Value {
    json!({"features": ["x", "y", "z"], "target": "label", "logisticRegression": {}})
}

#[test]
fn the_seed_is_judged_and_what_was_found_stands_beside_the_version() {
    let judging = Judging::of_seed();
    let result = succeeded(judging.run(&json!({})));
    assert_eq!(result.rows, Some(4));
    let metrics = judging.metrics();
    assert_eq!(metrics["data"], "dataset");
    assert_eq!(metrics["classes"], json!([0, 1]));
    assert_eq!(metrics["confusion_matrix"], json!([[2, 0], [0, 2]]));
    assert_eq!(metrics["undefined"], json!([]));
    for name in [
        "accuracy",
        "precision",
        "recall",
        "f1",
        "roc_auc",
        "average_precision",
        "matthews_corrcoef",
    ] {
        assert_eq!(metrics[name], 1.0, "{name}");
        assert_eq!(result.outputs[name], 1.0, "{name}");
    }
    assert_eq!(result.outputs["rows"], 4);
    assert_eq!(result.outputs["log_loss"], metrics["log_loss"]);
    let copy = format!("{EVALUATIONS}/r1-evaluate");
    for name in judging.workspace.names(&copy) {
        let path = judging.workspace.path();
        let written = fs::read(path.join("runs/r1-5f0c2a91/evaluate/1").join(&name)).unwrap();
        assert_eq!(fs::read(path.join(&copy).join(&name)).unwrap(), written, "{name}");
        assert!(result.artifacts.iter().any(|artifact| artifact.path == name), "{name}");
    }
    assert!(judging.workspace.names(&copy).contains(&"metrics.json".to_owned()));
    assert_eq!(
        judging.workspace.names("models/people").len(),
        3,
        "no unfinished folder stays"
    );
}

#[test]
fn the_rows_that_were_held_out_are_read_where_the_document_says_so() {
    let judging = Judging::of_seed();
    let folder = camino::Utf8PathBuf::from(judging.trained_on["folder"].as_str().unwrap());
    fs::rename(folder.join("data.arrow"), folder.join("holdout.arrow")).unwrap();
    fs::rename(folder.join("dataset.json"), folder.join("holdout.json")).unwrap();
    let mut input = judging.trained_on.clone();
    input["part"] = json!("holdout");
    let evaluate = json!({"require": ["accuracy > 1"]});
    let result = execute(&judging.document(&evaluate, &input), &Host::silent(2));
    assert_failed(
        &result,
        FailureClass::Data,
        "accuracy is 1 on 4 held-out rows, but `accuracy > 1` is required",
    );
    assert_eq!(judging.metrics()["data"], "holdout");
    // Files are there although the stage failed.
    assert!(result.artifacts.iter().any(|artifact| artifact.path == "metrics.json"));
    assert!(
        !judging
            .workspace
            .names(&format!("{EVALUATIONS}/r1-evaluate"))
            .is_empty()
    );
    assert!(
        result.hint.contains("runs/r1-5f0c2a91/evaluate/1/report.html"),
        "{}",
        result.hint
    );
}

#[test]
fn requirements_table() {
    let judging = Judging::of(&many_rows(3_000), &many_rows_train());
    let accuracy = succeeded(judging.run(&json!({}))).outputs["accuracy"].as_f64().unwrap();
    assert!((0.7..0.95).contains(&accuracy), "{accuracy}");
    for (require, message) in [
        (json!(["roc_auc >= 0.8", "rows = 3000"]), None),
        (json!(["not roc_auc < 0.8 and (f1 > 0.99 or rows in (1, 3000))"]), None),
        (json!([format!("accuracy >= {accuracy}")]), None),
        (
            json!([format!("accuracy > {accuracy}")]),
            Some(format!(
                "accuracy is {accuracy:.4} on 3,000 rows of data/t.csv, but `accuracy > {accuracy}` is required"
            )),
        ),
        (
            json!(["rows > 5", "roc_auc > 0.999", "f1 > 0.999", "rows = 1"]),
            Some("but `roc_auc > 0.999` is required, and 2 more requirements are not met".to_owned()),
        ),
        (
            json!(["log_loss < 0.001 and rows > 1"]),
            Some(
                "and rows is 3000 on 3,000 rows of data/t.csv, but `log_loss < 0.001 and rows > 1` is required"
                    .to_owned(),
            ),
        ),
    ] {
        let _ = fs::remove_dir_all(judging.workspace.path().join("runs/r1-5f0c2a91/evaluate"));
        let result = judging.run(&json!({"require": require}));
        match message {
            None => drop(succeeded(result)),
            Some(message) => assert_failed(&result, FailureClass::Data, &message),
        }
    }
}

#[test]
fn a_value_near_its_bound_is_told_in_as_many_digits_as_it_takes() {
    let judging = Judging::of(&many_rows(3_000), &many_rows_train());
    let area = succeeded(judging.run(&json!({}))).outputs["roc_auc"].as_f64().unwrap();
    let bound = format!("{:.6}", area + 1e-5);
    fs::remove_dir_all(judging.workspace.path().join("runs/r1-5f0c2a91/evaluate")).unwrap();
    let result = judging.run(&json!({"require": [format!("roc_auc >= {bound}")]}));
    let told = result
        .message
        .strip_prefix("roc_auc is ")
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    assert!(
        told.parse::<f64>().unwrap() < bound.parse::<f64>().unwrap(),
        "{}",
        result.message
    );
    assert!(told.len() <= "0.123456".len(), "{told}");
}

#[test]
fn what_is_no_requirement_is_said_before_anything_is_read() {
    let judging = Judging::of_seed();
    for (require, message) in [
        (
            "roc_acu >= 0.8",
            "there is no metric `roc_acu`; did you mean `roc_auc`?",
        ),
        ("roc_auc =>", "`=>` is no comparison"),
        ("roc_auc > 'good'", "metrics are numbers, never texts"),
    ] {
        let _ = fs::remove_dir_all(judging.workspace.path().join("runs/r1-5f0c2a91/evaluate"));
        let result = judging.run(&json!({"require": [require]}));
        assert_failed(&result, FailureClass::Config, message);
    }
}

#[test]
fn rows_of_one_class_leave_areas_undefined() {
    let judging = Judging::of_seed();
    let result = succeeded(judging.run_on("age,salary,target\n25,50000,0\n22,40000,0\n", &["age", "salary"]));
    assert!(!result.outputs.contains_key("roc_auc"), "{:?}", result.outputs);
    let metrics = judging.metrics();
    assert_eq!(
        (&metrics["roc_auc"], &metrics["average_precision"]),
        (&Value::Null, &Value::Null)
    );
    assert!(metrics["undefined"].as_array().unwrap().contains(&json!("roc_auc")));
    assert_eq!(metrics["accuracy"], 1.0);
    fs::remove_dir_all(judging.workspace.path().join("runs/r1-5f0c2a91/evaluate")).unwrap();
    let input = judging
        .workspace
        .dataset("age,salary,target\n25,50000,0\n", &["age", "salary"]);
    let document = judging.document(&json!({"require": ["roc_auc >= 0.8"]}), &input);
    let failed = execute(&document, &Host::silent(2));
    let message = "roc_auc is undefined on 1 row of data/t.csv, but `roc_auc >= 0.8` is required";
    assert_failed(&failed, FailureClass::Data, message);
}

#[test]
fn bad_rows_table() {
    let judging = Judging::of_seed();
    for (csv, message) in [
        (
            "age,salary,target\n25,50000,0\n30,60000,2\n",
            "data/t.csv:3: column `target`: `2` is no class that the model knows",
        ),
        (
            "age,salary,target\n25,50000,0\n30,60000,maybe\n",
            "data/t.csv:3: column `target`: `maybe` is no class that the model knows",
        ),
        (
            "age,salary,target\n25,50000,0\n30,60000,\n",
            "data/t.csv:3: column `target` is empty",
        ),
        ("age,salary\n25,50000\n", "column `target` is missing"),
        ("age,target\n25,0\n", "column `salary` is missing"),
        ("age,salary,target\n25,,0\n", "data/t.csv:2: column `salary` is empty"),
    ] {
        let _ = fs::remove_dir_all(judging.workspace.path().join("runs/r1-5f0c2a91/evaluate"));
        assert_failed(&judging.run_on(csv, &["age", "salary"]), FailureClass::Data, message);
    }
}

#[test]
fn a_threshold_is_for_two_classes() {
    let three = "a,label\n1,x\n2,x\n5,y\n6,y\n9,z\n10,z\n";
    let train = json!({"features": ["a"], "target": "label", "logisticRegression": {}});
    let judging = Judging::of(three, &train);
    let result = judging.run(&json!({"threshold": {"maximize": "f1"}}));
    assert_failed(
        &result,
        FailureClass::Config,
        "is for models of two classes, and this one has 3",
    );
}

#[test]
fn a_threshold_is_chosen_and_handed_on() {
    let judging = Judging::of(&many_rows(3_000), &many_rows_train());
    let cost = json!({"threshold": {"cost": {"falsePositive": 1, "falseNegative": 20}}});
    let result = succeeded(judging.run(&cost));
    let metrics = judging.metrics();
    let chosen = &metrics["threshold"];
    assert_eq!(
        (&result.outputs["threshold"], &chosen["best"]),
        (&chosen["value"], &json!("cost"))
    );
    let mistakes =
        |row: &Value| row["false_positives"].as_f64().unwrap() + 20.0 * row["false_negatives"].as_f64().unwrap();
    assert!((chosen["cost"].as_f64().unwrap() - mistakes(chosen)).abs() < 1e-9);
    for row in metrics["thresholds"].as_array().unwrap() {
        assert!(mistakes(chosen) <= mistakes(row), "{row}");
    }
}

#[test]
fn one_thread_and_many_write_the_same_bytes() {
    let files = [1, 3].map(|threads| {
        // Three blocks of rows.
        let judging = Judging::of(&many_rows(140_000), &many_rows_train());
        let document = judging.document(&json!({}), &judging.trained_on);
        succeeded(execute(&document, &Host::silent(threads)));
        let metrics = judging.metrics();
        let columns = metrics["permutation_importance"]["columns"].as_array().unwrap();
        let names: Vec<_> = columns
            .iter()
            .map(|column| column["column"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["x", "y", "z"]);
        assert_eq!(metrics["permutation_importance"]["rows"], 50_000);
        fs::read(
            judging
                .workspace
                .path()
                .join("runs/r1-5f0c2a91/evaluate/1/metrics.json"),
        )
        .unwrap()
    });
    assert!(files[0] == files[1], "metrics.json differs");
}

#[test]
fn a_model_that_was_touched_is_refused_by_the_files_name() {
    let judging = Judging::of_seed();
    let model = judging
        .workspace
        .path()
        .join("models/people/model_20260223_104700/model.json");
    let text = fs::read_to_string(&model).unwrap();
    fs::write(&model, text.replacen("\"c\": 1.0", "\"c\": 2.0", 1)).unwrap();
    assert_failed(
        &judging.run(&json!({})),
        FailureClass::Infra,
        "model.json is not the file that was saved",
    );
}

#[test]
fn rows_that_changed_since_are_not_judged() {
    let judging = Judging::of_seed();
    let mut input = judging.trained_on.clone();
    input["sha256"] = json!("0".repeat(64));
    let result = execute(&judging.document(&json!({}), &input), &Host::silent(2));
    assert_eq!(result.outcome, Outcome::InputChanged);
    assert!(judging.workspace.names(EVALUATIONS).is_empty());
}

fn page_and_card(judging: &Judging) -> (String, String) {
    let folder = judging.workspace.path().join("runs/r1-5f0c2a91/evaluate/1");
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    (read("report.html"), read("model-card.md"))
}

#[test]
fn the_page_and_the_card_say_what_was_measured_and_required() {
    let judging = Judging::of(&many_rows(3_000), &many_rows_train());
    let evaluate = json!({"require": ["roc_auc >= 0.9", "f1 >= 0.99"], "threshold": {"maximize": "f1"}});
    let result = judging.run(&evaluate);
    assert_eq!(result.class, Some(FailureClass::Data), "{}", result.message);
    let (page, card) = page_and_card(&judging);
    let metrics = judging.metrics();
    let area = format!("{:.4}", metrics["roc_auc"].as_f64().unwrap());
    let chosen = format!("{:.4}", metrics["threshold"]["value"].as_f64().unwrap());
    for words in [
        "model_20260223_104700",
        "Judged on all 3,000 rows of data/t.csv",
        "1 of 2 requirements is not met",
        &area,
        &chosen,
        "F1 is greatest",
    ] {
        assert!(page.contains(words), "the page lacks `{words}`");
        assert!(card.contains(words), "the card lacks `{words}`");
    }
    for words in [
        "<svg",
        "Precision and recall",
        "Calibration",
        "taken for",
        "width: 100.0%",
        "width=device-width",
    ] {
        assert!(page.contains(words), "the page lacks `{words}`");
    }
    for counts in metrics["confusion_matrix"].as_array().unwrap() {
        let counts: Vec<u64> = counts
            .as_array()
            .unwrap()
            .iter()
            .map(|count| count.as_u64().unwrap())
            .collect();
        let commas = |count: u64| {
            if count < 1_000 {
                count.to_string()
            } else {
                format!("1,{:03}", count % 1_000)
            }
        };
        let row = format!("| {} | {} |", commas(counts[0]), commas(counts[1]));
        assert!(card.contains(&row), "the card lacks `{row}`");
    }
}

/// What a page needs to ask for anything or to run anything.
const NOT_ON_A_PAGE: [&str; 9] = [
    "<script",
    "<img",
    "<link",
    "<iframe",
    "src=",
    "href=",
    "url(",
    "@import",
    "javascript:",
];

#[test]
fn names_and_labels_from_outside_are_text_on_the_page_and_nothing_else() {
    let mut csv = String::from("\"<script>alert(1)</script>\",\"\"\"><img src=x>\",\"</style>|`_*\"\n");
    for row in 0..60 {
        let label = ["</td><script>", "' onload='x", "plain"][row % 3];
        writeln!(csv, "{},{},\"{label}\"", row % 7, (row * row) % 11).unwrap();
    }
    let train = json!({
        "features": ["<script>alert(1)</script>", "\"><img src=x>"], "target": "</style>|`_*", "logisticRegression": {},
    });
    let judging = Judging::of(&csv, &train);
    succeeded(judging.run(&json!({"require": ["rows > 1"]})));
    let (page, card) = page_and_card(&judging);
    for words in NOT_ON_A_PAGE.into_iter().filter(|words| *words != "src=") {
        assert!(!page.contains(words), "the page holds `{words}`");
    }
    assert_eq!(page.matches("</style>").count(), 1);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && page.contains("&quot;&gt;&lt;img src=x&gt;"));
    assert!(
        !card.contains("\n<") && card.contains("\\<script>alert(1)\\</script>"),
        "{card}"
    );
}

#[test]
fn the_page_asks_for_nothing_and_its_elements_are_closed() {
    let judging = Judging::of(&many_rows(3_000), &many_rows_train());
    succeeded(judging.run(&json!({"threshold": {"cost": {"falsePositive": 1, "falseNegative": 2}}})));
    let (page, _) = page_and_card(&judging);
    for words in NOT_ON_A_PAGE {
        assert!(!page.contains(words), "the page holds `{words}`");
    }
    let mut open = Vec::new();
    let body = &page[page.find("<body>").unwrap()..page.find("</html>").unwrap()];
    for tag in body.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        match (tag.starts_with('/'), tag.ends_with('/') || name == "wbr") {
            (true, _) => assert_eq!(open.pop(), Some(name), "</{name}>"),
            (false, false) => open.push(name),
            (false, true) => {}
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

#[test]
fn a_model_of_many_classes_has_a_page_too() {
    let mut csv = String::from("a,b,kind\n");
    for row in 0..1_200_u32 {
        let kind = row % 60;
        writeln!(csv, "{},{},kind {kind}", kind / 4, row % 7).unwrap();
    }
    let train = json!({"features": ["a", "b"], "target": "kind", "logisticRegression": {"maxIterations": 20}});
    let judging = Judging::of(&csv, &train);
    succeeded(judging.run(&json!({})));
    let (page, card) = page_and_card(&judging);
    assert!(page.contains("The 50 classes with the most rows, of 60") && page.contains("The most frequent mistakes"));
    assert!(!page.contains("Thresholds") && card.contains("one of 60 classes"));
}
