//! `run.json`: what happened in a run, in the run's folder. Written whole at its start, after each retry and at its end.
//!
//! It is for people and for later commands (`logs`, retention), which read it through [`super::run_folders`]; no run is ever
//! taken up again from it.

use super::run_folders::RUN_FILE;
use super::workspace::{Workspace, WorkspaceError};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use trainyard_contract::layout;
use trainyard_engine::{Pipeline, Run, RunPhase, RunStatus, Timestamp};

/// The whole of `run.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunRecord<'a> {
    run: &'a str,
    uid: &'a str,
    pipeline: &'a str,
    /// Hexadecimal sha-256 of the manifest's pipeline, as it was written.
    spec_digest: &'a str,
    trainyard_version: &'static str,
    /// RFC 3339 with milliseconds always, so that texts sort as times do.
    started_at: String,
    /// `null` while the run is under way, and for ever when the command was killed.
    ended_at: Option<String>,
    succeeded: bool,
    /// In the manifest's order.
    stages: Vec<&'a str>,
    parameters: &'a BTreeMap<String, String>,
    /// The due time that it is for, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<String>,
    status: &'a RunStatus,
}

/// Writes what is known of `run`. A reader finds the old text or the new one, never a half.
///
/// # Panics
/// Never: a record has only string keys.
pub fn write(
    workspace: &Workspace,
    pipeline: &Pipeline,
    spec_digest: &str,
    run: &Run,
    now: Timestamp,
) -> Result<(), WorkspaceError> {
    let record = RunRecord {
        run: run.name.as_str(),
        uid: run.uid.as_str(),
        pipeline: pipeline.name().as_str(),
        spec_digest,
        trainyard_version: env!("CARGO_PKG_VERSION"),
        started_at: text_of(run.created),
        ended_at: run.status.phase.is_final().then(|| text_of(now)),
        succeeded: run.status.phase == RunPhase::Succeeded,
        stages: pipeline.stages().iter().map(|stage| stage.name.as_str()).collect(),
        parameters: &run.values.parameters,
        slot: run.values.slot.map(|slot| slot.at().to_string()),
        status: &run.status,
    };
    let text = serde_json::to_string_pretty(&record).expect("a record has only string keys");
    let folder = workspace.join(layout::run_folder(&run.name, &run.uid));
    let unfinished = folder.join(format!(".{RUN_FILE}"));
    let file = folder.join(RUN_FILE);
    fs::create_dir_all(&folder).map_err(WorkspaceError::of("create", folder))?;
    fs::write(&unfinished, text + "\n").map_err(WorkspaceError::of("write", &file))?;
    fs::rename(&unfinished, &file).map_err(WorkspaceError::of("write", &file))
}

fn text_of(time: Timestamp) -> String {
    let time = chrono::DateTime::from_timestamp_millis(time.as_millis()).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
