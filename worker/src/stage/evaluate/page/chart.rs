//! Curves as inline SVG: the unit square with its ticks, and what is drawn in it. Colours are the style sheet's.

use super::super::facts::Facts;
use super::super::figures;
use super::markup::{escaped, joined, name};
use std::fmt::Write as _;

/// The view box. It is as wide as a phone's column, so that letters are as large there as they are here.
const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 320.0;
/// The square's edges in the view box.
const LEFT: f64 = 52.0;
const RIGHT: f64 = 330.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 270.0;
/// Of the square's height, for the bars that count rows.
const BARS: f64 = 0.16;
const TICKS: [(f64, &str); 5] = [(0.0, "0"), (0.25, "0.25"), (0.5, "0.5"), (0.75, "0.75"), (1.0, "1")];

fn x(value: f64) -> f64 {
    LEFT + value * (RIGHT - LEFT)
}

fn y(value: f64) -> f64 {
    BOTTOM - value * (BOTTOM - TOP)
}

/// A line from point to point.
fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (at, (right, up)) in points.enumerate() {
        let command = if at == 0 { 'M' } else { 'L' };
        // Writing to a string cannot fail, here and below.
        let _ = write!(path, "{command}{:.1} {:.1}", x(right), y(up));
    }
    path
}

/// What a chart says beside its curves.
struct Words<'a> {
    title: &'a str,
    across: &'a str,
    up: &'a str,
    /// What is seen, for those who cannot see it, and as a caption.
    caption: String,
}

/// A chart: the square, `drawn` in it, a caption, and a legend where there are several curves.
fn figure(words: &Words, drawn: &str, legend: &str) -> String {
    let mut grid = String::new();
    for (value, text) in TICKS {
        let _ = write!(
            grid,
            "<line x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{up:.1}\" y2=\"{up:.1}\"/><line x1=\"{right:.1}\" x2=\"{right:.1}\" y1=\"{TOP}\" y2=\"{BOTTOM}\"/>\
             <text x=\"{beside}\" y=\"{text_up:.1}\" text-anchor=\"end\">{text}</text>\
             <text x=\"{right:.1}\" y=\"{below}\" text-anchor=\"middle\">{text}</text>",
            up = y(value),
            right = x(value),
            beside = LEFT - 6.0,
            text_up = y(value) + 4.0,
            below = BOTTOM + 17.0,
        );
    }
    let middle = f64::midpoint(LEFT, RIGHT);
    let center = f64::midpoint(TOP, BOTTOM);
    let (across, up) = (escaped(words.across), escaped(words.up));
    format!(
        "<figure>\n<h3>{title}</h3>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}: {caption}\">\
         <g class=\"grid\">{grid}</g>\
         <text class=\"axis\" x=\"{middle}\" y=\"{foot}\" text-anchor=\"middle\">{across}</text>\
         <text class=\"axis\" transform=\"translate(12 {center}) rotate(-90)\" text-anchor=\"middle\">{up}</text>\
         {drawn}</svg>\n{legend}<figcaption>{caption}</figcaption>\n</figure>\n",
        title = escaped(words.title),
        caption = escaped(&words.caption),
        foot = HEIGHT - 12.0,
    )
}

/// A curve for each class that has one, and which colour is whose where there are several.
fn curves(facts: &Facts, classes: &[usize], paths: &[String], areas: &[Option<f64>]) -> (String, String) {
    let drawn = joined(
        paths
            .iter()
            .enumerate()
            .map(|(at, path)| format!("<path class=\"curve s{}\" d=\"{path}\"/>", at + 1)),
    );
    if classes.len() < 2 {
        return (drawn, String::new());
    }
    let labels = facts.labels();
    let items = joined(classes.iter().enumerate().map(|(at, &class)| {
        let area = areas.get(class).copied().flatten();
        let area = area.map_or_else(String::new, |area| format!(" {}", figures::decimal(area)));
        format!(
            "<li><span class=\"s{}\"></span>{}{area}</li>",
            at + 1,
            name(&labels[class])
        )
    }));
    (drawn, format!("<ul class=\"legend\">{items}</ul>\n"))
}

/// A spot on a curve.
fn spot(class: &str, right: f64, up: f64) -> String {
    format!(
        "<circle class=\"spot {class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"4.5\"/>",
        x(right),
        y(up)
    )
}

/// Where a model of two classes stands: at 0.5, and at the chosen threshold. Each as (false positive rate, recall, precision).
fn stands(facts: &Facts) -> Vec<(&'static str, f64, f64, f64)> {
    let metrics = facts.metrics;
    if !facts.is_binary() || metrics.support.contains(&0) {
        return Vec::new();
    }
    let negatives = metrics.support[0] as f64;
    let mut stands = vec![(
        "usual",
        metrics.confusion_matrix[0][1] as f64 / negatives,
        metrics.recall,
        metrics.precision,
    )];
    // What was chosen from a part of very many rows stands for all of them.
    if let Some(chosen) = metrics.threshold.as_ref().filter(|_| metrics.area_rows.is_none()) {
        stands.push((
            "chosen",
            chosen.false_positives as f64 / negatives,
            chosen.recall,
            chosen.precision,
        ));
    }
    stands
}

