//! What schema and rules cannot say: order, data flow and values (the engine), schedules, and keys of ConfigMaps in the file.

use crate::lint::{alike, schema};
use crate::manifest::ConfigMaps;
use std::collections::{BTreeMap, BTreeSet};
use trainyard_contract::stage::ExtractSpec;
use trainyard_contract::{RunName, RunUid};
use trainyard_crds::{MLPipeline, door};
use trainyard_engine::schedule::Tz;
use trainyard_engine::{FieldPath, FieldStep, Pipeline, Run, RunDraft, Slot, SpecFault, Timestamp};

/// A fault that the schema does not see.
#[derive(Debug)]
pub(super) struct Beyond {
    pub(super) field: FieldPath,
    pub(super) message: String,
}

/// The engine's pipeline, if it is one, and all faults. `told` are the fields that the schema refuses.
pub(super) fn check(
    raw: &MLPipeline,
    config_maps: &ConfigMaps,
    told: &[&FieldPath],
) -> (Option<Pipeline>, Vec<Beyond>) {
    let mut faults = missing_keys(raw, config_maps);
    match door::pipeline(raw) {
        Ok(pipeline) => (Some(pipeline), faults),
        Err(found) => {
            let unsettled = unsettled(raw, told);
            let certain = found
                .into_iter()
                .filter(|fault| !hangs_on_order(raw, &unsettled, fault));
            faults.extend(certain.map(of_engine));
            (None, faults)
        }
    }
}

/// The stages whose kind, name or place in the order is not known, since something of it is refused; and all below them.
fn unsettled<'a>(raw: &'a MLPipeline, told: &[&FieldPath]) -> BTreeSet<&'a str> {
    let stages = &raw.spec.stages;
    let refused = told.iter().filter_map(|field| match field.steps() {
        [_, _, FieldStep::Index(i)] => Some(*i),
        [_, _, FieldStep::Index(i), FieldStep::Field(field), ..] => says_order(field).then_some(*i),
        [..] => None,
    });
    let kindless = (0..stages.len()).filter(|i| door::kinds_of(&stages[*i]).len() != 1);
    let mut unsettled: BTreeSet<&str> = refused
        .chain(kindless)
        .filter_map(|i| stages.get(i))
        .map(|stage| stage.name.as_str())
        .collect();
    loop {
        let before = unsettled.len();
        for stage in stages {
            let mut above = stage.depends_on.iter().chain(&stage.input);
            if above.any(|name| unsettled.contains(name.as_str())) {
                unsettled.insert(&stage.name);
            }
        }
        if unsettled.len() == before {
            return unsettled;
        }
    }
}

/// Whether a field of a stage says what comes before it, or may be meant to: a field that there is not.
fn says_order(field: &str) -> bool {
    matches!(field, "name" | "dependsOn" | "input") || !schema::is_field_of_a_stage(field)
}

/// Whether a fault may be gone once the order is settled: which dataset and which model a stage reads by itself.
fn hangs_on_order(raw: &MLPipeline, unsettled: &BTreeSet<&str>, fault: &SpecFault) -> bool {
    let (i, is_inferred) = match fault.field.steps() {
        [_, _, FieldStep::Index(i), FieldStep::Field(field)] if field == "input" => (i, true),
        [
            _,
            _,
            FieldStep::Index(i),
            FieldStep::Field(kind),
            FieldStep::Field(field),
        ] => (i, kind == "predict" && field == "model"),
        [..] => return false,
    };
    is_inferred
        && raw
            .spec
            .stages
            .get(*i)
            .is_none_or(|stage| unsettled.contains(stage.name.as_str()))
}

/// What is wrong once the values are filled in, in a run that sets no parameter; nothing where a run must set one.
pub(super) fn with_defaults(pipeline: &Pipeline) -> Vec<SpecFault> {
    let (Ok(name), Ok(uid)) = (RunName::parse("lint"), RunUid::parse("00000000")) else {
        return Vec::new();
    };
    let now = Timestamp::from_millis(0);
    let draft = RunDraft {
        name,
        uid,
        created: now,
        parameters: BTreeMap::new(),
        // A schedule's runs have one; whether another run lacks it is seen when it begins.
        slot: Some(Slot::new(Some(now), now, Tz::UTC)),
    };
    let mut faults = Run::new(pipeline, draft).err().unwrap_or_default();
    faults.retain(|fault| matches!(fault.field.steps(), [FieldStep::Field(root), ..] if root == "spec"));
    faults
}

/// A fault of the engine's, its suggestion in its sentence.
pub(super) fn of_engine(fault: SpecFault) -> Beyond {
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
        let Some(named) = stage.extract.as_ref().and_then(ExtractSpec::config_map) else {
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
