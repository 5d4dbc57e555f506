//! The choices as a manifest, with the reason beside each.

use super::choose::{FEW_CATEGORIES, Plan, Split, counted};
use crate::progress::grouped;
use std::fmt::Write as _;
use trainyard_contract::stage::{CsvSource, ExtractSpec, PANDAS_NULL_WORDS};
use trainyard_worker::profile::{ColumnProfile, HOLDOUT_SHARE, TableProfile};

/// The file that `trainyard schema` is to be written to, beside the manifest.
pub const SCHEMA_FILE: &str = "mlpipeline.schema.json";
/// The most columns that a rare-category column and the others become.
const MANY_CATEGORIES: u64 = 50;
/// Where a line of columns is broken.
const LINE_MAX: usize = 110;

/// The manifest of `plan`: a pipeline of this name that reads `path`.
pub fn manifest(profile: &TableProfile, plan: &Plan<'_>, name: &str, path: &str) -> String {
    let mut text = String::new();
    let mut line = |indent: usize, words: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:indent$}{words}", "");
    };
    line(0, &format!("# yaml-language-server: $schema={SCHEMA_FILE}"));
    line(
        0,
        &format!(
            "# (An editor checks and completes this file once `trainyard schema > {SCHEMA_FILE}` was run beside it.)"
        ),
    );
    line(0, "#");
    line(
        0,
        &format!(
            "# Made by `trainyard init` from {} of {}: a first model to start from. Change whatever you know better.",
            counted(profile.rows, "row"),
            comment(path)
        ),
    );
    line(0, "apiVersion: trainyard.dev/v1alpha1");
    line(0, "kind: MLPipeline");
    line(0, "metadata:");
    line(2, &format!("name: {}", scalar(name)));
    line(0, "spec:");
    line(2, "stages:");
    extract(&mut line, profile, path);
    line(2, "- name: validate");
    line(4, "dependsOn: [extract]");
    line(
        4,
        "# Columns that the model uses must be there; what `preprocess` below does not fill must not be missing.",
    );
    line(4, "validate: {}");
    train(&mut line, profile, plan);
    evaluate(&mut line, plan);
    text
}

fn extract(line: &mut impl FnMut(usize, &str), profile: &TableProfile, path: &str) {
    let ExtractSpec { csv, parquet: _ } = &profile.extract;
    line(2, "- name: extract");
    line(4, "extract:");
    let Some(CsvSource {
        delimiter,
        header,
        null_values,
        ..
    }) = csv
    else {
        line(6, &format!("parquet: {{path: {}}}", scalar(path)));
        return;
    };
    line(6, "csv:");
    line(8, &format!("path: {}", scalar(path)));
    if let Some(delimiter) = delimiter {
        line(
            8,
            &format!(
                "delimiter: {}  # what stands between the cells of this file",
                quoted(delimiter)
            ),
        );
    }
    if header.is_some() {
        line(
            8,
            "header: NumberUnnamed  # a column without a name is called `Unnamed: 0`, with its place from 0",
        );
    }
    if null_values.is_some() {
        let words: Vec<String> = profile
            .null_words
            .iter()
            .map(|word| format!("`{}`", comment(word)))
            .collect();
        line(
            8,
            &format!(
                "# The usual words for a missing cell, and {}: some columns are numbers but for that.",
                words.join(", ")
            ),
        );
        let all = PANDAS_NULL_WORDS
            .iter()
            .map(|word| quoted(word))
            .chain(profile.null_words.iter().map(|word| quoted(word)));
        list(line, 8, "nullValues", all);
    }
}

fn train(line: &mut impl FnMut(usize, &str), profile: &TableProfile, plan: &Plan<'_>) {
    line(2, "- name: train");
    line(4, "dependsOn: [validate]");
    line(4, "train:");
    let classes = plan
        .classes
        .iter()
        .take(8)
        .map(|(label, rows)| format!("{} ({})", shown_label(label), grouped(*rows)));
    let more = if plan.classes.len() > 8 { ", …" } else { "" };
    line(
        6,
        &format!(
            "# {} classes, with their rows: {}{more}",
            plan.classes.len(),
            classes.collect::<Vec<_>>().join(", ")
        ),
    );
    line(6, &format!("target: {}", scalar(&plan.target.name)));
    if plan.target.missing > 0 {
        line(
            6,
            &format!(
                "# {} of {} rows {} no class: nothing can be learned from them.",
                grouped(plan.target.missing),
                grouped(profile.rows),
                if plan.target.missing == 1 { "has" } else { "have" }
            ),
        );
        line(6, &format!("where: {}", has_a_value(&plan.target.name)));
    }
    for (name, reason) in &plan.left_out {
        line(6, &format!("# Left out: `{}` {}.", comment(name), comment(reason)));
    }
    let features = plan
        .numbers
        .iter()
        .chain(&plan.texts)
        .map(|column| scalar(&column.name));
    list(line, 6, "features", features);
    match &plan.split {
        Split::Hash { column } => {
            line(
                6,
                &format!(
                    "# A fifth of the `{}`s is held out to judge the model on: all rows of one are on the same side, in every run.",
                    comment(column)
                ),
            );
            line(6, "split:");
            line(8, &format!("holdout: {HOLDOUT_SHARE}"));
            line(8, &format!("hash: {{column: {}}}", scalar(column)));
        }
        Split::Random => {
            line(
                6,
                "# A fifth of the rows is held out to judge the model on, of each class alike. Where several rows belong to one",
            );
            line(
                6,
                "# customer or machine, name that column instead: `hash: {column: …}`.",
            );
            line(6, "split:");
            line(8, &format!("holdout: {HOLDOUT_SHARE}"));
            line(8, "random: {seed: 0, stratified: true}");
        }
        Split::Nothing { reason } => line(6, &format!("# Nothing is held out: {}.", comment(reason))),
    }
    preprocess(line, plan);
    line(6, "logisticRegression: {}");
}

