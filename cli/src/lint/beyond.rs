//! What schema and rules cannot say: order, data flow and values (the engine), schedules, and keys of ConfigMaps in the file.

use crate::lint::alike;
use crate::manifest::ConfigMaps;
use trainyard_crds::{MLPipeline, door};
use trainyard_engine::{FieldPath, FieldStep, Pipeline, SpecFault};

/// A fault that the schema does not see.
#[derive(Debug)]
pub(super) struct Beyond {
    pub(super) field: FieldPath,
    pub(super) message: String,
}

/// The engine's pipeline, or all faults.
pub(super) fn check(raw: &MLPipeline, config_maps: &ConfigMaps) -> Result<Pipeline, Vec<Beyond>> {
    let mut faults = missing_keys(raw, config_maps);
    match door::pipeline(raw) {
        Ok(pipeline) if faults.is_empty() => return Ok(pipeline),
        Ok(_) => {}
        Err(found) => {
            let kinds_known = raw.spec.stages.iter().all(|stage| door::kinds_of(stage).len() == 1);
            let certain = found
                .into_iter()
                .filter(|fault| kinds_known || !hangs_on_kinds(raw, fault));
            faults.extend(certain.map(of_engine));
        }
    }
    Err(faults)
}

/// Whether a fault may be gone once each stage has its kind: which dataset and which model a stage reads by itself.
fn hangs_on_kinds(raw: &MLPipeline, fault: &SpecFault) -> bool {
    match fault.field.steps() {
        [_, _, FieldStep::Index(i), FieldStep::Field(field)] if field == "input" => {
            raw.spec.stages.get(*i).is_none_or(|stage| stage.input.is_none())
        }
        [.., FieldStep::Field(kind), FieldStep::Field(field)] => kind == "predict" && field == "model",
        [..] => false,
    }
}

fn of_engine(fault: SpecFault) -> Beyond {
    let SpecFault {
        field,
        message,
        suggestion,
    } = fault;
    let message = match suggestion {
        Some(suggestion) => format!("{message}; {suggestion}"),
        None => message,
    };
    Beyond { field, message }
}

/// A key that a ConfigMap of the same file lacks. One that is not in the file may be in a cluster.
fn missing_keys(raw: &MLPipeline, config_maps: &ConfigMaps) -> Vec<Beyond> {
    let mut faults = Vec::new();
    for (i, stage) in raw.spec.stages.iter().enumerate() {
        let csv = stage.extract.as_ref().and_then(|extract| extract.csv.as_ref());
        let Some(named) = csv.and_then(|csv| csv.config_map.as_ref()) else {
            continue;
        };
        let Some(config_map) = config_maps.get(&named.name) else {
            continue;
        };
        if config_map.get(&named.key).is_some() {
            continue;
        }
        let hint = alike(&named.key, config_map.keys()).map(|key| format!("; did you mean `{key}`?"));
        let message = format!(
            "the ConfigMap `{}` has no key `{}`{}",
            named.name,
            named.key,
            hint.unwrap_or_default()
        );
        let stage = FieldPath::root("spec").field("stages").index(i);
        let field = stage.field("extract").field("csv").field("configMap").field("key");
        faults.push(Beyond { field, message });
    }
    faults
}
