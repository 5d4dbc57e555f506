//! The first steps of a run: its workspace, its name, its uid, its first record. From here on the workspace is touched.

use super::drive::Yard;
use super::run_name::{self, Claim};
use super::workspace::WorkspaceError;
use super::{clock, run_record};
use std::collections::BTreeMap;
use trainyard_contract::{RunName, RunUid};
use trainyard_engine::{Pipeline, Run, RunDraft, SpecFault};
use trainyard_worker::artifact::clean_unfinished;

/// A run that has begun. Its name is its own until this is dropped.
pub struct BegunRun {
    /// The run.
    pub run: Run,
    claim: Claim,
}

impl BegunRun {
    /// The run, and what keeps its name.
    pub fn into_parts(self) -> (Run, Claim) {
        (self.run, self.claim)
    }
}

/// Why a run did not begin.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// Its parameters do not fit the pipeline; nothing was touched where [`check_parameters`] was asked first.
    #[error("the parameters do not fit the pipeline")]
    Parameters(Vec<SpecFault>),
    /// The workspace cannot be written.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

/// What is wrong with the parameters of a run, before anything is touched.
pub fn check_parameters(pipeline: &Pipeline, uid: &RunUid, parameters: &BTreeMap<String, String>) -> Vec<SpecFault> {
    let name = run_name::unclaimed(pipeline.name(), uid);
    new_run(pipeline, name, uid.clone(), parameters)
        .err()
        .unwrap_or_default()
}

/// Claims a name, removes what killed runs left unfinished, and writes the first record.
pub fn begin(yard: &Yard<'_>, uid: RunUid, parameters: &BTreeMap<String, String>) -> Result<BegunRun, BeginError> {
    yard.workspace.create()?;
    let claim = run_name::claim(yard.workspace, yard.pipeline.name())?;
    clean_unfinished(yard.workspace.root());
    let run = new_run(yard.pipeline, claim.run.clone(), uid, parameters).map_err(BeginError::Parameters)?;
    run_record::write(yard.workspace, yard.pipeline, yard.spec_digest, &run, run.created)?;
    Ok(BegunRun { run, claim })
}

fn new_run(
    pipeline: &Pipeline,
    name: RunName,
    uid: RunUid,
    parameters: &BTreeMap<String, String>,
) -> Result<Run, Vec<SpecFault>> {
    let draft = RunDraft {
        name,
        uid,
        created: clock::now(),
        parameters: parameters.clone(),
        slot: None,
    };
    Run::new(pipeline, draft)
}
