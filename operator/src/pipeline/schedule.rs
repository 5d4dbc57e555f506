//! `spec.schedule`: runs start when their slots are due. The engine decides which; here runs are looked up, made and stopped.
//!
//! What the watches show is enough to see that something may be due. What is decided then is decided on a pipeline and runs that were
//! read anew: a store that lags must not skip a slot for a run that has ended, nor start one that has run and was removed.

use super::start::{Started, Trigger, is_taken, start};
use crate::clock::{time, timestamp};
use crate::context::{Context, GuardedPipeline, GuardedRun};
use crate::error::Error;
use crate::names::{self, PIPELINE, SLOT, TRIGGER};
use kube::api::{ListParams, Patch, PatchParams};
use kube::core::PartialObjectMeta;
use kube::{Api, Resource, ResourceExt};
use serde_json::json;
use std::collections::BTreeSet;
use tracing::info;
use trainyard_contract::{RunName, RunUid};
use trainyard_crds::door;
use trainyard_crds::v1alpha1::{MLPipeline, MLPipelineStatus, PipelineRun};
use trainyard_engine::Timestamp;
use trainyard_engine::schedule::{ActiveRun, DueSlots, KnownRuns, SlotHistory, due_slots};

/// What is known without asking whether runs are under way; `None` where it may be that something is to be started, skipped or
/// written, so that [`decide`] has to look.
pub(super) fn nothing_new(pipeline: &MLPipeline, now: Timestamp) -> Option<DueSlots> {
    let history = history(&pipeline.status.clone().unwrap_or_default());
    let due = due_slots(door::schedule(pipeline).as_ref(), &history, &KnownRuns::default(), now);
    (due.history == history && due.waiting.is_none()).then_some(due)
}

/// The pipeline as the API server has it now; `None` when it is gone, or changed beyond what this version can read.
pub(super) async fn read_anew(ctx: &Context, pipeline: &MLPipeline) -> Result<Option<MLPipeline>, Error> {
    let api: Api<GuardedPipeline> = Api::namespaced(ctx.client.clone(), &pipeline.namespace().unwrap_or_default());
    let read = Error::kube("read the pipeline");
    let found = api.get_opt(&pipeline.name_any()).await.map_err(read)?;
    Ok(found
        .and_then(|pipeline| pipeline.0.ok())
        .filter(|found| found.uid() == pipeline.uid()))
}

/// Decides about the slots that are due, and carries it out, but for the status.
pub(super) async fn decide(ctx: &Context, pipeline: &MLPipeline, now: Timestamp) -> Result<DueSlots, Error> {
    let history = history(&pipeline.status.clone().unwrap_or_default());
    let mut taken = BTreeSet::new();
    loop {
        let known = KnownRuns {
            taken: taken.clone(),
            ..known_runs(ctx, pipeline).await?
        };
        let due = due_slots(door::schedule(pipeline).as_ref(), &history, &known, now);
        // No run is stopped for a slot that can have none.
        if let Some(slot) = due.waiting.filter(|_| !due.stop.is_empty())
            && is_taken(ctx, pipeline, &Trigger::Slot(slot)).await?
        {
            taken.insert(slot);
            continue;
        }
        for run in &due.stop {
            stop(ctx, pipeline, run).await?;
        }
        match start_all(ctx, pipeline, &due.start, now).await? {
            None => return Ok(due),
            Some(slot) => taken.insert(slot),
        };
    }
}

/// Starts the runs of slots, up to the first whose name a run of somebody else has.
async fn start_all(
    ctx: &Context,
    pipeline: &MLPipeline,
    slots: &[Timestamp],
    now: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    for slot in slots {
        match start(ctx, pipeline, &Trigger::Slot(*slot)).await? {
            Started::There(_) => ctx.metrics.slot_started(now.since(*slot)),
            Started::Taken(_) => return Ok(Some(*slot)),
        }
    }
    Ok(None)
}

/// Keeps in a pipeline's status what is known of its slots.
pub(super) fn keep(status: &mut MLPipelineStatus, due: &DueSlots) {
    let SlotHistory { seen, last, ledger } = due.history.clone();
    status.schedule = seen;
    status.last_slot = last.map(time);
    status.slots = ledger;
    status.next_slot = due.next.map(time);
}

/// What a pipeline's status says of its slots.
pub(super) fn history(status: &MLPipelineStatus) -> SlotHistory {
    SlotHistory {
        seen: status.schedule.clone(),
        last: status.last_slot.as_ref().map(timestamp),
        ledger: status.slots.clone(),
    }
}

/// The runs of a pipeline, as the API server has them now.
async fn known_runs(ctx: &Context, pipeline: &MLPipeline) -> Result<KnownRuns, Error> {
    let namespace = pipeline.namespace().unwrap_or_default();
    let (name, uid) = (pipeline.name_any(), pipeline.uid().unwrap_or_default());
    let list = Error::kube("list the runs of a pipeline");
    let by_schedule = ListParams::default().labels(&format!("{PIPELINE}={name},{TRIGGER}=Schedule"));
    let all: Api<PipelineRun> = Api::namespaced(ctx.client.clone(), &namespace);
    let all = all.list_metadata(&by_schedule).await.map_err(list)?;
    let slots = all
        .items
        .iter()
        .filter_map(|run| names::slot_of(run.labels().get(SLOT)?));
    let started: BTreeSet<Timestamp> = slots.collect();

    let list = Error::kube("list the runs under way of a pipeline");
    let unfinished = ListParams::default().fields(&format!("spec.pipelineRef.name={name},status.finished!=true"));
    let guarded: Api<GuardedRun> = Api::namespaced(ctx.client.clone(), &namespace);
    let unfinished = guarded.list(&unfinished).await.map_err(list)?;
    let active = unfinished.items.iter().filter_map(|run| {
        // One of an earlier pipeline of this name is on its way out.
        let owner = names::controller(run.meta().owner_references.as_ref());
        let of_another = owner.is_some_and(|owner| owner.uid != uid);
        let by_schedule = run.labels().get(TRIGGER).is_some_and(|trigger| trigger == "Schedule");
        (!of_another).then_some(ActiveRun {
            name: RunName::parse(run.name_any()).ok()?,
            uid: RunUid::parse(run.uid()?).ok()?,
            by_schedule: by_schedule && owner.is_some(),
        })
    });
    Ok(KnownRuns {
        started,
        taken: BTreeSet::new(),
        active: active.collect(),
    })
}

/// Stops a run that the schedule started, in favour of a newer one.
async fn stop(ctx: &Context, pipeline: &MLPipeline, run: &ActiveRun) -> Result<(), Error> {
    let namespace = pipeline.namespace().unwrap_or_default();
    let api: Api<PartialObjectMeta<PipelineRun>> = Api::namespaced(ctx.client.clone(), &namespace);
    // With its uid: one that somebody has made again under its name goes on.
    let patch = json!({"metadata": {"uid": run.uid}, "spec": {"state": "Stopped"}});
    match api
        .patch(run.name.as_str(), &PatchParams::default(), &Patch::Merge(&patch))
        .await
    {
        Ok(_) => {
            info!(namespace, run = %run.name, "run stopped: a newer one is due");
            Ok(())
        }
        // Somebody deleted it.
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(Error::kube("stop a run")(error)),
    }
}
