//! Which column is probably meant to be predicted.

use trainyard_worker::profile::{ColumnProfile, TableProfile, Texts};

/// What columns that are to be predicted are often called.
const NAMES: [&str; 16] = [
    "target",
    "label",
    "class",
    "y",
    "outcome",
    "churn",
    "churned",
    "survived",
    "default",
    "defaulted",
    "fraud",
    "response",
    "converted",
    "result",
    "diagnosis",
    "species",
];
/// A target has rarely more classes.
const CLASSES_MAX: u64 = 20;

/// A table of the columns for people, and the column to suggest.
pub fn listing(profile: &TableProfile) -> (String, Option<&str>) {
    let mut lines = vec![["column", "type", "missing", "values", ""].map(str::to_owned)];
    for column in &profile.columns {
        let more = if column.all_looked_at() { "" } else { "+" };
        lines.push([
            column.name.clone(),
            column.data_type.clone(),
            column.missing.to_string(),
            format!("{}{more}", column.distinct),
            column.examples.join(", "),
        ]);
    }
    // What stands in a table must not move the cursor of a terminal.
    for cell in lines.iter_mut().flatten() {
        *cell = cell.replace(char::is_control, " ");
    }
    let width = |place: usize| lines.iter().map(|line| line[place].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..4).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:width$}  "));
        let row: String = cells.collect::<String>() + &line[4];
        text.push_str(row.trim_end());
        text.push('\n');
    }
    (text, suggested(profile))
}

/// The column that is most likely meant: one of few classes, by its name, then with the fewest, then the last.
fn suggested(profile: &TableProfile) -> Option<&str> {
    let could_be = |column: &&ColumnProfile| {
        !column.constant
            && column.texts != Texts::Dates
            && (2..=CLASSES_MAX).contains(&column.distinct)
            && !column.data_type.starts_with("Float")
    };
    let rank = |column: &&ColumnProfile| {
        let name = column.name.trim().to_lowercase();
        let named = NAMES.iter().position(|known| *known == name).unwrap_or(NAMES.len());
        (named, column.distinct)
    };
    let columns = profile.columns.iter().rev().filter(could_be);
    columns.min_by_key(rank).map(|column| column.name.as_str())
}
