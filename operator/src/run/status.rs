//! The status of a run as people and other programs read it, and its one write a pass.

use super::revision::LoadedRevision;
use super::waiting::Waiting;
use super::{Pass, key};
use crate::clock;
use crate::conditions::{self, Condition};
use crate::context::Context;
use crate::error::Error;
use crate::names;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use std::time::Duration;
use trainyard_contract::FailureClass;
use trainyard_contract::result::{MESSAGE_BYTES_MAX, cut};
use trainyard_crds::v1alpha1::{PipelineRun, PipelineRunStatus, Revision, RunStage};
use trainyard_engine::{RunPhase, RunStatus, StagePhase, StageStatus, Timestamp};

/// Writes what the engine knows, if it changed.
pub(super) async fn write(
    ctx: &Context,
    pass: &Pass<'_>,
    known: &RunStatus,
    waiting: &Waiting,
) -> Result<Written, Error> {
    let before = pass.object.status.clone().unwrap_or_default();
    let jobs = |stage: &StageStatus| {
        (stage.attempts > 0).then(|| names::job(&pass.run.name, &pass.run.uid, &stage.name, stage.attempts))
    };
    let stages = known.stages.iter().map(|stage| RunStage {
        job: jobs(stage),
        known: stage.clone(),
    });
    let mut status = PipelineRunStatus {
        observed_generation: pass.object.metadata.generation,
        phase: known.phase,
        message: message(known, waiting),
        failure_class: known.failure_class,
        model_version: known.model().map(|made| made.version.clone()),
        finished: known.phase.is_final(),
        ended_after: known.ended_after,
        stop: known.stop,
        revision: before.revision.clone(),
        conditions: before.conditions.clone(),
        stages: stages.collect(),
        messages_cut: known.messages_cut,
    };
    set_conditions(&mut status, pass.moment.shown);
    if let Some(wait) = merely_begun(&before, &status, pass) {
        return Ok(Written::Later(wait));
    }
    replace(ctx, pass.object, before, status)
        .await
        .map(|run| Written::Now(Box::new(run)))
}

/// What became of a status.
pub(super) enum Written {
    /// The API server has it, or had it already.
    Now(Box<PipelineRun>),
    /// It is not worth a write yet.
    Later(Duration),
}

/// How long a stage runs before its status says so. Many are over before that, and cost a write less.
const RUNNING_SHOWN_AFTER: Duration = Duration::from_secs(2);

/// How long to wait with a status whose only news is that stages have begun a moment ago.
fn merely_begun(before: &PipelineRunStatus, status: &PipelineRunStatus, pass: &Pass<'_>) -> Option<Duration> {
    let mut without_news = status.clone();
    let mut first_begin: Option<Timestamp> = None;
    for (stage, known) in without_news.stages.iter_mut().zip(&before.stages) {
        let begins = stage.known.phase == StagePhase::Running && known.known.phase == StagePhase::Queued;
        let began = stage.known.latest.as_ref().and_then(|latest| latest.began_after);
        if let (true, Some(began)) = (begins, began) {
            let began = pass.run.created.plus(began);
            first_begin = Some(first_begin.map_or(began, |first| first.min(began)));
            stage.known.clone_from(&known.known);
        }
    }
    let since = Duration::from_millis(pass.moment.now.since(first_begin?).as_millis());
    let wait = RUNNING_SHOWN_AFTER.saturating_sub(since);
    (without_news == *before && !wait.is_zero()).then_some(wait)
}

/// A new run: all of its stages wait.
pub(super) async fn write_first(
    ctx: &Context,
    object: &PipelineRun,
    revision: &Revision,
    loaded: &LoadedRevision,
) -> Result<(), Error> {
    let stages = loaded.pipeline.stages().iter().map(|stage| RunStage {
        known: StageStatus::new(stage.name.clone()),
        job: None,
    });
    let status = PipelineRunStatus {
        revision: Some(revision.clone()),
        stages: stages.collect(),
        message: String::new(),
        ..seen(object)
    };
    write_apart(ctx, object, status).await
}

/// A run that cannot begin yet, and why.
pub(super) async fn write_waiting(ctx: &Context, object: &PipelineRun, cause: &str) -> Result<(), Error> {
    let status = PipelineRunStatus {
        message: cut(cause, MESSAGE_BYTES_MAX),
        ..seen(object)
    };
    write_apart(ctx, object, status).await
}

/// A run that can never begin.
pub(super) async fn write_refused(ctx: &Context, object: &PipelineRun, fault: &str) -> Result<(), Error> {
    let status = PipelineRunStatus {
        phase: RunPhase::Failed,
        failure_class: Some(FailureClass::Config),
        message: cut(fault, MESSAGE_BYTES_MAX),
        finished: true,
        ..seen(object)
    };
    write_apart(ctx, object, status).await
}

/// A run that was stopped, and how far it was.
pub(super) async fn write_stopped(ctx: &Context, object: &PipelineRun, when: &str) -> Result<(), Error> {
    let status = PipelineRunStatus {
        phase: RunPhase::Stopped,
        message: when.to_owned(),
        finished: true,
        ..seen(object)
    };
    write_apart(ctx, object, status).await
}

/// A run that had ended, and that a backup brought back without its status.
pub(super) async fn write_restored(ctx: &Context, object: &PipelineRun) -> Result<(), Error> {
    let phase = match object.labels().get(names::FINISHED).map(String::as_str) {
        Some("Succeeded") => RunPhase::Succeeded,
        Some("Stopped") => RunPhase::Stopped,
        _ => RunPhase::Failed,
    };
    let status = PipelineRunStatus {
        phase,
        message: "it had ended before it was restored without its status: it does not run again".to_owned(),
        finished: true,
        ..seen(object)
    };
    write_apart(ctx, object, status).await
}

