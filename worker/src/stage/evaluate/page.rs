//! `report.html`: a model and what it is worth on one page that needs nothing else: no script, no request, no other file.
//!
//! In: [`Facts`]. Out: the page's text. Everything from outside is escaped ([`markup`]); curves are inline SVG ([`chart`]). It
//! is read on phones too: nothing is wider than the screen.

mod chart;
mod markup;
mod tables;

use super::facts::{Detail, Facts, Figure, called};
use super::figures;
use markup::{element, escaped, joined, name};

/// How the page looks, light and dark.
const STYLE: &str = include_str!("page/style.css");
/// Columns of a longer list of importances are left out.
const IMPORTANCES_SHOWN: usize = 20;

/// The text of the page.
pub(super) fn text(facts: &Facts) -> String {
    let manifest = facts.manifest;
    let title = format!("{} · {}", manifest.pipeline, manifest.version);
    let sections = [
        section("Metrics", &worth(facts)),
        section("Curves", &curves(facts)),
        beside(&[
            section("Confusion matrix", &tables::confusion(facts)),
            section("Classes", &tables::classes(facts)),
        ]),
        beside(&[
            section("Importance of the columns", &importances(facts)),
            section("Thresholds", &tables::thresholds(facts)),
        ]),
        section("The model", &details(&facts.details())),
        beside(&[
            section("Training", &details(&facts.training())),
            section("Judging", &details(&facts.judging())),
        ]),
        section("What to keep in mind", &limits(facts)),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header>\n<p class=\"kind\">Model report</p>\n<h1>{pipeline} <small>{version}</small></h1>\n\
         <p class=\"lead\">{summary}.</p>\n<p class=\"lead\">{judged_on}.</p>\n{requirements}</header>\n{sections}\
         <footer>Written by Trainyard {trainyard}. The same numbers, for programs, are in metrics.json beside this page.</footer>\n\
         </main>\n</body>\n</html>\n",
        title = escaped(&title),
        pipeline = escaped(manifest.pipeline.as_str()),
        version = escaped(manifest.version.as_str()),
        summary = escaped(&facts.summary()),
        judged_on = escaped(&facts.judged_on()),
        requirements = requirements(facts),
        sections = sections.concat(),
        trainyard = escaped(env!("CARGO_PKG_VERSION")),
    )
}

/// A section with its title; nothing where there is nothing in it.
fn section(title: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    format!("<section>\n<h2>{}</h2>\n{content}</section>\n", escaped(title))
}

/// Sections that stand side by side where there is room.
fn beside(sections: &[String]) -> String {
    format!("<div class=\"beside\">\n{}</div>\n", sections.concat())
}

fn requirements(facts: &Facts) -> String {
    let class = match (
        facts.checked.is_empty(),
        facts.checked.iter().all(|requirement| requirement.met),
    ) {
        (true, _) => "verdict none",
        (false, true) => "verdict met",
        (false, false) => "verdict missed",
    };
    let each = facts.checked.iter().map(|requirement| {
        let (mark, word) = if requirement.met {
            ("✓", "met")
        } else {
            ("✗", "not met")
        };
        format!(
            "<li><span class=\"{}\">{mark}</span> <code>{}</code> <span class=\"found\">{word}: {}</span></li>\n",
            if requirement.met { "good" } else { "bad" },
            escaped(&requirement.text),
            escaped(&requirement.found),
        )
    });
    let list = joined(each);
    let list = if list.is_empty() {
        list
    } else {
        format!("<ul>\n{list}</ul>\n")
    };
    format!(
        "<div class=\"{class}\">\n<p>{}</p>\n{list}</div>\n",
        escaped(&facts.verdict())
    )
}

fn worth(facts: &Facts) -> String {
    let tile = |figure: Figure| {
        let value = figure.value.map_or_else(|| "not defined".to_owned(), figures::decimal);
        format!(
            "<div class=\"tile\"><dt>{}</dt><dd class=\"{}\">{}</dd><dd class=\"meaning\">{}</dd></div>\n",
            escaped(figure.name),
            if figure.value.is_some() { "value" } else { "value none" },
            escaped(&value),
            escaped(&figure.meaning),
        )
    };
    let tiles = joined(facts.figures().into_iter().map(tile));
    format!("<dl class=\"tiles\">\n{tiles}</dl>\n")
}

/// The charts, as far as there is something to draw.
fn curves(facts: &Facts) -> String {
    let charts = [
        chart::roc(facts),
        chart::precision_recall(facts),
        chart::calibration(facts),
    ];
    let charts = joined(charts.into_iter().flatten());
    if charts.is_empty() {
        return charts;
    }
    format!("<div class=\"charts\">\n{charts}</div>\n")
}

fn importances(facts: &Facts) -> String {
    let Some(importance) = &facts.metrics.permutation_importance else {
        return String::new();
    };
    let most = importance.columns.first().map_or(0.0, |column| column.importances_mean);
    let bar = |column: &crate::metrics::ColumnImportance| {
        let share = if most > 0.0 {
            (column.importances_mean / most).max(0.0)
        } else {
            0.0
        };
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"bar\"><span style=\"width: {:.1}%\"></span></td><td class=\"number\">{}</td></tr>\n",
            name(&column.column),
            share * 100.0,
            figures::change(column.importances_mean),
        )
    };
    let bars = joined(importance.columns.iter().take(IMPORTANCES_SHOWN).map(bar));
    let more = match importance.columns.len().saturating_sub(IMPORTANCES_SHOWN) {
        0 => String::new(),
        more => format!(" And {}, all in metrics.json.", figures::of(more as u64, "more column")),
    };
    let metric = called(&importance.metric);
    let note = format!(
        "By how much {metric} ({}) falls when the values of one column are dealt out anew among {}: the mean of five times.{more}",
        figures::decimal(importance.baseline),
        figures::of(importance.rows, "row"),
    );
    format!(
        "{}<table class=\"bars\">\n{bars}</table>\n",
        element("p", "note", &note)
    )
}

fn details(details: &[Detail]) -> String {
    let row = |(what, value): &Detail| {
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n",
            escaped(what),
            escaped(value)
        )
    };
    let rows = joined(details.iter().map(row));
    format!("<table class=\"details\">\n{rows}</table>\n")
}

fn limits(facts: &Facts) -> String {
    let items = joined(
        facts
            .limits()
            .iter()
            .map(|limit| element("li", "", &format!("{limit}."))),
    );
    format!("<ul class=\"limits\">\n{items}</ul>\n")
}
