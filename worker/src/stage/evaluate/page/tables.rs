//! The page's tables: who is taken for whom, what each class is worth, what other thresholds would do.

use super::super::facts::{Facts, called};
use super::super::figures;
use super::markup::{self, element, joined, name};
use crate::metrics::{ChosenThreshold, ThresholdRow};

/// A table of more classes is wider than a phone.
const CONFUSION_CLASSES_MAX: usize = 6;
/// So many of the most frequent mistakes are told in its place.
const MISTAKES_SHOWN: usize = 20;
/// So many classes are told, those with the most rows.
const CLASSES_SHOWN: usize = 50;

/// Per cent of colour in a cell that holds all rows of its class.
const TINT_MAX: f64 = 55.0;

/// True classes by predicted classes; of many classes the most frequent mistakes.
pub(super) fn confusion(facts: &Facts) -> String {
    let labels = facts.labels();
    if labels.len() > CONFUSION_CLASSES_MAX {
        return mistakes(facts);
    }
    let heads = joined(
        labels
            .iter()
            .map(|label| format!("<th scope=\"col\">{}</th>", name(label))),
    );
    let rows = joined(
        facts
            .metrics
            .confusion_matrix
            .iter()
            .enumerate()
            .map(|(truly, counts)| {
                let all: u64 = counts.iter().sum();
                let cells = joined(
                    counts
                        .iter()
                        .enumerate()
                        .map(|(predicted, &count)| cell(count, all, truly == predicted)),
                );
                format!("<tr><th scope=\"row\">is {}</th>{cells}</tr>\n", name(&labels[truly]))
            }),
    );
    format!(
        "<table class=\"confusion\">\n<thead><tr><td></td><th scope=\"colgroup\" colspan=\"{}\">taken for</th></tr>\n\
         <tr><td></td>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n",
        labels.len()
    )
}

fn cell(count: u64, of: u64, right: bool) -> String {
    let share = if of == 0 { 0.0 } else { count as f64 / of as f64 };
    let class = if right { "right" } else { "wrong" };
    let tint = share * TINT_MAX;
    let percent = if of == 0 {
        String::new()
    } else {
        format!("<small>{}</small>", figures::percent(share))
    };
    format!(
        "<td class=\"{class}\" style=\"--tint: {tint:.1}%\">{}{percent}</td>",
        markup::count(count)
    )
}

fn mistakes(facts: &Facts) -> String {
    let mistakes = facts.mistakes(MISTAKES_SHOWN);
    if mistakes.is_empty() {
        return element("p", "note", "Every row was taken for what it is.");
    }
    let row = |(truly, predicted, count): &(String, String, u64)| {
        let (truly, predicted) = (name(truly), name(predicted));
        format!(
            "<tr><td>{truly}</td><td>{predicted}</td><td class=\"number\">{}</td></tr>\n",
            markup::count(*count)
        )
    };
    let rows = joined(mistakes.iter().map(row));
    format!(
        "{}<table class=\"numbers\">\n<thead><tr><th scope=\"col\">is</th><th scope=\"col\">taken for</th>\
         <th scope=\"col\" class=\"number\">rows</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n",
        element(
            "p",
            "note",
            "The most frequent mistakes; the whole table is in metrics.json."
        )
    )
}

