//! `model-card.md`: a model and what it is worth, in words, as model cards have it.

use super::facts::{Detail, Facts, called};
use super::figures;
use std::fmt::Write as _;

/// With more classes the table of who is taken for whom is no longer read.
const CONFUSION_CLASSES_MAX: usize = 12;
/// So many of the most frequent mistakes are told in its place.
const MISTAKES_SHOWN: usize = 20;
/// Columns of a longer list of importances are left out.
const IMPORTANCES_SHOWN: usize = 20;
/// Punctuation that Markdown gives a meaning to.
const MARKED: &str = "\\`*[]<|~&$";

/// The text of the card.
pub(super) fn text(facts: &Facts) -> String {
    let mut card = String::new();
    let manifest = facts.manifest;
    section(
        &mut card,
        &format!(
            "# {}: {}",
            marked(manifest.pipeline.as_str()),
            marked(manifest.version.as_str())
        ),
    );
    paragraph(&mut card, &format!("{}.", facts.summary()));
    paragraph(&mut card, &format!("{}.", facts.judged_on()));
    requirements(&mut card, facts);
    section(&mut card, "## Metrics");
    metrics(&mut card, facts);
    section(&mut card, "## Confusion matrix");
    confusion(&mut card, facts);
    classes(&mut card, facts);
    importances(&mut card, facts);
    section(&mut card, "## The model");
    table_of(&mut card, &facts.details());
    section(&mut card, "## Training");
    table_of(&mut card, &facts.training());
    section(&mut card, "## Judging");
    table_of(&mut card, &facts.judging());
    section(&mut card, "## What to keep in mind");
    for limit in facts.limits() {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(card, "- {}.", marked(&limit));
    }
    card
}

fn section(card: &mut String, title: &str) {
    let space = if card.is_empty() || card.ends_with("\n\n") {
        ""
    } else {
        "\n"
    };
    let _ = writeln!(card, "{space}{title}\n");
}

fn paragraph(card: &mut String, sentence: &str) {
    let _ = writeln!(card, "{}\n", marked(sentence));
}

fn row(card: &mut String, cells: &[String]) {
    let _ = writeln!(card, "| {} |", cells.join(" | "));
}

/// The head of a table; the columns behind the first are numbers where `numbers` says so.
fn head(card: &mut String, cells: &[&str], numbers: bool) {
    let aligned = if numbers { "---:" } else { "---" };
    row(card, &cells.iter().map(|cell| marked(cell)).collect::<Vec<_>>());
    let rule = |at: usize| if at == 0 { "---" } else { aligned };
    row(
        card,
        &(0..cells.len()).map(|at| rule(at).to_owned()).collect::<Vec<_>>(),
    );
}

fn table_of(card: &mut String, details: &[Detail]) {
    head(card, &["", ""], false);
    for (what, value) in details {
        row(card, &[marked(what), marked(value)]);
    }
}

fn requirements(card: &mut String, facts: &Facts) {
    section(card, "## Requirements");
    paragraph(card, &format!("{}.", facts.verdict()));
    for requirement in facts.checked {
        let met = if requirement.met { "met" } else { "**not met**" };
        let _ = writeln!(
            card,
            "- {}: {met}, {}",
            code(&requirement.text),
            marked(&requirement.found)
        );
    }
}

fn metrics(card: &mut String, facts: &Facts) {
    head(card, &["metric", "value", "meaning"], false);
    for figure in facts.figures() {
        let value = figure.value.map_or_else(|| "not defined".to_owned(), figures::decimal);
        row(card, &[marked(figure.name), value, marked(&figure.meaning)]);
    }
    if let Some(chosen) = &facts.metrics.threshold {
        let best = if chosen.best == "cost" {
            format!(
                "mistakes cost least, {}",
                chosen.cost.map_or_else(String::new, figures::plain)
            )
        } else {
            format!("{} is greatest", called(&chosen.best))
        };
        let sentence = format!(
            "From a probability of {} on, {best}: precision {}, recall {}, F1 {}. The metrics above are at 0.5.",
            figures::decimal(chosen.value),
            figures::decimal(chosen.precision),
            figures::decimal(chosen.recall),
            figures::decimal(chosen.f1),
        );
        let _ = writeln!(card, "\n{}", marked(&sentence));
    }
}

