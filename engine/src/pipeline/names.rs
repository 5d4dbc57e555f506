//! The names and the sizes of a pipeline's parts.

use super::stage_field;
use crate::fault::FieldPath;
use crate::{PipelineDraft, SpecFault};
use std::collections::BTreeMap;
use trainyard_contract::StageName;

/// The most stages of a pipeline: the status of a run must fit its object.
pub const STAGES_MAX: usize = 200;
/// The most entries of one `dependsOn`.
pub const DEPENDS_ON_MAX: usize = 20;
/// The most parameters of a pipeline.
pub const PARAMETERS_MAX: usize = 64;
/// The longest value of a parameter, in bytes.
pub const PARAMETER_BYTES_MAX: usize = 4_096;
/// The longest name of a parameter, in characters.
pub const PARAMETER_NAME_MAX: usize = 63;

/// Finds bad and doubled names, and lists that are too long.
pub(super) fn check(draft: &PipelineDraft, faults: &mut Vec<SpecFault>) {
    stages(draft, faults);
    parameters(draft, faults);
}

fn stages(draft: &PipelineDraft, faults: &mut Vec<SpecFault>) {
    let list = FieldPath::root("spec").field("stages");
    let count = draft.stages.len();
    if count == 0 {
        faults.push(SpecFault::new(list.clone(), "a pipeline needs at least one stage"));
    }
    if count > STAGES_MAX {
        faults.push(SpecFault::new(
            list,
            format!("{count} stages, at most {STAGES_MAX} are allowed"),
        ));
    }
    let mut first = BTreeMap::new();
    for (i, stage) in draft.stages.iter().enumerate() {
        let field = stage_field(i);
        if let Err(e) = StageName::parse(stage.name.as_str()) {
            faults.push(SpecFault::new(field.field("name"), e.to_string()));
        }
        if let Some(other) = first.insert(stage.name.as_str(), i) {
            let message = format!("`{}` is the name of two stages", stage.name);
            faults.push(
                SpecFault::new(field.field("name"), message).suggest(format!("the other is spec.stages[{other}]")),
            );
        }
        let count = stage.depends_on.len();
        if count > DEPENDS_ON_MAX {
            let message = format!("{count} entries, at most {DEPENDS_ON_MAX} are allowed");
            faults.push(SpecFault::new(field.field("dependsOn"), message));
        }
    }
}

fn parameters(draft: &PipelineDraft, faults: &mut Vec<SpecFault>) {
    let list = FieldPath::root("spec").field("parameters");
    let count = draft.parameters.len();
    if count > PARAMETERS_MAX {
        let message = format!("{count} parameters, at most {PARAMETERS_MAX} are allowed");
        faults.push(SpecFault::new(list.clone(), message));
    }
    let mut first = BTreeMap::new();
    for (i, parameter) in draft.parameters.iter().enumerate() {
        let field = list.index(i);
        if !is_parameter_name(&parameter.name) {
            let message = format!(
                "`{}` is not the name of a parameter: 1 to {PARAMETER_NAME_MAX} letters, digits, `_` and `-`",
                parameter.name
            );
            faults.push(SpecFault::new(field.field("name"), message));
        }
        if let Some(other) = first.insert(parameter.name.as_str(), i) {
            let message = format!("`{}` is the name of two parameters", parameter.name);
            let suggestion = format!("the other is spec.parameters[{other}]");
            faults.push(SpecFault::new(field.field("name"), message).suggest(suggestion));
        }
        let bytes = parameter.default.as_ref().map_or(0, String::len);
        if bytes > PARAMETER_BYTES_MAX {
            let message = format!("{bytes} bytes, at most {PARAMETER_BYTES_MAX} are allowed");
            faults.push(SpecFault::new(field.field("default"), message));
        }
    }
}

fn is_parameter_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    !name.is_empty() && name.len() <= PARAMETER_NAME_MAX && name.bytes().all(allowed)
}
