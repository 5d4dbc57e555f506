//! Where values may stand, and which: each `$(…)` of a pipeline is checked before anything runs.

use super::order::{Order, no_such_stage, place_of};
use super::stage_field;
use crate::fault::{FieldPath, FieldStep, did_you_mean, listed};
use crate::values::{Piece, Reference, pieces, texts_of};
use crate::{PipelineDraft, SpecFault};

/// Fields that name another object: whoever starts a run must not be able to point them elsewhere.
const REFUSED: [&str; 3] = [
    "extract.csv.configMap.name",
    "extract.csv.configMap.key",
    "predict.model.pipeline",
];
/// Fields that must be known when the run starts, since the stages above need them.
const KNOWN_AT_START: [&str; 6] = [
    "train.features",
    "train.target",
    "train.where",
    "train.split.hash.column",
    "train.split.time.column",
    "train.preprocess.columns",
];

/// Checks every text of every stage.
pub(super) fn check(draft: &PipelineDraft, order: &Order, faults: &mut Vec<SpecFault>) {
    for (i, stage) in draft.stages.iter().enumerate() {
        let root = stage_field(i);
        for (field, text) in texts_of(&stage.spec, &root) {
            match pieces(&text) {
                Err(e) => faults.push(SpecFault::new(field, e.to_string()).suggest(e.suggestion())),
                Ok(pieces) => {
                    let references = pieces.into_iter().filter_map(|piece| match piece {
                        Piece::Text(_) => None,
                        Piece::Value(reference) => Some(reference),
                    });
                    let place = Place {
                        draft,
                        order,
                        stage: i,
                        field: &field,
                        within: within(&root, &field),
                    };
                    faults.extend(references.filter_map(|reference| place.fault_of(&reference)));
                }
            }
        }
    }
}

/// The path of a field below its stage, without indexes: `train.features`.
fn within(stage: &FieldPath, field: &FieldPath) -> String {
    let names: Vec<&str> = field.steps()[stage.steps().len()..]
        .iter()
        .filter_map(|step| match step {
            FieldStep::Field(name) => Some(name.as_str()),
            FieldStep::Index(_) => None,
        })
        .collect();
    names.join(".")
}

/// A field in which a value stands.
struct Place<'a> {
    draft: &'a PipelineDraft,
    order: &'a Order,
    stage: usize,
    field: &'a FieldPath,
    within: String,
}

impl Place<'_> {
    fn fault_of(&self, reference: &Reference) -> Option<SpecFault> {
        let fault = |message: String| SpecFault::new(self.field.clone(), message);
        if REFUSED.contains(&self.within.as_str()) {
            return Some(fault(format!(
                "`{reference}` cannot stand here: the names of other objects are fixed"
            )));
        }
        match reference {
            Reference::RunName
            | Reference::RunSlot
            | Reference::SlotDate
            | Reference::SlotStart
            | Reference::SlotEnd => None,
            Reference::Parameter(name) => self.fault_of_parameter(name),
            Reference::Output { .. } if KNOWN_AT_START.contains(&self.within.as_str()) => Some(fault(format!(
                "`{reference}` cannot stand here: the columns of a model must be known when the run starts"
            ))),
            Reference::Output { stage, key: _ } => self.fault_of_output(stage),
        }
    }

    fn fault_of_parameter(&self, name: &str) -> Option<SpecFault> {
        let declared = || self.draft.parameters.iter().map(|parameter| parameter.name.as_str());
        if declared().any(|known| known == name) {
            return None;
        }
        let suggestion = did_you_mean(name, declared()).unwrap_or_else(|| {
            if self.draft.parameters.is_empty() {
                "declare it in spec.parameters".to_owned()
            } else {
                format!("the parameters are {}", listed(declared()))
            }
        });
        Some(SpecFault::new(self.field.clone(), format!("there is no parameter `{name}`")).suggest(suggestion))
    }

    fn fault_of_output(&self, name: &str) -> Option<SpecFault> {
        let stages = &self.draft.stages;
        let own = &stages[self.stage].name;
        let Some(place) = place_of(stages, name) else {
            return Some(no_such_stage(stages, self.field.clone(), name, self.stage));
        };
        if place == self.stage {
            return Some(SpecFault::new(
                self.field.clone(),
                format!("`{own}` cannot read its own outputs"),
            ));
        }
        if self.order.ancestors[self.stage].contains(&place) || self.order.broken[self.stage] {
            return None;
        }
        let message = format!("`{name}` does not run before `{own}`, so that its outputs are not there yet");
        Some(SpecFault::new(self.field.clone(), message).suggest(format!("add `{name}` to its dependsOn")))
    }
}