fn preprocess(line: &mut impl FnMut(usize, &str), plan: &Plan<'_>) {
    line(6, "preprocess:");
    let missing = |column: &&&ColumnProfile| column.missing > 0;
    let names = |columns: Vec<&&ColumnProfile>| -> Vec<String> {
        columns.into_iter().map(|column| scalar(&column.name)).collect()
    };
    let mut step = |reason: &str, columns: Vec<String>, what: &str| {
        if columns.is_empty() {
            return;
        }
        line(6, &format!("# {reason}"));
        list(line, 6, "- columns", columns.into_iter());
        line(8, what);
    };
    step(
        "Missing numbers become the column's median, which a few extreme numbers do not move.",
        names(plan.numbers.iter().filter(missing).collect()),
        "impute: {strategy: Median}",
    );
    step(
        "Missing texts are a category of their own: that a cell is missing may say something.",
        names(plan.texts.iter().filter(missing).collect()),
        "impute: {strategy: Constant, value: missing}",
    );
    let is_few = |column: &&&ColumnProfile| column.distinct <= FEW_CATEGORIES;
    step(
        "Categories become columns of zeros and ones; one that no training row had counts as none.",
        names(plan.texts.iter().filter(is_few).collect()),
        &format!("oneHot: {{unknown: Ignore, maxCategories: {}}}", FEW_CATEGORIES + 1),
    );
    step(
        "Here the rarest categories share a column: of each there are too few rows to learn from.",
        names(plan.texts.iter().filter(|column| !is_few(column)).collect()),
        &format!("oneHot: {{unknown: Infrequent, maxCategories: {MANY_CATEGORIES}}}"),
    );
    step(
        "Numbers are brought to one size, so that the penalty of the model treats them alike.",
        names(plan.numbers.iter().collect()),
        "scale: {method: Standard}",
    );
}

fn evaluate(line: &mut impl FnMut(usize, &str), plan: &Plan<'_>) {
    if matches!(plan.split, Split::Nothing { .. }) {
        return;
    }
    line(2, "- name: evaluate");
    line(4, "dependsOn: [train]");
    line(
        4,
        "# Judges the model on the rows that were held out; its report.html is for people. A model that misses a requirement",
    );
    line(
        4,
        "# never becomes the champion; set one once you know what is good enough:",
    );
    line(4, "# evaluate: {require: [\"roc_auc >= 0.8\"]}");
    line(4, "evaluate: {}");
}

/// A list on one line, or on several where it is long.
fn list(line: &mut impl FnMut(usize, &str), indent: usize, key: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    let whole = format!("{key}: [{}]", items.join(", "));
    if indent + whole.chars().count() <= LINE_MAX {
        return line(indent, &whole);
    }
    line(indent, &format!("{key}:"));
    let inner = indent + if key.starts_with("- ") { 4 } else { 2 };
    let mut row = String::from("[");
    for (place, item) in items.iter().enumerate() {
        if row.len() > 1 && inner + row.chars().count() + item.chars().count() > LINE_MAX {
            line(inner, row.trim_end());
            row = String::from(" ");
        }
        row.push_str(item);
        row.push_str(if place + 1 < items.len() { ", " } else { "]" });
    }
    line(inner, &row);
}

/// A text as YAML: plain where that is safe.
fn scalar(text: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let starts_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let has_meaning =
        ["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(&text.to_lowercase().as_str());
    if starts_plain && !has_meaning && text.chars().all(is_safe) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// A text in double quotes, which YAML reads as JSON does.
/// `$(` would begin a value that is filled in.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text.replace("$(", "$$(")).to_string()
}

/// Whether a name can stand in a condition.
pub fn can_be_in_a_condition(name: &str) -> bool {
    !(name.contains('`') && name.contains('"'))
}

/// The condition that a column has a value, as YAML: its name is in quotes unless it is a plain word.
fn has_a_value(name: &str) -> String {
    const WORDS: [&str; 6] = ["and", "or", "not", "in", "is", "null"];
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !WORDS.contains(&name.to_lowercase().as_str());
    if is_plain {
        format!("{name} is not null")
    } else if name.contains('`') {
        quoted(&format!("\"{name}\" is not null"))
    } else {
        quoted(&format!("`{name}` is not null"))
    }
}

/// A label, in quotes where one would not see where it ends.
fn shown_label(label: &str) -> String {
    if label.trim() == label && !label.is_empty() {
        comment(label)
    } else {
        comment(&format!("`{label}`"))
    }
}

/// A text in a comment: on one line, whatever stands in it.
fn comment(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{85}') {
                ' '
            } else {
                c
            }
        })
        .collect()
}
