//! A run that the operator makes itself: for a token, or for a slot.
//!
//! Its name follows from what it is for, so that a pass that is repeated makes nothing twice; it belongs to its pipeline.

use crate::context::Context;
use crate::error::Error;
use crate::names::{self, MANAGED_BY, OPERATOR, PIPELINE, TRIGGER};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::PostParams;
use kube::{Api, Resource, ResourceExt};
use std::collections::BTreeMap;
use tracing::info;
use trainyard_contract::PipelineName;
use trainyard_crds::v1alpha1::{MLPipeline, PipelineRef, PipelineRun, PipelineRunSpec};

/// What a run is for.
pub(super) enum Trigger<'a> {
    /// A new value of `spec.trigger`.
    Token(&'a str),
    /// A due time of the schedule.
    Slot(trainyard_engine::Timestamp),
}

/// A run that was to be started.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Started {
    /// It is there, under this name.
    There(String),
    /// Another one has this name, and will keep it: it belongs to somebody else.
    Taken(String),
}

/// Makes the run, where it is not there.
pub(super) async fn start(ctx: &Context, pipeline: &MLPipeline, trigger: &Trigger<'_>) -> Result<Started, Error> {
    let run = run(pipeline, trigger)?;
    let name = run.name_any();
    let namespace = pipeline.namespace().unwrap_or_default();
    let runs: Api<PipelineRun> = Api::namespaced(ctx.client.clone(), &namespace);
    match runs.create(&PostParams::default(), &run).await {
        Ok(_) => {
            info!(namespace, run = name, by = trigger.label(), "run started");
            Ok(Started::There(name))
        }
        Err(kube::Error::Api(status)) if status.is_already_exists() => {
            let read = Error::kube("read the run that is to be started");
            let present = runs.get_opt(&name).await.map_err(read)?;
            match present {
                Some(present) if trigger.is_met_by(pipeline, &present) => Ok(Started::There(name)),
                Some(present) if takes(pipeline, trigger, &present) => Ok(Started::Taken(name)),
                _ => Err(Error::NameTaken {
                    kind: "PipelineRun",
                    name,
                }),
            }
        }
        Err(error) => Err(Error::kube("start a run")(error)),
    }
}

/// Whether a run has the name for good that this one would have, and is not what is wanted.
pub(super) async fn is_taken(ctx: &Context, pipeline: &MLPipeline, trigger: &Trigger<'_>) -> Result<bool, Error> {
    let name = run(pipeline, trigger)?.name_any();
    let runs: Api<PipelineRun> = Api::namespaced(ctx.client.clone(), &pipeline.namespace().unwrap_or_default());
    let read = Error::kube("read the run that is to be started");
    let present = runs.get_opt(&name).await.map_err(read)?;
    Ok(present.is_some_and(|present| takes(pipeline, trigger, &present)))
}

fn takes(pipeline: &MLPipeline, trigger: &Trigger<'_>, present: &PipelineRun) -> bool {
    !trigger.is_met_by(pipeline, present) && !goes(pipeline, present)
}

impl Trigger<'_> {
    fn label(&self) -> &'static str {
        match self {
            Self::Token(_) => "Token",
            Self::Slot(_) => "Schedule",
        }
    }

    /// Whether a run of the name that is there already is what is wanted.
    fn is_met_by(&self, pipeline: &MLPipeline, present: &PipelineRun) -> bool {
        let uid = pipeline.uid().unwrap_or_default();
        let owners = present.metadata.owner_references.as_ref();
        let is_ours = names::is_controlled_by(owners, &uid);
        // Somebody ran the slot by hand, under the very name that it has.
        let by_hand = names::controller(owners).is_none() && present.spec.pipeline_ref.name == pipeline.name_any();
        // One that an earlier pipeline of this name has left behind, and that had this very token.
        let left_behind = || {
            by_hand
                && present
                    .labels()
                    .get(TRIGGER)
                    .is_some_and(|trigger| trigger == self.label())
        };
        match self {
            Self::Token(_) => is_ours || left_behind(),
            Self::Slot(_) => is_ours || by_hand,
        }
    }
}

/// Whether a run is on its way out: somebody has deleted it, or it belongs to an earlier pipeline of this name.
fn goes(pipeline: &MLPipeline, present: &PipelineRun) -> bool {
    let owner = names::controller(present.metadata.owner_references.as_ref());
    let of_earlier = |owner: &OwnerReference| owner.kind == MLPipeline::kind(&()) && owner.name == pipeline.name_any();
    present.metadata.deletion_timestamp.is_some() || owner.is_some_and(of_earlier)
}

fn run(pipeline: &MLPipeline, trigger: &Trigger<'_>) -> Result<PipelineRun, Error> {
    let name = PipelineName::parse(pipeline.name_any()).map_err(|e| Error::Internal(e.to_string()))?;
    let (run_name, slot) = match trigger {
        Trigger::Token(token) => (names::token_run(&name, token), None),
        Trigger::Slot(at) => (names::slot_run(&name, *at), Some(*at)),
    };
    let spec = PipelineRunSpec {
        pipeline_ref: PipelineRef {
            name: pipeline.name_any(),
        },
        parameters: Vec::new(),
        slot: slot.map(|at| at.to_string()),
        state: None,
    };
    let mut labels = BTreeMap::from([
        (MANAGED_BY.to_owned(), OPERATOR.to_owned()),
        (PIPELINE.to_owned(), pipeline.name_any()),
        (TRIGGER.to_owned(), trigger.label().to_owned()),
    ]);
    labels.extend(slot.map(|at| (names::SLOT.to_owned(), names::slot(at))));
    let mut run = PipelineRun::new(&run_name, spec);
    run.metadata = ObjectMeta {
        labels: Some(labels),
        annotations: Some(BTreeMap::from([(
            names::CLAIM.to_owned(),
            crate::run::claim_name(&pipeline.spec).to_owned(),
        )])),
        owner_references: Some(vec![names::owner(pipeline)]),
        ..run.metadata
    };
    Ok(run)
}