/// What the spots are, behind a caption.
fn spots_in_words(facts: &Facts) -> String {
    match stands(facts)[..] {
        [] => String::new(),
        [_] => " The spot is where a row counts from a probability of 0.5 on".to_owned(),
        _ => {
            let chosen = facts
                .metrics
                .threshold
                .as_ref()
                .map_or_else(String::new, |chosen| figures::decimal(chosen.value));
            format!(" The full spot is where a row counts from a probability of 0.5 on, the ring from {chosen} on")
        }
    }
}

/// The ROC curve; `None` without one.
pub(super) fn roc(facts: &Facts) -> Option<String> {
    let metrics = facts.metrics;
    let classes: Vec<usize> = metrics.roc_curve.iter().map(|curve| curve.class).collect();
    let paths = metrics
        .roc_curve
        .iter()
        .map(|curve| path(curve.fpr.iter().copied().zip(curve.tpr.iter().copied())));
    let paths: Vec<String> = paths.collect();
    if paths.is_empty() {
        return None;
    }
    let (drawn, legend) = curves(facts, &classes, &paths, &metrics.roc_auc_per_class);
    let spots = joined(
        stands(facts)
            .iter()
            .map(|&(class, wrong, found, _)| spot(class, wrong, found)),
    );
    let chance = format!(
        "<path class=\"chance\" d=\"{}\"/>",
        path([(0.0, 0.0), (1.0, 1.0)].into_iter())
    );
    let area = metrics.roc_auc.map_or_else(String::new, |area| {
        format!("The area under it is {}. ", figures::decimal(area))
    });
    let words = Words {
        title: "ROC curve",
        across: "share of the other rows taken for it",
        up: "share of its rows found",
        caption: format!("{area}The dashed line is chance.{}", with_stop(&spots_in_words(facts))),
    };
    Some(figure(&words, &format!("{chance}{drawn}{spots}"), &legend))
}

/// The precision-recall curve; `None` without one.
pub(super) fn precision_recall(facts: &Facts) -> Option<String> {
    let metrics = facts.metrics;
    let classes: Vec<usize> = metrics.precision_recall_curve.iter().map(|curve| curve.class).collect();
    let paths = metrics.precision_recall_curve.iter();
    let paths: Vec<String> = paths
        .map(|curve| path(curve.recall.iter().copied().zip(curve.precision.iter().copied())))
        .collect();
    if paths.is_empty() {
        return None;
    }
    let (drawn, legend) = curves(facts, &classes, &paths, &metrics.average_precision_per_class);
    let average = metrics.average_precision;
    let average = average.map_or_else(String::new, |average| {
        format!("Average precision is {}. ", figures::decimal(average))
    });
    let (chance, words_of_chance) = if facts.is_binary() {
        let share = metrics.support[1] as f64 / metrics.rows as f64;
        let line = format!(
            "<path class=\"chance\" d=\"{}\"/>",
            path([(0.0, share), (1.0, share)].into_iter())
        );
        (line, format!("The dashed line is chance, {}.", figures::decimal(share)))
    } else {
        (String::new(), "Each class against the rest.".to_owned())
    };
    let spots = joined(
        stands(facts)
            .iter()
            .map(|&(class, _, found, precise)| spot(class, found, precise)),
    );
    let words = Words {
        title: "Precision and recall",
        across: "recall: share of its rows found",
        up: "precision: share of those that are",
        caption: format!(
            "{average}{words_of_chance}{}",
            if spots.is_empty() {
                ""
            } else {
                " The spots are those of the ROC curve."
            }
        ),
    };
    Some(figure(&words, &format!("{chance}{drawn}{spots}"), &legend))
}

/// How well probabilities keep their word; `None` without rows.
pub(super) fn calibration(facts: &Facts) -> Option<String> {
    let bins = &facts.metrics.calibration;
    let most = bins.iter().map(|bin| bin.rows).max()?;
    let bars = joined(bins.iter().map(|bin| {
        let tenth = (bin.mean_predicted * 10.0).floor().min(9.0) / 10.0;
        let height = bin.rows as f64 / most as f64 * BARS;
        format!(
            "<rect class=\"count\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
            x(tenth + 0.01),
            y(height),
            x(0.08) - x(0.0),
            y(0.0) - y(height),
        )
    }));
    let points = || bins.iter().map(|bin| (bin.mean_predicted, bin.fraction_of_positives));
    let spots = joined(points().map(|(right, up)| spot("usual", right, up)));
    let perfect = format!(
        "<path class=\"chance\" d=\"{}\"/>",
        path([(0.0, 0.0), (1.0, 1.0)].into_iter())
    );
    let of = if facts.is_binary() {
        facts.positive()
    } else {
        "the predicted class".to_owned()
    };
    let words = Words {
        title: "Calibration",
        across: "mean probability",
        up: "share that came true",
        caption: format!(
            "Rows in tenths by their probability of {of}. On the dashed line probabilities keep their word; below it they promise too \
             much. The bars count rows, {} at most.",
            figures::count(most)
        ),
    };
    let drawn = format!(
        "{bars}{perfect}<path class=\"curve s1\" d=\"{}\"/>{spots}",
        path(points())
    );
    Some(figure(&words, &drawn, ""))
}

fn with_stop(sentence: &str) -> String {
    if sentence.is_empty() {
        String::new()
    } else {
        format!("{sentence}.")
    }
}
