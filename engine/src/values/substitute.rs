//! Puts values into a stage's spec, and finds the texts in which they can stand.

use super::{Piece, Reference, Values, pieces};
use crate::fault::{FieldPath, listed};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use trainyard_contract::{StageName, StageSpec};

/// Why a value could not be put in, when the run is already under way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ResolveError {
    /// The stage wrote other outputs.
    #[error("`{reference}`: `{stage}` wrote {}", if known.is_empty() { "no output".to_owned() } else { format!("only {known}") })]
    NoSuchOutput {
        reference: Reference,
        stage: String,
        known: String,
    },
    /// A list, a map or nothing.
    #[error("`{reference}` is no text, number or boolean")]
    NotAScalar { reference: Reference },
    /// The run has no slot.
    #[error("`{reference}` stands for a due time, but this run has no slot")]
    NoSlot { reference: Reference },
    /// A text or a parameter that was checked before is not there any more.
    #[error("`{text}` cannot be resolved")]
    Unchecked { text: String },
    /// With its values the spec is none any more.
    #[error("with its values filled in, the stage cannot be read: {reason}")]
    NotASpec { reason: String },
}

/// The outputs of the stages that are done, by stage.
pub(crate) type Outputs<'a> = BTreeMap<&'a StageName, &'a BTreeMap<String, Json>>;

/// All texts in the fields of `spec`, each with its path below the stage: `train.features[0]`.
pub(crate) fn texts_of(spec: &StageSpec, stage: &FieldPath) -> Vec<(FieldPath, String)> {
    let mut texts = Vec::new();
    if let Ok(json) = serde_json::to_value(spec) {
        collect(&json, stage, &mut texts);
    }
    texts
}

fn collect(json: &Json, path: &FieldPath, texts: &mut Vec<(FieldPath, String)>) {
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
        Json::String(text) => texts.push((path.clone(), text.clone())),
        Json::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                collect(item, &path.index(i), texts);
            }
        }
        Json::Object(fields) => {
            for (name, value) in fields {
                collect(value, &path.field(name), texts);
            }
        }
    }
}

/// `spec` with every value put in.
pub(crate) fn resolve(spec: &StageSpec, values: &Values, outputs: &Outputs<'_>) -> Result<StageSpec, ResolveError> {
    let not_a_spec = |e: serde_json::Error| ResolveError::NotASpec { reason: e.to_string() };
    let mut json = serde_json::to_value(spec).map_err(not_a_spec)?;
    if substitute(&mut json, values, outputs)? {
        serde_json::from_value(json).map_err(not_a_spec)
    } else {
        Ok(spec.clone())
    }
}

/// Puts the values into the texts of `json`; whether there was anything to do.
fn substitute(json: &mut Json, values: &Values, outputs: &Outputs<'_>) -> Result<bool, ResolveError> {
    let mut changed = false;
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
        Json::String(text) => {
            let resolved = resolve_text(text, values, outputs)?;
            changed = resolved != *text;
            *text = resolved;
        }
        Json::Array(items) => {
            for item in items {
                changed |= substitute(item, values, outputs)?;
            }
        }
        Json::Object(fields) => {
            for value in fields.values_mut() {
                changed |= substitute(value, values, outputs)?;
            }
        }
    }
    Ok(changed)
}

/// A text with the values put in that are known before the run: parameters, its name, its slot. One that needs more (an
/// output, a slot that the run has not) stays as it stands; where that is not allowed, it was refused before.
pub(crate) fn resolve_known(text: &str, values: &Values) -> String {
    resolve_text(text, values, &Outputs::new()).unwrap_or_else(|_| text.to_owned())
}

fn resolve_text(text: &str, values: &Values, outputs: &Outputs<'_>) -> Result<String, ResolveError> {
    let unchecked = || ResolveError::Unchecked { text: text.to_owned() };
    let mut resolved = String::new();
    for piece in pieces(text).map_err(|_| unchecked())? {
        match piece {
            Piece::Text(text) => resolved.push_str(&text),
            Piece::Value(reference) => resolved.push_str(&value_of(reference, values, outputs)?),
        }
    }
    Ok(resolved)
}

fn value_of(reference: Reference, values: &Values, outputs: &Outputs<'_>) -> Result<String, ResolveError> {
    let slot = values.slot.as_ref();
    let from_slot = match &reference {
        Reference::RunName => return Ok(values.run.to_string()),
        Reference::Parameter(name) => {
            return values
                .parameters
                .get(name)
                .cloned()
                .ok_or_else(|| ResolveError::Unchecked {
                    text: reference.to_string(),
                });
        }
        Reference::Output { stage, key } => return output(&reference, stage, key, outputs),
        Reference::RunSlot => slot.map(super::Slot::run_slot),
        Reference::SlotDate => slot.map(super::Slot::date),
        Reference::SlotStart => slot.and_then(super::Slot::start),
        Reference::SlotEnd => slot.map(super::Slot::end),
    };
    from_slot.ok_or(ResolveError::NoSlot { reference })
}

