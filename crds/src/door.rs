//! From a raw `MLPipeline` to the engine's validated pipeline.
//!
//! In: an object that an API server or `lint` holds to the schema and its rules. Out: the engine's [`Pipeline`], or every fault
//! with its field. What a stage leaves out of `retry` the pipeline's says, and what that leaves out the engine's defaults.

mod retention;
mod retry;
mod schedule;

pub use retention::retention;
pub use schedule::{PAUSED, paused, run_slot, schedule};

use crate::v1alpha1::{MLPipeline, Quantity, Resources, Stage, StageTimeouts, Timeouts};
use trainyard_contract::stage::{ExtractSpec, ValidateSpec};
use trainyard_contract::{PipelineName, StageSpec};
use trainyard_engine::{FieldPath, ParameterDraft, Pipeline, PipelineDraft, SpecFault, StageDraft};

/// The engine's pipeline that an object describes.
///
/// # Errors
/// Every fault, in the order of the fields.
pub fn pipeline(raw: &MLPipeline) -> Result<Pipeline, Vec<SpecFault>> {
    let (draft, mut faults) = draft(raw);
    check_size(raw, &mut faults);
    match Pipeline::new(draft) {
        Ok(pipeline) if faults.is_empty() => return Ok(pipeline),
        Ok(_) => {}
        Err(found) => faults.extend(found),
    }
    faults.sort_by(|a, b| a.field.cmp(&b.field));
    faults.dedup();
    Err(faults)
}

/// The largest spec, as JSON: each revision holds one, and a store of the API server all of them. No schema can count it, since it
/// bounds each text and list by itself.
pub const SPEC_BYTES_MAX: usize = 256 * 1_024;

fn check_size(raw: &MLPipeline, faults: &mut Vec<SpecFault>) {
    // A spec is plain data: it always becomes JSON.
    let bytes = serde_json::to_string(&raw.spec).map_or(0, |text| text.len());
    if bytes > SPEC_BYTES_MAX {
        let message = format!("has {bytes} bytes as JSON, at most {SPEC_BYTES_MAX} are allowed");
        faults.push(SpecFault::new(FieldPath::root("spec"), message));
    }
}

impl TryFrom<&MLPipeline> for Pipeline {
    type Error = Vec<SpecFault>;

    fn try_from(raw: &MLPipeline) -> Result<Self, Vec<SpecFault>> {
        pipeline(raw)
    }
}

/// The kinds that a stage has; one is right.
pub fn kinds_of(stage: &Stage) -> Vec<&'static str> {
    let Stage {
        extract,
        validate,
        train,
        evaluate,
        predict,
        ..
    } = stage;
    [
        ("extract", extract.is_some()),
        ("validate", validate.is_some()),
        ("train", train.is_some()),
        ("evaluate", evaluate.is_some()),
        ("predict", predict.is_some()),
    ]
    .into_iter()
    .filter_map(|(kind, is)| is.then_some(kind))
    .collect()
}

/// The draft of an object. What cannot be taken over is a fault, and something harmless stands for it, so that the engine still
/// sees the rest.
/// What an object describes, as it was written, and what of it cannot be read. [`pipeline`] checks the rest.
pub fn draft(raw: &MLPipeline) -> (PipelineDraft, Vec<SpecFault>) {
    let mut faults = Vec::new();
    let spec = FieldPath::root("spec");
    let retry = retry::policy(&spec.field("retry"), raw.spec.retry.as_ref(), None, &mut faults);
    let worker_resources = raw.spec.worker.as_ref().and_then(|worker| worker.resources.as_ref());
    if let Some(written) = &raw.spec.schedule {
        schedule::read(&spec.field("schedule"), written, &mut faults);
    }
    let stages = raw.spec.stages.iter().enumerate().map(|(i, stage)| {
        let field = spec.field("stages").index(i);
        let own_retry = stage.retry.as_ref();
        StageDraft {
            name: stage.name.clone(),
            spec: kind(&field, stage, &mut faults),
            depends_on: stage.depends_on.clone(),
            input: stage.input.clone(),
            retry: own_retry
                .map(|own| retry::policy(&field.field("retry"), Some(own), raw.spec.retry.as_ref(), &mut faults)),
            timeouts: stage_timeouts(stage.timeouts.as_ref()),
            memory: memory(&field, stage.resources.as_ref(), worker_resources, &mut faults),
        }
    });
    let stages = stages.collect();
    let parameters = raw.spec.parameters.iter().map(|p| ParameterDraft {
        name: p.name.clone(),
        default: p.default.clone(),
    });
    let draft = PipelineDraft {
        name: name(raw, &mut faults),
        parameters: parameters.collect(),
        retry,
        timeouts: timeouts(raw.spec.timeouts.as_ref()),
        stages,
    };
    (draft, faults)
}

