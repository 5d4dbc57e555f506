//! What a run's status says to people: a line a stage, and at its end why it failed. Pure.

use super::outcome::seconds_of;
use super::workspace::{Workspace, WorkspaceError};
use crate::print::Complaint;
use crate::progress::Line;
use camino::Utf8Path;
use std::time::Duration;
use trainyard_contract::{FailureClass, layout};
use trainyard_engine::{Pipeline, Run, RunPhase, StagePhase, StageStatus};

/// The metrics that stand in the line of a stage that trained or judged a model.
const SHOWN_METRICS: [&str; 2] = ["roc_auc", "accuracy"];

/// `roc_auc 0.854, accuracy 0.838`; of a stage that trained also of which rows, since these metrics are no judge's.
///
/// A stage is known by its outputs: only training converges, and only a judge has a correlation.
fn measured(stage: &StageStatus) -> String {
    let has = |name| stage.outputs.contains_key(name);
    let of_which = match (has("converged"), has("holdout_rows")) {
        (true, true) => " (held-out rows)",
        (true, false) => " (training rows)",
        (false, _) if has("average_precision") || has("matthews_corrcoef") => "",
        (false, _) => return String::new(),
    };
    let words = SHOWN_METRICS
        .iter()
        .filter_map(|name| Some(format!("{name} {:.3}", stage.outputs.get(*name)?.as_f64()?)));
    let words: Vec<String> = words.collect();
    if words.is_empty() {
        return String::new();
    }
    words.join(", ") + of_which
}

/// The line of a stage that is at its end; `None` for one that is not.
pub fn end_line(stage: &StageStatus) -> Option<Line> {
    let seconds = seconds_of(stage);
    match stage.phase {
        StagePhase::Pending | StagePhase::Queued | StagePhase::Running | StagePhase::Retrying => None,
        StagePhase::Succeeded => Some(Line::Done {
            seconds: seconds.unwrap_or_default(),
            rows: stage.rows,
            measured: measured(stage),
        }),
        StagePhase::Failed => Some(Line::Failed { seconds }),
        StagePhase::Skipped => Some(Line::Skipped {
            cause: stage.message.clone(),
        }),
        StagePhase::Stopped => Some(Line::Stopped { seconds }),
    }
}

/// The line of a stage whose `attempt` failed and that runs again after `wait`.
pub fn retry_line(
    stage: Option<&StageStatus>,
    attempt: u32,
    class: Option<FailureClass>,
    message: &str,
    wait: Duration,
) -> Line {
    let latest = stage
        .filter(|stage| stage.attempts == attempt)
        .and_then(|stage| stage.latest.as_ref());
    let times = latest.and_then(|latest| Some((latest.began_after?, latest.ended_after?)));
    let seconds = times
        .map(|(began, ended)| Duration::from_millis(ended.as_millis().saturating_sub(began.as_millis())).as_secs_f64());
    Line::Retry {
        seconds,
        attempt,
        reason: reason_of(class, message),
        wait: wait.as_secs_f64(),
    }
}

/// `Infra: cannot write …`
fn reason_of(class: Option<FailureClass>, message: &str) -> String {
    match class {
        Some(class) if message.is_empty() => class.to_string(),
        Some(class) => format!("{class}: {message}"),
        None => message.to_owned(),
    }
}

/// Why a run failed: one complaint a failed stage, in the order in which they ran.
pub fn failures(run: &Run, pipeline: &Pipeline, workspace: &Workspace) -> Vec<Complaint> {
    let mut complaints: Vec<Complaint> = stages_in_order(run, pipeline)
        .filter(|stage| stage.phase == StagePhase::Failed)
        .map(|stage| complaint_of(stage, run, pipeline).hint(usable_hint(stage, run, workspace)))
        .collect();
    let has_message = !run.status.message.is_empty();
    if complaints.is_empty() && run.status.phase == RunPhase::Failed && has_message {
        // The run took too long while no stage did.
        let place = format!("in run `{}` of pipeline `{}`", run.name, pipeline.name());
        complaints.push(Complaint::new(run.status.message.clone()).place(place));
    }
    complaints
}

/// The stages in the order in which they ran.
fn stages_in_order<'a>(run: &'a Run, pipeline: &'a Pipeline) -> impl Iterator<Item = &'a StageStatus> {
    let order = pipeline.order().iter();
    order.filter_map(|&i| run.status.stage(&pipeline.stages()[i].name))
}

fn complaint_of(stage: &StageStatus, run: &Run, pipeline: &Pipeline) -> Complaint {
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
    let message = match &stage.message {
        empty if empty.is_empty() => reason_of(stage.failure_class, empty),
        message => message.clone(),
    };
    Complaint::new(message).place(place)
}

/// The hint, with the run's folder as it is found from the current folder: a worker knows only the workspace.
fn usable_hint(stage: &StageStatus, run: &Run, workspace: &Workspace) -> String {
    let folder = layout::run_folder(&run.name, &run.uid);
    stage
        .hint
        .replace(&format!(" {folder}/"), &format!(" {}/", workspace.shown(&folder)))
}

/// What users should know of stages that succeeded, in the order in which they ran.
pub fn warnings(run: &Run, pipeline: &Pipeline, workspace: &Workspace) -> Vec<Complaint> {
    stages_in_order(run, pipeline)
        .filter(|stage| stage.phase == StagePhase::Succeeded && !stage.message.is_empty())
        .map(|stage| complaint_of(stage, run, pipeline).hint(usable_hint(stage, run, workspace)))
        .collect()
}

/// All stages succeeded, and the model is not the champion.
pub fn lost_champion(error: &WorkspaceError, model: &Utf8Path) -> Complaint {
    Complaint::new(format!(
        "{error}; the model is whole in {model}, but it is not the champion"
    ))
    .hint("make room for the link and run the pipeline again")
}
