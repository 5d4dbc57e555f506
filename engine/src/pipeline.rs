//! A pipeline that can run: every name known, no circle, each stage wired to the dataset and the model that it reads.
//!
//! In: a [`PipelineDraft`]. Out: a [`Pipeline`], or all of its faults at once. The wiring is worked out here, once; `plan`
//! only follows it.

mod columns;
mod data_flow;
mod models;
mod names;
mod order;
mod policies;
mod requirements;
mod run_values;
mod train_checks;
mod value_places;

use crate::fault::FieldPath;
use crate::{PipelineDraft, RetryPolicy, SpecFault, StageDraft, Timeouts};
use data_flow::DataFlow;
use order::Order;
use std::collections::BTreeSet;
use std::mem;
use trainyard_contract::{Duration, PipelineName, StageName, StageSpec};

pub use names::{DEPENDS_ON_MAX, PARAMETER_BYTES_MAX, PARAMETER_NAME_MAX, PARAMETERS_MAX, STAGES_MAX};
pub use policies::RETRY_LIMIT_MAX;

/// A pipeline that can run.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    name: PipelineName,
    parameters: Vec<Parameter>,
    run_timeout: Duration,
    stages: Vec<Stage>,
    order: Vec<usize>,
}

/// A parameter of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value where a run gives none; without it, a run must give one.
    pub default: Option<String>,
}

/// A stage of a pipeline, wired. Other stages are named by their place in [`Pipeline::stages`].
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Its name.
    pub name: StageName,
    /// What it does, as it was written: `$(…)` is not filled in.
    pub spec: StageSpec,
    /// How it runs again when it failed.
    pub retry: RetryPolicy,
    /// The longest that an attempt may run.
    pub timeout: Duration,
    /// The longest that an attempt may wait for its begin.
    pub pending_timeout: Duration,
    /// The memory that its first attempt gets, in bytes; nothing when none is set.
    pub memory: Option<u64>,
    /// The stages that must have succeeded before, in the manifest's order: `dependsOn` and `input`.
    pub parents: Vec<usize>,
    /// All stages that run before it.
    pub ancestors: BTreeSet<usize>,
    /// The stage that makes the dataset it reads (`validate` passes it on and never stands here). For `evaluate` without
    /// `input` the `train` stage that held rows out.
    pub producer: Option<usize>,
    /// The `validate` stages above it that check the same dataset: they must have passed what it reads.
    pub gates: Vec<usize>,
    /// The `train` stage of this run whose model it reads.
    pub trainer: Option<usize>,
}

impl Pipeline {
    /// The pipeline that `draft` describes.
    ///
    /// # Errors
    /// All faults, in the manifest's order: names, references, circles, data flow, columns, values, policies.
    pub fn new(draft: PipelineDraft) -> Result<Self, Vec<SpecFault>> {
        let mut faults = Vec::new();
        names::check(&draft, &mut faults);
        if draft.stages.len() > STAGES_MAX {
            return Err(faults);
        }
        let order = Order::of(&draft.stages, &mut faults);
        let trainers = models::check(&draft.stages, &order, &mut faults);
        let flow = DataFlow::of(&draft.stages, &order, &trainers, &mut faults);
        train_checks::check(&draft.stages, &mut faults);
        requirements::check(&draft.stages, &mut faults);
        value_places::check(&draft, &order, &mut faults);
        policies::check(&draft, &mut faults);
        if faults.is_empty() {
            Self::wired(draft, Wires { order, flow, trainers })
        } else {
            faults.sort_by(|a, b| a.field.cmp(&b.field));
            Err(faults)
        }
    }

    /// Puts the checked parts together.
    fn wired(draft: PipelineDraft, mut wires: Wires) -> Result<Self, Vec<SpecFault>> {
        let PipelineDraft {
            name,
            parameters,
            retry,
            timeouts,
            stages,
        } = draft;
        let place = |(i, stage)| wired_stage(i, stage, &mut wires, retry, timeouts);
        Ok(Self {
            name,
            parameters: parameters
                .into_iter()
                .map(|p| Parameter {
                    name: p.name,
                    default: p.default,
                })
                .collect(),
            run_timeout: timeouts.run,
            stages: stages.into_iter().enumerate().map(place).collect::<Result<_, _>>()?,
            order: wires.order.sequence,
        })
    }

    /// Its name.
    pub fn name(&self) -> &PipelineName {
        &self.name
    }

    /// Its parameters, in the manifest's order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The longest that a run may take, from its creation to its end.
    pub fn run_timeout(&self) -> Duration {
        self.run_timeout
    }

    /// Its stages, in the manifest's order.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The places of its stages in an order in which each comes after all that it depends on.
    pub fn order(&self) -> &[usize] {
        &self.order
    }
}

/// What was worked out about all stages.
struct Wires {
    order: Order,
    flow: DataFlow,
    trainers: Vec<Option<usize>>,
}

fn wired_stage(
    i: usize,
    stage: StageDraft,
    wires: &mut Wires,
    pipelines_retry: RetryPolicy,
    pipelines_timeouts: Timeouts,
) -> Result<Stage, Vec<SpecFault>> {
    let StageDraft {
        name,
        spec,
        depends_on: _,
        input: _,
        retry,
        timeouts,
        memory,
    } = stage;
    // Checked with all the other names; a parsed name is what proves it.
    let name = StageName::parse(name).map_err(|e| vec![SpecFault::new(stage_field(i).field("name"), e.to_string())])?;
    Ok(Stage {
        name,
        spec,
        retry: retry.unwrap_or(pipelines_retry),
        timeout: timeouts.stage.unwrap_or(pipelines_timeouts.stage),
        pending_timeout: timeouts.pending.unwrap_or(pipelines_timeouts.pending),
        memory,
        parents: mem::take(&mut wires.order.parents[i]),
        ancestors: mem::take(&mut wires.order.ancestors[i]),
        producer: wires.flow.producers[i],
        gates: mem::take(&mut wires.flow.gates[i]),
        trainer: wires.trainers[i],
    })
}

/// `spec.stages[i]`
fn stage_field(i: usize) -> FieldPath {
    FieldPath::root("spec").field("stages").index(i)
}
