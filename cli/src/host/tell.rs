//! What a run's status says to people: a line a stage, and at its end why it failed. Pure.

use super::outcome::seconds_of;
use super::workspace::WorkspaceError;
use crate::print::Complaint;
use crate::progress::Line;
use std::time::Duration;
use trainyard_contract::result::MadeModelVersion;
use trainyard_engine::{Pipeline, Run, RunPhase, StagePhase, StageStatus};

/// The line of a stage that has ended or waits for its next attempt, which it does for `wait`; `None` for one under way.
pub fn line_of(stage: &StageStatus, wait: Duration) -> Option<Line> {
    match stage.phase {
        StagePhase::Pending | StagePhase::Queued | StagePhase::Running => None,
        StagePhase::Retrying => Some(Line::Retry {
            seconds: seconds_of_latest(stage),
            attempt: stage.attempts,
            reason: reason_of(stage),
            wait: wait.as_secs_f64(),
        }),
        StagePhase::Succeeded => Some(Line::Done {
            seconds: seconds_of(stage).unwrap_or_default(),
            rows: stage.rows,
        }),
        StagePhase::Failed => Some(Line::Failed {
            seconds: seconds_of(stage),
        }),
        StagePhase::Skipped => Some(Line::Skipped {
            cause: stage.message.clone(),
        }),
        StagePhase::Stopped => Some(Line::Stopped {
            seconds: seconds_of(stage),
        }),
    }
}

/// `Infra: cannot write …`
fn reason_of(stage: &StageStatus) -> String {
    match stage.failure_class {
        Some(class) if stage.message.is_empty() => class.to_string(),
        Some(class) => format!("{class}: {}", stage.message),
        None => stage.message.clone(),
    }
}

fn seconds_of_latest(stage: &StageStatus) -> f64 {
    let times = stage
        .latest
        .as_ref()
        .and_then(|latest| Some((latest.began_after?, latest.ended_after?)));
    let millis = times.map_or(0, |(began, ended)| ended.as_millis().saturating_sub(began.as_millis()));
    Duration::from_millis(millis).as_secs_f64()
}

/// Why a run failed: one complaint a failed stage, in the order in which they ran.
pub fn failures(run: &Run, pipeline: &Pipeline) -> Vec<Complaint> {
    let stages = pipeline
        .order()
        .iter()
        .filter_map(|&i| run.status.stage(&pipeline.stages()[i].name));
    let mut complaints: Vec<Complaint> = stages
        .filter(|stage| stage.phase == StagePhase::Failed)
        .map(|stage| failure_of(stage, run, pipeline))
        .collect();
    if complaints.is_empty() && run.status.phase == RunPhase::Failed {
        // The run took too long while no stage did.
        let place = format!("in run `{}` of pipeline `{}`", run.name, pipeline.name());
        complaints.push(Complaint::new(run.status.message.clone()).place(place));
    }
    complaints
}

fn failure_of(stage: &StageStatus, run: &Run, pipeline: &Pipeline) -> Complaint {
    let message = if stage.message.is_empty() {
        reason_of(stage)
    } else {
        stage.message.clone()
    };
    let tried = match stage.attempts {
        0 | 1 => String::new(),
        attempts => format!(", after {attempts} attempts"),
    };
    let place = format!(
        "in stage `{}` of pipeline `{}`, run `{}`{tried}",
        stage.name,
        pipeline.name(),
        run.name
    );
    Complaint::new(message).place(place).hint(stage.hint.clone())
}

/// The run Succeeded, and its model is not the champion.
pub fn lost_champion(error: &WorkspaceError, made: &MadeModelVersion) -> Complaint {
    Complaint::new(format!(
        "{error}; the model is whole in {}, but it is not the champion",
        made.path
    ))
    .hint("make room for the link and run the pipeline again")
}
