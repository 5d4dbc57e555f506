//! Events: what `kubectl describe` shows of a run, and the operator's log too. Only on retry, failure and end; losing one is
//! harmless.

use crate::names::{self, OPERATOR};
use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource, ResourceExt};
use tracing::{info, warn};
use trainyard_contract::PipelineName;
use trainyard_crds::v1alpha1::{MLPipeline, PipelineRun};
use trainyard_engine::schedule::{SlotFate, SlotRange, SlotReason};
use trainyard_engine::{Event as Happened, Run, RunPhase, StagePhase};

/// Tells what happened.
#[derive(Clone)]
pub(crate) struct Events {
    recorder: Recorder,
}

impl Events {
    /// Events that are reported in the operator's name.
    pub(crate) fn new(client: Client) -> Self {
        let reporter = Reporter {
            controller: OPERATOR.to_owned(),
            instance: std::env::var("POD_NAME").ok(),
        };
        Self {
            recorder: Recorder::new(client, reporter),
        }
    }

    /// Tells what happened in a run, to the log too.
    pub(crate) async fn publish(&self, object: &PipelineRun, run: &Run, happened: &[Happened]) {
        let regarding = object.object_ref(&());
        for happened in happened {
            let Some(event) = event_of(object, run, happened) else {
                continue;
            };
            let said = event.note.as_deref().unwrap_or_default();
            match happened {
                Happened::Stage { stage, attempt, .. } => info!(%stage, attempt, reason = event.reason, "{said}"),
                Happened::Run { .. } => info!(reason = event.reason, "{said}"),
            }
            if let Err(error) = self.recorder.publish(&event, &regarding).await {
                warn!(%error, "an event is lost");
            }
        }
    }

    /// Tells which slots of a pipeline did not run, and why, to the log too.
    pub(crate) async fn tell_slots(&self, pipeline: &MLPipeline, ranges: &[SlotRange]) {
        for event in ranges.iter().filter_map(|range| event_of_slots(pipeline, range)) {
            let said = event.note.as_deref().unwrap_or_default();
            info!(
                pipeline = pipeline.name_any(),
                namespace = pipeline.namespace(),
                reason = event.reason,
                "{said}"
            );
            if let Err(error) = self.recorder.publish(&event, &pipeline.object_ref(&())).await {
                warn!(%error, "an event is lost");
            }
        }
    }
}

/// The event for slots that did not run; none for those that did: their runs have their own.
fn event_of_slots(pipeline: &MLPipeline, range: &SlotRange) -> Option<Event> {
    let reason = range.reason?;
    let (type_, name) = match range.fate {
        SlotFate::Ran => return None,
        SlotFate::Skipped => (EventType::Normal, "SlotSkipped"),
        SlotFate::Missed => (EventType::Warning, "SlotMissed"),
    };
    let which = match range.count {
        1 => format!("the run that was due at {}", range.last),
        count => format!("{count} runs that were due from {} to {}", range.first, range.last),
    };
    let did = if range.fate == SlotFate::Skipped {
        "skipped"
    } else {
        "missed"
    };
    let mut note = format!("{did} {which}: {}", reason.in_words());
    if reason == SlotReason::NameTaken
        && let Ok(pipeline) = PipelineName::parse(pipeline.name_any())
    {
        let [first, last] = [range.first, range.last].map(|slot| names::slot_run(&pipeline, slot));
        let which = match range.count {
            1 => format!("`{last}`"),
            _ => format!("`{first}` to `{last}`"),
        };
        note = format!("{note}, {which}; a run by hand with spec.slot can stand in for it");
    }
    Some(Event {
        type_,
        reason: name.to_owned(),
        note: Some(note),
        action: name.to_owned(),
        secondary: None,
    })
}

/// The event for something that happened; none for what only moves on.
fn event_of(object: &PipelineRun, run: &Run, happened: &Happened) -> Option<Event> {
    let (type_, reason, note, attempt) = match happened {
        Happened::Stage {
            stage,
            phase,
            attempt,
            class,
            message,
            next: _,
        } => {
            let class = class.map(|class| format!("{class}: ")).unwrap_or_default();
            let of = format!("`{stage}` failed in attempt {attempt}: {class}{message}");
            match phase {
                StagePhase::Retrying => (EventType::Warning, "StageRetrying", of, Some((stage, *attempt))),
                StagePhase::Failed => (EventType::Warning, "StageFailed", of, Some((stage, *attempt))),
                StagePhase::Pending
                | StagePhase::Queued
                | StagePhase::Running
                | StagePhase::Succeeded
                | StagePhase::Skipped
                | StagePhase::Stopped => return None,
            }
        }
        Happened::Run { phase, message } => match phase {
            RunPhase::Succeeded => {
                let model = object.status.as_ref().and_then(|status| status.model_version.as_ref());
                let note = model.map_or_else(
                    || "the run succeeded".to_owned(),
                    |m| format!("the run succeeded and made {m}"),
                );
                (EventType::Normal, "Succeeded", note, None)
            }
            RunPhase::Failed => (EventType::Warning, "Failed", message.clone(), None),
            RunPhase::Stopped => (EventType::Normal, "Stopped", "the run was stopped".to_owned(), None),
            RunPhase::Pending | RunPhase::Running | RunPhase::Suspended | RunPhase::Stopping => return None,
        },
    };
    Some(Event {
        type_,
        reason: reason.to_owned(),
        note: Some(note),
        action: reason.to_owned(),
        // Events of one reason are counted together; those of different attempts are not one event.
        secondary: attempt
            .filter(|(_, attempt)| *attempt > 0)
            .map(|(stage, attempt)| ObjectReference {
                api_version: Some("batch/v1".to_owned()),
                kind: Some("Job".to_owned()),
                namespace: object.namespace(),
                name: Some(names::job(&run.name, &run.uid, stage, attempt)),
                ..ObjectReference::default()
            }),
    })
}