/// What each class is worth.
pub(super) fn classes(facts: &Facts) -> String {
    let metrics = facts.metrics;
    let labels = facts.labels();
    let has_areas = !metrics.roc_auc_per_class.is_empty();
    let mut order: Vec<usize> = (0..labels.len()).collect();
    if order.len() > CLASSES_SHOWN {
        order.sort_by_key(|&class| (std::cmp::Reverse(metrics.support[class]), class));
        order.truncate(CLASSES_SHOWN);
    }
    let rows = joined(order.iter().map(|&class| {
        let shares = [
            &metrics.precision_per_class,
            &metrics.recall_per_class,
            &metrics.f1_per_class,
        ];
        let mut cells: Vec<String> = shares.iter().map(|share| short(share[class])).collect();
        if has_areas {
            cells.push(metrics.roc_auc_per_class[class].map_or_else(|| "–".to_owned(), short));
        }
        let cells = joined(cells.iter().map(|text| format!("<td class=\"number\">{text}</td>")));
        let rows = format!(
            "<td class=\"number count\">{}</td>",
            markup::count(metrics.support[class])
        );
        format!(
            "<tr><th scope=\"row\">{}</th>{rows}{cells}</tr>\n",
            name(&labels[class])
        )
    }));
    let mut heads = vec!["rows", "precision", "recall", "F1"];
    if has_areas {
        heads.push("ROC AUC");
    }
    let note = if labels.len() > CLASSES_SHOWN {
        element(
            "p",
            "note",
            &format!("The {CLASSES_SHOWN} classes with the most rows, of {}.", labels.len()),
        )
    } else {
        String::new()
    };
    format!("{note}{}", table("class", &heads, &rows))
}

/// What other thresholds would do; nothing with more than two classes.
pub(super) fn thresholds(facts: &Facts) -> String {
    let metrics = facts.metrics;
    if metrics.thresholds.is_empty() {
        return String::new();
    }
    let mut rows: Vec<(f64, String)> = metrics
        .thresholds
        .iter()
        .map(|row| (row.threshold, row_of(row)))
        .collect();
    let positive = facts.positive();
    let mut note = format!(
        "A row counts as {positive} where its probability is at least the threshold. False alarms are rows taken for {positive} that \
         are not, missed are rows that are {positive} and not found."
    );
    if let Some(chosen) = &metrics.threshold {
        rows.push((
            chosen.value,
            row_with(
                "chosen",
                chosen.value,
                [chosen.precision, chosen.recall, chosen.f1],
                [chosen.false_positives, chosen.false_negatives],
            ),
        ));
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        note.push_str(&chosen_in_words(chosen));
    }
    let rows = joined(rows.into_iter().map(|(_, row)| row));
    let heads = ["precision", "recall", "F1", "false alarms", "missed"];
    format!("{}{}", element("p", "note", &note), table("from", &heads, &rows))
}

fn chosen_in_words(chosen: &ChosenThreshold) -> String {
    let why = match chosen.cost {
        Some(cost) => format!("mistakes cost least, {} in all", figures::plain(cost)),
        None => format!("{} is greatest", called(&chosen.best)),
    };
    format!(" At {}, marked below, {why}.", figures::decimal(chosen.value))
}

fn row_of(row: &ThresholdRow) -> String {
    row_with(
        "",
        row.threshold,
        [row.precision, row.recall, row.f1],
        [row.false_positives, row.false_negatives],
    )
}

fn row_with(class: &str, threshold: f64, shares: [f64; 3], counts: [u64; 2]) -> String {
    let digits = if class.is_empty() {
        format!("{threshold:.2}")
    } else {
        figures::decimal(threshold)
    };
    let shares = shares
        .map(|share| format!("<td class=\"number\">{}</td>", short(share)))
        .concat();
    let counts = counts
        .map(|count| format!("<td class=\"number count\">{}</td>", markup::count(count)))
        .concat();
    format!("<tr class=\"{class}\"><th scope=\"row\">{digits}</th>{shares}{counts}</tr>\n")
}

fn table(first: &str, heads: &[&str], rows: &str) -> String {
    let heads = joined(
        heads
            .iter()
            .map(|head| format!("<th scope=\"col\" class=\"number\">{head}</th>")),
    );
    format!(
        "<table class=\"numbers\">\n<thead><tr><th scope=\"col\">{first}</th>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"
    )
}

/// Three digits: a column of a phone's table holds no more.
fn short(share: f64) -> String {
    format!("{share:.3}")
}
