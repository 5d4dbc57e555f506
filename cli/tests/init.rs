//! `trainyard init`: a manifest that runs, with a reason beside each choice, for tables as people have them.

#![allow(clippy::unwrap_used, reason = "what a test needs must be there")]

mod vocabulary;

use camino::Utf8PathBuf;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use trainyard_worker::csv::{CsvOptions, ReadControl, read_files};
use trainyard_worker::source::SourceFiles;
use trainyard_worker::table_file::{TableFile, TableFormat};
use vocabulary::{Workspace, workspace};

/// 300 customers: a key with repeats, dates, categories, cells that are missing, and a target that depends on them.
fn customers() -> String {
    let mut rows = "customer_id,since,plan,age,spent,note,market,left\n".to_owned();
    for i in 0_u32..300 {
        let mixed = i.wrapping_mul(2_654_435_761) >> 7;
        let plan = ["free", "pro", "team", ""][(mixed % 4) as usize];
        let age = if mixed.is_multiple_of(9) {
            String::new()
        } else {
            (20 + mixed % 50).to_string()
        };
        let spent = f64::from(mixed % 1_000) / 8.0;
        let left = match (i % 40, mixed % 100 + u32::from(plan == "free") * 40) {
            (7, _) => "",
            (_, 70..) => "yes",
            _ => "no",
        };
        let day = 1 + i % 28;
        writeln!(
            rows,
            "C{},2026-03-{day:02},{plan},{age},{spent},note {i} of ours,eu,{left}",
            i / 2
        )
        .unwrap();
    }
    rows
}

fn utf8(workspace: &Workspace, name: &str) -> Utf8PathBuf {
    Utf8PathBuf::from_path_buf(workspace.path(name)).unwrap()
}

