//! How a run ended, as one document: what `run -o json` writes. Every key is there always, `null` where there is nothing.

use super::workspace::Workspace;
use camino::Utf8PathBuf;
use serde::Serialize;
use trainyard_contract::{Duration, FailureClass, PipelineName, RunName, layout};
use trainyard_engine::{Pipeline, Run, RunPhase, StagePhase, StageStatus};
use trainyard_worker::model::version::version_of_run;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The run's name.
    pub run: RunName,
    /// `Succeeded`, `Failed` or `Stopped`.
    pub phase: String,
    /// Its stages, in the manifest's order.
    pub stages: Vec<StageOutcome>,
    /// The model version that it made, also where the run failed afterwards.
    pub model: Option<ModelOutcome>,
}

/// How a stage ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageOutcome {
    /// Its name.
    pub name: String,
    /// `Succeeded`, `Failed`, `Skipped` or `Stopped`.
    pub phase: String,
    /// Of a failed stage.
    pub failure_class: Option<FailureClass>,
    /// Of a failed stage what happened, of a skipped one the cause, of one that succeeded a warning.
    pub message: Option<String>,
    /// How many times it was started.
    pub attempts: u32,
    /// From its first attempt's begin to its last one's end; `null` where it never began.
    pub seconds: Option<f64>,
    /// The page on the model that it judged, absolute; also where a requirement was not met.
    pub report: Option<Utf8PathBuf>,
}

/// A model version that a run made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelOutcome {
    /// Its name.
    pub version: String,
    /// Its folder, absolute.
    pub path: Utf8PathBuf,
}

impl Outcome {
    /// The outcome of a run that has ended.
    pub fn of(run: &Run, pipeline: &Pipeline, workspace: &Workspace) -> Self {
        Self {
            run: run.name.clone(),
            phase: run.status.phase.to_string(),
            stages: run
                .status
                .stages
                .iter()
                .map(|stage| StageOutcome::of(stage, run, workspace))
                .collect(),
            model: model_of(run, pipeline.name(), workspace),
        }
    }

    /// The outcome of a run that could not begin: its first stage failed for that reason, before it started.
    pub fn not_begun(run: RunName, pipeline: &Pipeline, class: FailureClass, message: &str) -> Self {
        let names = pipeline.order().iter().map(|&i| pipeline.stages()[i].name.as_str());
        let first = names.clone().next().unwrap_or_default();
        let stages = pipeline.stages().iter().map(|stage| {
            let is_first = stage.name.as_str() == first;
            StageOutcome {
                name: stage.name.to_string(),
                phase: if is_first {
                    StagePhase::Failed
                } else {
                    StagePhase::Skipped
                }
                .to_string(),
                failure_class: is_first.then_some(class),
                message: Some(if is_first {
                    message.to_owned()
                } else {
                    format!("`{first}` failed")
                }),
                attempts: 0,
                seconds: None,
                report: None,
            }
        });
        Self {
            run,
            phase: RunPhase::Failed.to_string(),
            stages: stages.collect(),
            model: None,
        }
    }

    /// The document, a line by itself.
    ///
    /// # Panics
    /// Never: an outcome has only string keys.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("an outcome has only string keys") + "\n"
    }
}

/// The version that the run made; also one whose stage failed after it was saved.
fn model_of(run: &Run, pipeline: &PipelineName, workspace: &Workspace) -> Option<ModelOutcome> {
    let run_folder = layout::run_folder(&run.name, &run.uid);
    let saved_by = |stage: &StageStatus| {
        let minted = stage.model_version.as_ref()?;
        version_of_run(
            workspace.root(),
            pipeline,
            (run_folder.file_name()?, &stage.name),
            minted,
        )
    };
    let version = match run.status.model() {
        Some(made) => made.version.clone(),
        None => run.status.stages.iter().find_map(saved_by)?,
    };
    Some(ModelOutcome {
        path: workspace.join(layout::model_folder(pipeline, &version)),
        version: version.to_string(),
    })
}

/// The page of a stage that judged a model, relative to the workspace.
pub fn report_page(stage: &StageStatus, run: &Run, workspace: &Workspace) -> Option<Utf8PathBuf> {
    let attempt = layout::attempt_folder(&run.name, &run.uid, &stage.name, stage.attempts);
    let page = attempt.join(layout::REPORT_PAGE_FILE);
    workspace.join(&page).is_file().then_some(page)
}

impl StageOutcome {
    fn of(stage: &StageStatus, run: &Run, workspace: &Workspace) -> Self {
        let failed = stage.phase == StagePhase::Failed;
        Self {
            name: stage.name.to_string(),
            phase: stage.phase.to_string(),
            failure_class: stage.failure_class.filter(|_| failed),
            message: Some(stage.message.clone()).filter(|message| !message.is_empty()),
            attempts: stage.attempts,
            seconds: seconds_of(stage),
            report: report_page(stage, run, workspace).map(|page| workspace.join(page)),
        }
    }
}

/// How long a stage took, from its first attempt's begin to its last one's end.
pub fn seconds_of(stage: &StageStatus) -> Option<f64> {
    /// Milliseconds of a second.
    const MILLIS: f64 = 1e3;
    let (began, ended) = (stage.began_after?, stage.ended_after?);
    let millis = Duration::as_millis(ended).saturating_sub(began.as_millis());
    Some(millis as f64 / MILLIS)
}