/// Writes a status that no plan of the engine made.
async fn write_apart(ctx: &Context, object: &PipelineRun, mut status: PipelineRunStatus) -> Result<(), Error> {
    set_conditions(&mut status, clock::now());
    let before = object.status.clone().unwrap_or_default();
    replace(ctx, object, before, status).await.map(|_| ())
}

/// The status as it was, about the spec as it is.
fn seen(object: &PipelineRun) -> PipelineRunStatus {
    PipelineRunStatus {
        observed_generation: object.metadata.generation,
        ..object.status.clone().unwrap_or_default()
    }
}

/// What a run says: its failure, or the first thing that it waits for.
fn message(known: &RunStatus, waiting: &Waiting) -> String {
    if !known.message.is_empty() || known.phase.is_final() {
        return known.message.clone();
    }
    if let Some(said) = &waiting.of_running {
        return cut(said, MESSAGE_BYTES_MAX);
    }
    let waits = |stage: &&StageStatus| match stage.phase {
        StagePhase::Queued | StagePhase::Retrying => !stage.message.is_empty(),
        // Only one that could not be created says something while it is Pending.
        StagePhase::Pending => waiting.holds(&stage.name) && !stage.message.is_empty(),
        StagePhase::Running
        | StagePhase::Succeeded
        | StagePhase::Failed
        | StagePhase::Skipped
        | StagePhase::Stopped => false,
    };
    let Some(stage) = known.stages.iter().find(waits) else {
        return String::new();
    };
    let text = match stage.phase {
        StagePhase::Retrying => format!("`{}` is tried again: {}", stage.name, stage.message),
        _ => format!("`{}`: {}", stage.name, stage.message),
    };
    cut(&text, MESSAGE_BYTES_MAX)
}

/// `Reconciling` while it is under way; at the end `Finished`, `Succeeded` and, where it failed, `Stalled`.
fn set_conditions(status: &mut PipelineRunStatus, now: Timestamp) {
    let message = with_hint(status);
    let generation = status.observed_generation;
    let phase = status.phase;
    let mut conditions = std::mem::take(&mut status.conditions);
    let mut set = |condition| conditions::set(&mut conditions, condition, generation, now);
    let reason = status
        .failure_class
        .map_or_else(|| phase.to_string(), |class| class.to_string());
    if phase.is_final() {
        set(Condition::new(
            "Reconciling",
            false,
            "Finished",
            "the run is at its end",
        ));
        set(Condition::new("Finished", true, &phase.to_string(), message.clone()));
        set(Condition::new(
            "Succeeded",
            phase == RunPhase::Succeeded,
            &reason,
            message.clone(),
        ));
        set(Condition::new(
            "Stalled",
            phase == RunPhase::Failed,
            &reason,
            message.clone(),
        ));
    } else {
        set(Condition::new("Reconciling", true, &phase.to_string(), message.clone()));
    }
    status.conditions = conditions;
}

/// The run's message, and what to do about it where its failed stage knows that.
fn with_hint(status: &PipelineRunStatus) -> String {
    let mut stages = status.stages.iter().map(|stage| &stage.known);
    let failed = stages.find(|stage| stage.phase == StagePhase::Failed && !stage.hint.is_empty());
    match failed {
        Some(stage) if status.phase == RunPhase::Failed => format!("{}; hint: {}", status.message, stage.hint),
        _ => status.message.clone(),
    }
}

/// At most one write, on the very version that was read; none when nothing changed. The end of a run is a label as well: it is written
/// first, so that a run that has ended has it.
async fn replace(
    ctx: &Context,
    object: &PipelineRun,
    before: PipelineRunStatus,
    status: PipelineRunStatus,
) -> Result<PipelineRun, Error> {
    let mut object = object.clone();
    if status == before {
        return Ok(object);
    }
    let read_as = object.resource_version().unwrap_or_default();
    // One that was brought back keeps the label that says so until its status does.
    if status.finished && !super::is_restored(&object) {
        label_end(ctx, &mut object, status.phase).await?;
    }
    let based_on = object.resource_version().unwrap_or_default();
    object.status = Some(status);
    let runs: Api<PipelineRun> = Api::namespaced(ctx.client.clone(), &object.namespace().unwrap_or_default());
    let written = runs
        .replace_status(&object.name_any(), &PostParams::default(), &object)
        .await;
    let written = written.map_err(Error::kube("write the run's status"))?;
    if written.resource_version().as_ref() != Some(&based_on) {
        for outdated in [&read_as, &based_on] {
            ctx.expectations.status_written(&key(&object), outdated);
        }
    }
    Ok(written)
}

/// Labels a run with its end.
async fn label_end(ctx: &Context, object: &mut PipelineRun, phase: RunPhase) -> Result<(), Error> {
    let (phase, uid) = (phase.to_string(), object.uid().unwrap_or_default());
    let ended_as = format!("{}/{uid}", object.name_any());
    let has = |map: &std::collections::BTreeMap<String, String>, key: &str, value: &String| map.get(key) == Some(value);
    if has(object.labels(), names::FINISHED, &phase) && has(object.annotations(), names::FINISHED_UID, &ended_as) {
        return Ok(());
    }
    let patch = json!({"metadata": {
        "uid": uid,
        "resourceVersion": object.resource_version(),
        "labels": {names::FINISHED: phase},
        "annotations": {names::FINISHED_UID: ended_as},
    }});
    let api: Api<PipelineRun> = Api::namespaced(ctx.client.clone(), &object.namespace().unwrap_or_default());
    let labelled = api
        .patch_metadata(&object.name_any(), &PatchParams::default(), &Patch::Merge(&patch))
        .await;
    object.metadata = labelled.map_err(Error::kube("label the run with its end"))?.metadata;
    Ok(())
}