fn output(reference: &Reference, stage: &str, key: &str, outputs: &Outputs<'_>) -> Result<String, ResolveError> {
    let written = outputs
        .iter()
        .find(|(name, _)| name.as_str() == stage)
        .map(|(_, written)| *written);
    let Some(value) = written.and_then(|written| written.get(key)) else {
        let known = listed(written.into_iter().flatten().map(|(key, _)| key.as_str()));
        return Err(ResolveError::NoSuchOutput {
            reference: reference.clone(),
            stage: stage.to_owned(),
            known,
        });
    };
    match value {
        Json::String(text) => Ok(text.clone()),
        Json::Number(number) => Ok(number.to_string()),
        Json::Bool(yes) => Ok(yes.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => Err(ResolveError::NotAScalar {
            reference: reference.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Slot;
    use super::*;
    use serde_json::json;
    use trainyard_contract::RunName;
    use trainyard_contract::stage::{CsvSource, ExtractSpec};

    fn values() -> Values {
        let time = |text| crate::Timestamp::parse(text).expect("a time");
        Values {
            parameters: [("region", "eu"), ("tricky", "$(run.name) $$(x)")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            run: RunName::parse("r1").expect("a name"),
            slot: Some(Slot::new(
                Some(time("2026-11-22T23:30:00Z")),
                time("2026-11-23T23:30:00Z"),
                chrono_tz::Europe::Berlin,
            )),
        }
    }

    fn resolved(text: &str, values: &Values) -> Result<String, String> {
        let train = StageName::parse("train").expect("a name");
        let written: BTreeMap<String, Json> = [
            ("auc", json!(0.5)),
            ("label", json!("yes")),
            ("ok", json!(true)),
            ("list", json!([1])),
        ]
        .map(|(k, v)| (k.to_owned(), v))
        .into();
        let outputs = Outputs::from([(&train, &written)]);
        resolve_text(text, values, &outputs).map_err(|e| e.to_string())
    }

    #[test]
    fn values_table() {
        for (text, wanted) in [
            ("data/$(parameters.region)/x.csv", "data/eu/x.csv"),
            ("$(parameters.tricky)", "$(run.name) $$(x)"),
            ("$(run.name)", "r1"),
            ("$(run.slot)", "2026-11-23T23:30:00Z"),
            ("$(slot.date)", "2026-11-24"),
            ("$(slot.start)", "2026-11-23T00:30:00+01:00"),
            ("$(slot.end)", "2026-11-24T00:30:00+01:00"),
            (
                "$(stages.train.outputs.auc) $(stages.train.outputs.label) $(stages.train.outputs.ok)",
                "0.5 yes true",
            ),
            ("$$(run.name)", "$(run.name)"),
        ] {
            assert_eq!(resolved(text, &values()).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn values_that_are_missing_say_so() {
        let without_slot = Values { slot: None, ..values() };
        for (text, wanted) in [
            (
                "$(slot.date)",
                "`$(slot.date)` stands for a due time, but this run has no slot",
            ),
            (
                "$(stages.train.outputs.f1)",
                "`$(stages.train.outputs.f1)`: `train` wrote only `auc`, `label`, `list` and `ok`",
            ),
            (
                "$(stages.x.outputs.f1)",
                "`$(stages.x.outputs.f1)`: `x` wrote no output",
            ),
            (
                "$(stages.train.outputs.list)",
                "`$(stages.train.outputs.list)` is no text, number or boolean",
            ),
        ] {
            assert_eq!(resolved(text, &without_slot), Err(wanted.to_owned()), "{text}");
        }
    }

    #[test]
    fn only_texts_of_fields_are_looked_at_and_the_rest_stays_as_it_is() {
        let csv = CsvSource {
            path: Some("$(parameters.region).csv".into()),
            null_values: Some(vec!["$".into(), "$(run.name)".into()]),
            ..CsvSource::default()
        };
        let spec = StageSpec::Extract(ExtractSpec::from(csv.clone()));
        let wanted = CsvSource {
            path: Some("eu.csv".into()),
            null_values: Some(vec!["$".into(), "r1".into()]),
            ..csv
        };
        assert_eq!(
            resolve(&spec, &values(), &Outputs::new()),
            Ok(StageSpec::Extract(ExtractSpec::from(wanted)))
        );
        let paths: Vec<String> = texts_of(&spec, &FieldPath::root("s"))
            .iter()
            .map(|(p, _)| p.to_string())
            .collect();
        assert_eq!(
            paths,
            [
                "s.extract.csv.path",
                "s.extract.csv.nullValues[0]",
                "s.extract.csv.nullValues[1]"
            ]
        );
    }
}
