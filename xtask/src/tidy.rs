//! What every file of the repository keeps to: headers, names, words. Tests only.

use crate::repository;

/// Names of files that say nothing about what is in them.
const EMPTY_NAMES: [&str; 7] = ["util", "utils", "helper", "helpers", "common", "misc", "manager"];

/// Kinds of files whose words are looked at.
const TEXT: [&str; 9] = ["rs", "py", "toml", "md", "yaml", "yml", "json", "jsonl", "tpl"];

/// Inputs that are broken on purpose.
const CORPORA: &str = "fuzz/corpus";

/// What must not stand in any text, and why. In pieces, so that this file does not find itself.
const BANNED: [(&str, &str); 8] = [
    (concat!("TO", "DO"), "unfinished"),
    (concat!("FIX", "ME"), "unfinished"),
    (concat!("to", "do!("), "unfinished"),
    (concat!("unimpl", "emented!("), "unfinished"),
    (concat!("db", "g!("), "left from looking for a fault"),
    (
        concat!("DESIGN", " section"),
        "a document that readers of the repository do not have",
    ),
    (concat!("/wor", "k/"), "a path of somebody's machine"),
    (concat!("/roo", "t/"), "a path of somebody's machine"),
];

fn faults(check: impl Fn(&camino::Utf8Path, &str) -> Vec<String>) -> Vec<String> {
    let mut faults = Vec::new();
    for path in repository::files().expect("the repository can be listed") {
        if !path.starts_with(CORPORA) && path.extension().is_some_and(|extension| TEXT.contains(&extension)) {
            let text = repository::read(&path).expect("a text file");
            faults.extend(check(&path, &text).into_iter().map(|fault| format!("{path}: {fault}")));
        }
    }
    faults
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_rust_file_says_first_what_it_is_for() {
    assert_none(&faults(|path, text| {
        let headless = path.extension() == Some("rs") && !text.starts_with("//! ");
        headless
            .then(|| "does not begin with `//!`".to_owned())
            .into_iter()
            .collect()
    }));
}

#[test]
fn no_file_has_an_empty_name() {
    assert_none(&faults(|path, _| {
        let stem = path.file_stem().unwrap_or_default();
        let folder = path.parent().and_then(|parent| parent.file_name()).unwrap_or_default();
        EMPTY_NAMES
            .iter()
            .filter(|name| stem == **name || folder == **name)
            .map(|name| format!("`{name}` names no idea"))
            .collect()
    }));
}

#[test]
fn no_text_holds_a_banned_word() {
    assert_none(&faults(|_, text| {
        let lines = text.lines().enumerate();
        lines
            .flat_map(|(number, line)| {
                let found = BANNED.iter().filter(move |(word, _)| line.contains(word));
                found.map(move |(word, why)| format!("line {}: `{word}` ({why})", number + 1))
            })
            .collect()
    }));
}

/// The places that the links of a page lead to, from its folder; those of the web are left out, and what stands in code.
fn linked(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split('`').step_by(2);
    let targets = prose.flat_map(|part| part.split("](").skip(1).filter_map(|rest| rest.split(')').next()));
    let here = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    here.filter_map(|target| target.split('#').next())
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    assert_none(&faults(|path, text| {
        let is_page = path.extension() == Some("md");
        let folder = path.parent().unwrap_or(path);
        let targets = linked(text).filter(|_| is_page);
        targets
            .filter(|target| !repository::root().join(folder).join(target).exists())
            .map(|target| format!("`{target}` is not there"))
            .collect()
    }));
}

#[test]
fn the_sample_csv_holds_the_rows_of_the_config_map() {
    let csv = repository::read("data/sample_data.csv").expect("the sample");
    let manifest = repository::read("data/ml-production-pipeline.yaml").expect("the manifest");
    let block = manifest
        .split_once("  sample_data.csv: |\n")
        .expect("the sample as a block")
        .1;
    let rows: Vec<_> = block.lines().map_while(|line| line.strip_prefix("    ")).collect();
    assert_eq!(rows, csv.lines().collect::<Vec<_>>());
}

#[test]
fn the_chart_has_the_version_of_the_programs() {
    let chart = repository::read("charts/trainyard/Chart.yaml").expect("the chart");
    let version = env!("CARGO_PKG_VERSION");
    for line in [format!("version: {version}"), format!("appVersion: {version}")] {
        assert!(
            chart.lines().any(|l| l == line),
            "charts/trainyard/Chart.yaml lacks `{line}`"
        );
    }
}
