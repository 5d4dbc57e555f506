//! The parameters of a run, and whether the pipeline's values can be filled in with them.

use super::{PARAMETER_BYTES_MAX, Pipeline, stage_field};
use crate::fault::{FieldPath, did_you_mean, listed};
use crate::values::{Piece, Reference, pieces, resolve_known, texts_of};
use crate::{Slot, SpecFault, Values};
use std::collections::BTreeMap;

impl Pipeline {
    /// Every parameter with its value in a run that sets `given`.
    ///
    /// # Errors
    /// All faults, each at `parameters.NAME`: not declared (with what was probably meant), too long, without a value.
    pub fn parameters_of_run(
        &self,
        given: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, Vec<SpecFault>> {
        let mut faults: Vec<SpecFault> = given
            .iter()
            .filter_map(|(name, value)| self.fault_of(name, value))
            .collect();
        let mut values = BTreeMap::new();
        for parameter in self.parameters() {
            match given.get(&parameter.name).or(parameter.default.as_ref()) {
                Some(value) => {
                    values.insert(parameter.name.clone(), value.clone());
                }
                None => faults.push(
                    SpecFault::new(
                        parameter_field(&parameter.name),
                        "has no default, so that a run must set it",
                    )
                    .suggest(format!(
                        "set it with `-p {}=VALUE`, on a cluster in the run's `spec.parameters`",
                        parameter.name
                    )),
                ),
            }
        }
        if faults.is_empty() { Ok(values) } else { Err(faults) }
    }

    fn fault_of(&self, name: &str, value: &str) -> Option<SpecFault> {
        let declared = || self.parameters().iter().map(|parameter| parameter.name.as_str());
        if !declared().any(|known| known == name) {
            let suggestion = did_you_mean(name, declared()).or_else(|| {
                let known = listed(declared());
                (!known.is_empty()).then(|| format!("its parameters are {known}"))
            });
            let message = format!("pipeline `{}` has no parameter `{name}`", self.name());
            return Some(SpecFault::new(parameter_field(name), message).suggest(suggestion));
        }
        let bytes = value.len();
        (bytes > PARAMETER_BYTES_MAX).then(|| {
            SpecFault::new(
                parameter_field(name),
                format!("{bytes} bytes, at most {PARAMETER_BYTES_MAX} are allowed"),
            )
        })
    }

    /// Whether everything that must be known when a run starts is known and right.
    pub(crate) fn check_values(&self, values: &Values) -> Result<(), Vec<SpecFault>> {
        let mut faults = Vec::new();
        self.check_slot(values.slot.as_ref(), &mut faults);
        self.check_no_text_is_empty(values, &mut faults);
        if faults.is_empty() {
            self.check_columns(values, &mut faults);
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// A text that is nothing but an empty parameter: no field is meant to be that.
    fn check_no_text_is_empty(&self, values: &Values, faults: &mut Vec<SpecFault>) {
        for (i, stage) in self.stages().iter().enumerate() {
            for (field, text) in texts_of(&stage.spec, &stage_field(i)) {
                if !text.is_empty() && resolve_known(&text, values).is_empty() {
                    faults.push(SpecFault::new(field, format!("is empty, since `{text}` is")));
                }
            }
        }
    }

    /// Whether the run has what the values of its slot stand for.
    fn check_slot(&self, slot: Option<&Slot>, faults: &mut Vec<SpecFault>) {
        for (i, stage) in self.stages().iter().enumerate() {
            for (field, text) in texts_of(&stage.spec, &stage_field(i)) {
                for piece in pieces(&text).unwrap_or_default() {
                    if let Piece::Value(reference) = piece
                        && let Some((message, hint)) = lacks(&reference, slot)
                    {
                        faults.push(SpecFault::new(field.clone(), message).suggest(hint.to_owned()));
                    }
                }
            }
        }
    }
}

/// What keeps a value of the slot from standing for something, and what to do about it.
fn lacks(reference: &Reference, slot: Option<&Slot>) -> Option<(String, &'static str)> {
    let of_slot = match reference {
        Reference::Parameter(_) | Reference::RunName | Reference::Output { .. } => return None,
        Reference::RunSlot | Reference::SlotDate | Reference::SlotStart | Reference::SlotEnd => slot,
    };
    match of_slot {
        None => Some((
            format!("`{reference}` stands for a due time, but this run has no slot"),
            "give the pipeline a `schedule`, or the run a slot: `--slot 2026-11-24T05:30:00Z`, on a cluster its `spec.slot`",
        )),
        Some(slot) if *reference == Reference::SlotStart && !slot.has_start() => Some((
            format!("`{reference}` stands for the due time before the slot, but the pipeline has no schedule"),
            "give it one, such as `schedule: {cron: \"30 5 * * *\"}`",
        )),
        Some(_) => None,
    }
}

fn parameter_field(name: &str) -> FieldPath {
    FieldPath::root("parameters").field(name)
}