fn confusion(card: &mut String, facts: &Facts) {
    let labels = facts.labels();
    if labels.len() > CONFUSION_CLASSES_MAX {
        head(card, &["is", "predicted", "rows"], false);
        for (truly, predicted, count) in facts.mistakes(MISTAKES_SHOWN) {
            row(card, &[marked(&truly), marked(&predicted), figures::count(count)]);
        }
        return;
    }
    let predicted: Vec<String> = labels.iter().map(|label| format!("predicted {label}")).collect();
    let cells: Vec<&str> = std::iter::once("")
        .chain(predicted.iter().map(String::as_str))
        .collect();
    head(card, &cells, true);
    for (label, counts) in labels.iter().zip(&facts.metrics.confusion_matrix) {
        let counts = counts.iter().map(|&count| figures::count(count));
        row(
            card,
            &std::iter::once(format!("is {}", marked(label)))
                .chain(counts)
                .collect::<Vec<_>>(),
        );
    }
}

fn classes(card: &mut String, facts: &Facts) {
    let metrics = facts.metrics;
    card.push('\n');
    head(card, &["class", "rows", "precision", "recall", "F1"], true);
    for (at, label) in facts.labels().iter().enumerate() {
        let shares = [
            &metrics.precision_per_class,
            &metrics.recall_per_class,
            &metrics.f1_per_class,
        ];
        let mut cells = vec![marked(label), figures::count(metrics.support[at])];
        cells.extend(shares.map(|share| figures::decimal(share[at])));
        row(card, &cells);
    }
}

fn importances(card: &mut String, facts: &Facts) {
    let Some(importance) = &facts.metrics.permutation_importance else {
        return;
    };
    section(card, "## Importance of the columns");
    paragraph(
        card,
        &format!(
            "By how much {} falls when the values of a column are dealt out anew among the rows.",
            called(&importance.metric)
        ),
    );
    head(card, &["column", "falls by", "give or take"], true);
    for column in importance.columns.iter().take(IMPORTANCES_SHOWN) {
        row(
            card,
            &[
                marked(&column.column),
                figures::change(column.importances_mean),
                figures::change(column.importances_std),
            ],
        );
    }
    if let more @ 1.. = importance.columns.len().saturating_sub(IMPORTANCES_SHOWN) {
        let _ = writeln!(
            card,
            "\nand {}; all are in metrics.json.",
            figures::of(more as u64, "column")
        );
    }
}

/// Text of any kind, so that Markdown shows it as it is, on one line.
fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        // Between two letters an underscore is one.
        let inside = |beside: char| beside.is_alphanumeric() || beside == '_';
        let emphasis = letter == '_' && !(inside(before) && letters.peek().copied().is_some_and(inside));
        if MARKED.contains(letter) || emphasis {
            out.push('\\');
        }
        out.push(if letter.is_control() { ' ' } else { letter });
        before = letter;
    }
    out
}

/// Text as code, between more backticks than it holds in a row.
fn code(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    let line: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    format!("{fence}{space}{line}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        for (text, want) in [
            ("monthly_charge", "monthly_charge"),
            ("_secret_ *x*", "\\_secret\\_ \\*x\\*"),
            ("a|b\nc", "a\\|b c"),
            ("<b>&lt;", "\\<b>\\&lt;"),
            ("[x](y)", "\\[x\\](y)"),
        ] {
            assert_eq!(marked(text), want);
        }
        assert_eq!(code("f1 > 0.5"), "`f1 > 0.5`");
        assert_eq!(code("`f1` > 0"), "`` `f1` > 0 ``");
    }
}
