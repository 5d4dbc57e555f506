//! What must hold of a model's metrics, and what is said where it does not.
//!
//! A condition with a metric that cannot be measured is not met, unless it holds whatever that metric is.

use crate::StageError;
use crate::metrics::Metrics;
use crate::similar::similar;
use std::collections::BTreeMap;
use trainyard_contract::expression::{Expression, Value};
use trainyard_contract::stage::REQUIRABLE_METRICS;

/// A condition over metrics.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Requirement {
    /// As it was written.
    pub(super) text: String,
    condition: Expression,
}

/// A condition, and whether it holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Checked {
    /// As it was written.
    pub(super) text: String,
    pub(super) met: bool,
    /// What its metrics are, such as `roc_auc is 0.7431`.
    pub(super) found: String,
    undefined: bool,
}

type Values<'a> = BTreeMap<&'a str, Option<f64>>;

impl Requirement {
    /// Reads the conditions of a manifest.
    ///
    /// # Errors
    /// One is none, or names no metric (`Config`).
    pub(super) fn parse_all(texts: &[String]) -> Result<Vec<Self>, StageError> {
        texts.iter().map(|text| Self::parse(text)).collect()
    }

    fn parse(text: &str) -> Result<Self, StageError> {
        let condition = Expression::parse(text).map_err(|error| {
            StageError::config(format!("evaluate.require: `{text}`: {error}")).hint("such as `roc_auc >= 0.8`")
        })?;
        let unknown = condition
            .names()
            .into_iter()
            .find(|name| !REQUIRABLE_METRICS.contains(name));
        if let Some(name) = unknown {
            let meant = similar(name, REQUIRABLE_METRICS)
                .map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
            return Err(StageError::config(format!(
                "evaluate.require: `{text}`: there is no metric `{name}`{meant}"
            ))
            .hint(format!("the metrics are {}", REQUIRABLE_METRICS.join(", "))));
        }
        if compares_texts(&condition) {
            return Err(StageError::config(format!(
                "evaluate.require: `{text}`: metrics are numbers, never texts"
            )));
        }
        Ok(Self {
            text: text.to_owned(),
            condition,
        })
    }

    /// Whether it holds.
    pub(super) fn check(&self, metrics: &Metrics) -> Checked {
        let names = self.condition.names();
        let values: Values = metrics.scalars().filter(|(name, _)| names.contains(name)).collect();
        let met = holds(&self.condition, &values) == Some(true);
        Checked {
            text: self.text.clone(),
            met,
            found: self.found(&values, met),
            undefined: values.values().any(Option::is_none),
        }
    }

    /// The values in as few digits as tell why the condition holds or does not.
    fn found(&self, values: &Values, met: bool) -> String {
        const DIGITS: std::ops::RangeInclusive<usize> = 4..=17;
        let rounded = |digits: usize| -> Values {
            let round = |value: &f64| format!("{value:.digits$}").parse().ok();
            let values = values.iter();
            values
                .map(|(name, value)| (*name, value.as_ref().and_then(round)))
                .collect()
        };
        let enough = DIGITS
            .clone()
            .find(|&digits| (holds(&self.condition, &rounded(digits)) == Some(true)) == met);
        let digits = enough.unwrap_or(*DIGITS.end());
        let parts: Vec<String> = values
            .iter()
            .map(|(name, value)| match value {
                Some(value) => format!("{name} is {}", shortened(&format!("{value:.digits$}"))),
                None => format!("{name} is undefined"),
            })
            .collect();
        parts.join(" and ")
    }
}

/// `0.5000` as `0.5`, `40.0000` as `40`.
fn shortened(number: &str) -> &str {
    number.trim_end_matches('0').trim_end_matches('.')
}

/// Why a model does not pass, if it does not; `rows` names the rows that it was judged on, `report` the page about them.
pub(super) fn verdict(checked: &[Checked], rows: &str, report: &str) -> Result<(), StageError> {
    let missed: Vec<&Checked> = checked.iter().filter(|requirement| !requirement.met).collect();
    let Some(first) = missed.first() else { return Ok(()) };
    let more = match missed.len() - 1 {
        0 => String::new(),
        1 => ", and 1 more requirement is not met".to_owned(),
        more => format!(", and {more} more requirements are not met"),
    };
    let (found, text) = (&first.found, &first.text);
    let message = format!("{found} on {rows}, but `{text}` is required{more}");
    let reason = if first.undefined {
        "a metric is undefined where the rows have no two classes, or no row is predicted to be of one; "
    } else {
        ""
    };
    Err(StageError::data(message).hint(format!(
        "{reason}{report} shows what the model gets wrong; its version is saved and does not become the champion"
    )))
}

/// As in SQL: `None` where a metric that cannot be measured leaves it open.
fn holds(condition: &Expression, values: &Values) -> Option<bool> {
    match condition {
        Expression::Or(parts) => {
            let parts: Vec<Option<bool>> = parts.iter().map(|part| holds(part, values)).collect();
            let open = parts.contains(&None);
            let any = parts.contains(&Some(true));
            (any || !open).then_some(any)
        }
        Expression::And(parts) => {
            let parts: Vec<Option<bool>> = parts.iter().map(|part| holds(part, values)).collect();
            let open = parts.contains(&None);
            let any = parts.contains(&Some(false));
            (any || !open).then_some(!any)
        }
        Expression::Not(part) => holds(part, values).map(|held| !held),
        Expression::Compare(left, comparison, right) => {
            let (left, right) = (number(left, values)?, number(right, values)?);
            Some(comparison.holds(left.partial_cmp(&right)))
        }
        Expression::In(value, list) => {
            let value = number(value, values)?;
            Some(list.iter().any(|item| number(item, values) == Some(value)))
        }
        Expression::IsNull(name) => Some(values.get(name.as_str()).is_none_or(Option::is_none)),
    }
}

fn number(value: &Value, values: &Values) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Name(name) => values.get(name.as_str()).copied().flatten(),
        Value::Text(_) => None,
    }
}

fn compares_texts(condition: &Expression) -> bool {
    let is_text = |value: &Value| matches!(value, Value::Text(_));
    match condition {
        Expression::Or(parts) | Expression::And(parts) => parts.iter().any(compares_texts),
        Expression::Not(part) => compares_texts(part),
        Expression::Compare(left, _, right) => is_text(left) || is_text(right),
        Expression::In(value, list) => is_text(value) || list.iter().any(is_text),
        Expression::IsNull(_) => false,
    }
}