fn name(raw: &MLPipeline, faults: &mut Vec<SpecFault>) -> PipelineName {
    let written = raw.metadata.name.clone().unwrap_or_default();
    PipelineName::parse(written).unwrap_or_else(|e| {
        faults.push(SpecFault::new(FieldPath::root("metadata").field("name"), e.to_string()));
        stand_in()
    })
}

/// A name that stands for one that is none.
#[expect(clippy::expect_used, reason = "the text is a DNS label")]
fn stand_in() -> PipelineName {
    PipelineName::parse("pipeline").expect("a DNS label")
}

/// The one kind of a stage. Of several the first stands in; of none, what gives the fewest faults elsewhere.
fn kind(field: &FieldPath, stage: &Stage, faults: &mut Vec<SpecFault>) -> StageSpec {
    let kinds = kinds_of(stage);
    if kinds.len() != 1 {
        let message = "a stage needs exactly one kind: extract, validate, train, evaluate or predict";
        let here = (!kinds.is_empty()).then(|| format!("here stand {}", kinds.join(" and ")));
        faults.push(SpecFault::new(field.clone(), message).suggest(here));
    }
    let Stage {
        extract,
        validate,
        train,
        evaluate,
        predict,
        depends_on,
        input,
        ..
    } = stage;
    let above = !depends_on.is_empty() || input.is_some();
    extract
        .clone()
        .map(StageSpec::Extract)
        .or_else(|| validate.clone().map(StageSpec::Validate))
        .or_else(|| train.clone().map(StageSpec::Train))
        .or_else(|| evaluate.clone().map(StageSpec::Evaluate))
        .or_else(|| predict.clone().map(StageSpec::Predict))
        .unwrap_or_else(|| {
            if above {
                StageSpec::Validate(ValidateSpec::default())
            } else {
                StageSpec::Extract(ExtractSpec::default())
            }
        })
}

fn timeouts(written: Option<&Timeouts>) -> trainyard_engine::Timeouts {
    let default = trainyard_engine::Timeouts::default();
    let Some(Timeouts { run, stage, pending }) = written else {
        return default;
    };
    trainyard_engine::Timeouts {
        run: run.unwrap_or(default.run),
        stage: stage.unwrap_or(default.stage),
        pending: pending.unwrap_or(default.pending),
    }
}

fn stage_timeouts(written: Option<&StageTimeouts>) -> trainyard_engine::StageTimeouts {
    let StageTimeouts { stage, pending } = written.cloned().unwrap_or_default();
    trainyard_engine::StageTimeouts { stage, pending }
}

/// The memory limit of a stage's first attempt: its own, or the worker's.
fn memory(
    field: &FieldPath,
    own: Option<&Resources>,
    worker: Option<&Resources>,
    faults: &mut Vec<SpecFault>,
) -> Option<u64> {
    let limit = |resources: &Resources| resources.limits.get("memory").cloned();
    let limits = |field: FieldPath| field.field("resources").field("limits").field("memory");
    let own = own.and_then(limit).map(|quantity| (limits(field.clone()), quantity));
    let of_worker = || {
        worker
            .and_then(limit)
            .map(|quantity| (limits(FieldPath::root("spec").field("worker")), quantity))
    };
    let (field, quantity) = own.or_else(of_worker)?;
    bytes(&field, &quantity, faults)
}

/// A quantity in bytes.
fn bytes(field: &FieldPath, quantity: &Quantity, faults: &mut Vec<SpecFault>) -> Option<u64> {
    let bytes = quantity.bytes();
    if bytes.is_none() {
        let message = format!(
            "`{}` is not an amount of memory; write it like `512Mi` or `2Gi`",
            quantity.as_str()
        );
        faults.push(SpecFault::new(field.clone(), message));
    }
    bytes
}