#[test]
fn the_manifest_is_good_and_runs_as_it_is() {
    let workspace = workspace().with("data/Customers 2026.csv", customers());
    let mut command = workspace.command("init");
    let made = command
        .args(["data/Customers 2026.csv", "--target", "left"])
        .output()
        .unwrap();
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    assert_eq!(
        String::from_utf8(made.stderr).unwrap(),
        "customers-2026.yaml: predicts `left` (2 classes) from 3 columns; 4 left out, with the reasons in the file\n\
         next: trainyard run customers-2026.yaml\n"
    );
    let text = workspace.read("customers-2026.yaml");
    for line in [
        "# yaml-language-server: $schema=mlpipeline.schema.json\n",
        "        path: \"data/Customers 2026.csv\"\n",
        "      target: left\n",
        "      # 8 of 300 rows have no class: nothing can be learned from them.\n      where: left is not null\n",
        "      # Left out: `customer_id` names something and describes nothing.\n",
        "      # Left out: `since` holds dates: ",
        "      # Left out: `note` is another in every row: a key, not a feature.\n",
        "      # Left out: `market` has the same value in every row, `eu`.\n",
        "      features: [age, spent, plan]\n",
        "        hash: {column: customer_id}\n",
        "      - columns: [age]\n        impute: {strategy: Median}\n",
        "      - columns: [plan]\n        impute: {strategy: Constant, value: missing}\n",
        "      - columns: [plan]\n        oneHot: {unknown: Ignore, maxCategories: 21}\n",
        "      - columns: [age, spent]\n        scale: {method: Standard}\n",
        "    evaluate: {}\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    workspace.trainyard("lint customers-2026.yaml").exits(0);
    let ran = workspace.trainyard("run customers-2026.yaml -o json").exits(0);
    assert_eq!(ran.ending("evaluate"), "Succeeded");
}

/// The same table as Parquet is profiled alike: only the way to read it differs.
#[test]
fn parquet_gives_the_same_choices() {
    let workspace = workspace().with("c.csv", customers());
    let files = SourceFiles::anywhere(&utf8(&workspace, "c.csv")).unwrap();
    let mut file = TableFile::new(utf8(&workspace, "c.parquet"), TableFormat::Parquet);
    read_files(&files, &CsvOptions::default(), ReadControl::quiet(), &mut file).unwrap();
    file.finish().unwrap();
    let csv = workspace.trainyard("init c.csv --target left -o -").exits(0).stdout;
    let parquet = workspace.trainyard("init c.parquet --target left -o p.yaml").exits(0);
    assert_eq!(parquet.stdout, "");
    assert_eq!(
        workspace.read("p.yaml"),
        csv.replace("csv:\n        path: c.csv", "parquet: {path: c.parquet}")
            .replace("c.csv", "c.parquet")
    );
    workspace.trainyard("run p.yaml").exits(0);
}

#[test]
fn nothing_is_written_over_and_mistakes_are_told() {
    let workspace = workspace().with("c.csv", customers()).with("c.yaml", "mine\n");
    for (words, code, error, hint) in [
        (
            "init c.csv --target left",
            2,
            "error: c.yaml is there already\n",
            "hint: name another file with --output, or move this one away: nothing is written over\n",
        ),
        (
            "init c.csv --target lef -o n.yaml",
            2,
            "error: c.csv has no column `lef`\n",
            "hint: did you mean `left`?\n",
        ),
        (
            "init c.csv --target spent -o n.yaml",
            1,
            "error: c.csv: `spent` holds numbers with a fraction: it is a measurement, not a class\n",
            "hint: logistic regression predicts classes: ",
        ),
        (
            "init c.csv --target market -o n.yaml",
            1,
            "error: c.csv: `market` has one class only, `eu`\n",
            "hint: there is nothing",
        ),
        (
            "init c.csv --target note -o n.yaml",
            1,
            "error: c.csv: `note` has 300 different values in 300 rows: it is a key or a measurement, not a class\n",
            "hint: name a column of a few classes",
        ),
        (
            "init none.csv --target left",
            1,
            "error: none.csv is not there\n",
            "hint: correct the path",
        ),
        (
            "init c.csv --target left -o no/n.yaml",
            1,
            "error: cannot write no/n.yaml: No such file",
            "",
        ),
        (
            "init c.csv --name My_Pipeline",
            2,
            "error: invalid value 'My_Pipeline' for '--name <NAME>'",
            "",
        ),
    ] {
        let ran = workspace.trainyard(words).exits(code);
        assert!(
            ran.stderr.starts_with(error) && ran.stderr.contains(hint),
            "{words}\n{}",
            ran.stderr
        );
    }
    assert_eq!(workspace.names("."), ["c.csv", "c.yaml"]);
    assert_eq!(workspace.read("c.yaml"), "mine\n");
}

#[test]
fn without_a_target_the_columns_are_listed() {
    let workspace = workspace().with("c.csv", customers());
    let ran = workspace.trainyard("init c.csv").exits(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines[0], "column       type     missing  values");
    assert!(
        lines[1].starts_with("customer_id  Utf8     0        150     C0, C1, C2"),
        "{}",
        ran.stdout
    );
    assert_eq!(lines.len(), 9);
    assert_eq!(
        ran.stderr,
        "hint: name the column to predict: trainyard init c.csv --target left\n"
    );
    assert_eq!(workspace.names("."), ["c.csv"]);
}

/// Other delimiters, a word for missing numbers, names that YAML and conditions must quote: read as they are.
#[test]
fn tables_as_people_have_them() {
    let mut rows = "Kunde Nr;null;größe (cm);y\n".to_owned();
    for i in 0..80 {
        let height = if i % 10 == 3 {
            "?".to_owned()
        } else {
            (150 + (i * 37) % 45).to_string()
        };
        let class = if i % 25 == 4 {
            ""
        } else if i * 37 % 45 > 20 {
            "1"
        } else {
            "0"
        };
        writeln!(rows, "{};{};{height};{class}", 1000 + i, ["a", "b: c", "#d"][i % 3]).unwrap();
    }
    let workspace = workspace().with("k.csv", rows);
    workspace.trainyard("init k.csv -t y").exits(0);
    let text = workspace.read("k.yaml");
    for line in [
        "        delimiter: \";\"  # what stands between the cells of this file\n",
        "and `?`: some columns are numbers but for that.\n",
        "\"null\", \"?\"]\n",
        "      target: \"y\"\n",
        "      where: y is not null\n",
        "      features: [\"größe (cm)\", \"null\"]\n",
        "      # Left out: `Kunde Nr` is another in every row: a key, not a feature.\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    workspace.trainyard("lint k.yaml").exits(0);
    workspace.trainyard("run k.yaml").exits(0);
}

/// A model of such a column would look perfect, and know nothing.
#[test]
fn a_column_that_gives_the_target_away_is_left_out_and_told() {
    let mut rows = "alive,fare,class,survived\n".to_owned();
    for i in 0..120 {
        let survived = u32::from(i * 37 % 50 > 30);
        let alive = ["no", "yes"][survived as usize];
        // The class depends on it, and does not say it: its first rows do.
        let class = if i < 60 || survived == 0 { "third" } else { "first" };
        let alive = if i % 11 == 0 { "" } else { alive };
        writeln!(rows, "{alive},{},{class},{survived}", i * 7 % 31).unwrap();
    }
    let workspace = workspace().with("t.csv", rows);
    let ran = workspace.trainyard("init t.csv -t survived").exits(0);
    assert_eq!(
        ran.stderr,
        "t.yaml: predicts `survived` (2 classes) from 2 columns; 1 left out, with the reasons in the file\n\
         warning: left out: `alive` gives `survived` away\n\
         hint: add a column to `features` if its value is known before the class is\n\
         next: trainyard run t.yaml\n"
    );
    let text = workspace.read("t.yaml");
    for line in [
        "# Left out: `alive` gives `survived` away: each of its values goes with one class only.\n",
        "features: [fare, class]\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    workspace.trainyard("run t.yaml").exits(0);
}

/// What `to_csv` of pandas and `write.csv` of R write unless they are told not to.
#[test]
fn row_numbers_without_a_name_are_a_key() {
    let mut rows = "\"\",age,y\n".to_owned();
    for i in 0..80 {
        writeln!(rows, "{i},{},{}", i * 7 % 31, i * 7 % 31 / 16).unwrap();
    }
    let workspace = workspace().with("r.csv", rows);
    workspace.trainyard("init r.csv -t y").exits(0);
    let text = workspace.read("r.yaml");
    for line in [
        "        header: NumberUnnamed  # a column without a name is called `Unnamed: 0`, with its place from 0\n",
        "      # Left out: `Unnamed: 0` is another in every row: a key, not a feature.\n",
        "      features: [age]\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    workspace.trainyard("run r.yaml").exits(0);
    let answers = workspace.trainyard("predict models/r/champion r.csv").exits(0).stdout;
    assert!(answers.starts_with("\"\",age,y,prediction,"), "{answers}");
    let table = workspace
        .trainyard("predict models/r/champion r.csv -o a.parquet")
        .exits(0);
    assert_eq!(table.stderr, "a.parquet: 80 rows\n");
}

/// A table whose rows `cells` gives, from the number of the row and a number by chance.
fn table(header: &str, rows: u32, cells: impl Fn(u32, u32) -> String) -> String {
    let mut text = format!("{header}\n");
    for i in 0..rows {
        writeln!(text, "{}", cells(i, i.wrapping_mul(2_654_435_761) >> 9)).unwrap();
    }
    text
}

fn yes(mixed: u32) -> &'static str {
    if mixed % 100 > 60 { "yes" } else { "no" }
}

/// A table, what must stand in the manifest for it, and in the one warning, if there is one. Each manifest runs.
type OddTable<'a> = (&'a str, String, Vec<&'a str>, &'a str);

fn become_manifests_that_run(tables: Vec<OddTable<'_>>) {
    for (name, rows, lines, warning) in tables {
        let workspace = workspace().with(&format!("{name}.csv"), rows);
        let made = workspace.trainyard(&format!("init {name}.csv --target y")).exits(0);
        assert!(made.stderr.contains(warning), "{name}: {}", made.stderr);
        assert_eq!(
            made.stderr.contains("warning"),
            !warning.is_empty(),
            "{name}: {}",
            made.stderr
        );
        let text = workspace.read(&format!("{name}.yaml"));
        for line in lines {
            assert!(text.contains(line), "{name}: {line}\n{text}");
        }
        workspace.trainyard(&format!("run {name}.yaml")).exits(0);
    }
}

#[test]
fn odd_names_and_rows_become_manifests_that_run() {
    become_manifests_that_run(vec![
        (
            "2024",
            table("age,y", 80, |i, mixed| format!("{},{}", i % 31, yes(mixed))),
            vec!["  name: \"2024\"\n", "random: {seed: 0, stratified: true}"],
            "",
        ),
        (
            "fee",
            table("age,late fee,y", 120, |i, mixed| match i % 3 {
                0 => format!("{},{},", i % 31, i % 7),
                _ => format!("{},,{}", i % 31, yes(mixed)),
            }),
            vec!["# Left out: `late fee` has no value in any row with a class.\n"],
            "",
        ),
        (
            "scored",
            table("age,prediction,y", 80, |i, mixed| {
                format!("{},{},{}", i % 31, i % 5, yes(mixed))
            }),
            vec!["# Left out: `prediction` has the name of an answer: rename it"],
            "",
        ),
        (
            "share",
            table("share,age,y", 400, |i, mixed| {
                format!("{}.{}%,{},{}", i % 90, i % 3, i % 31, yes(mixed))
            }),
            vec![
                "# Left out: `share` holds numbers such as `0.0%`: a number is read with a point, and without a unit.\n",
                "random: {seed: 0, stratified: true}",
            ],
            "warning: left out: `share`, whose numbers are read as texts\n",
        ),
        (
            "one-customer",
            table("customer_id,age,y", 400, |i, mixed| {
                format!("C{},{},{}", if i < 360 { 0 } else { i }, i % 31, yes(mixed))
            }),
            vec!["`customer_id` names something", "random: {seed: 0, stratified: true}"],
            "",
        ),
    ]);
}

#[test]
fn odd_columns_become_manifests_that_run() {
    become_manifests_that_run(vec![
        (
            "patients",
            table("patient_id,age,y", 240, |i, mixed| {
                format!("{},{},{}", i % 12, i % 31, yes(mixed))
            }),
            vec!["# Left out: `patient_id` names something and describes nothing.\n"],
            "",
        ),
        (
            "ticks",
            table("tick,age,y", 200, |i, mixed| {
                format!("{},{},{}", ["", "x"][(mixed % 2) as usize], i % 31, yes(mixed))
            }),
            vec![
                "features: [age, tick]\n",
                "      - columns: [tick]\n        impute: {strategy: Constant, value: missing}\n",
            ],
            "",
        ),
        (
            "ended",
            table("amount,age,y", 200, |i, mixed| match yes(mixed) {
                "yes" => format!("{},{},yes", i * 7 % 101, i % 31),
                _ => format!(",{},no", i % 31),
            }),
            vec!["# Left out: `amount` gives `y` away: it has a value in rows of one class only.\n"],
            "warning: left out: `amount` gives `y` away\n",
        ),
        (
            "few-cells",
            table("note,age,y", 60, |i, mixed| {
                format!(
                    "{},{},{}",
                    if i < 3 { format!("n{i}") } else { String::new() },
                    i % 31,
                    yes(mixed)
                )
            }),
            vec!["features: [age, note]\n"],
            "",
        ),
        (
            "spaces",
            table("age,y", 120, |i, mixed| {
                format!("{},{}", i % 31, ["no", "no ", "yes"][(mixed % 3) as usize])
            }),
            vec!["`no ` ("],
            "are two classes, and differ in spaces or case only\n",
        ),
        (
            "dollar",
            table("a$(b),y", 120, |i, mixed| {
                format!("{},{}", i % 31, if i % 9 == 0 { "" } else { yes(mixed) })
            }),
            vec!["features: [\"a$$(b)\"]\n", "where: y is not null\n"],
            "",
        ),
        (
            "late-word",
            table("x,y", 120_000, |i, mixed| match i {
                119_000 => "?,no".to_owned(),
                _ => format!("{},{}", i % 997, yes(mixed)),
            }),
            vec!["and `?`: some columns are numbers but for that.\n", "features: [x]\n"],
            "",
        ),
    ]);
}

#[test]
fn few_rows_are_learned_from_whole() {
    let workspace = workspace().with("s.csv", vocabulary::SEED_ROWS);
    let run = workspace.trainyard("run s.csv").exits(2);
    let advice = "s.csv:1:1: YAML: it is a table, not a manifest: `trainyard init s.csv --target COLUMN` makes one";
    assert!(run.stderr.contains(advice), "{}", run.stderr);
    let ran = workspace.trainyard("init s.csv --target target").exits(0);
    assert!(
        ran.stderr
            .contains("warning: the model will not be judged: 4 rows with a class: too few to hold some out"),
        "{}",
        ran.stderr
    );
    let text = workspace.read("s.yaml");
    assert!(!text.contains("split:") && !text.contains("evaluate:"), "{text}");
    workspace.trainyard("run s.yaml").exits(0);
}

/// The customers of `data/`: what a newcomer's first two commands do.
#[test]
fn the_churn_table_becomes_a_judged_model() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/churn.csv");
    let workspace = workspace().with("churn.csv", fs::read(data).unwrap());
    workspace.trainyard("init churn.csv --target churned").exits(0);
    let text = workspace.read("churn.yaml");
    assert!(text.contains("hash: {column: customer_id}"), "{text}");
    assert!(text.contains("# Left out: `signup_date` holds dates"), "{text}");
    let ran = workspace.trainyard("run churn.yaml -o json").exits(0);
    assert_eq!(ran.ending("evaluate"), "Succeeded");
}

#[test]
fn the_schema_is_that_of_the_repository() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crds/schema/mlpipeline.json");
    let printed = workspace().trainyard("schema").exits(0);
    assert_eq!(printed.stdout, fs::read_to_string(file).unwrap());
    assert_eq!(printed.json()["type"], "object");
}
