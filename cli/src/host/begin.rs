//! The first steps of a run: its workspace, its name, its uid, its first record. From here on the workspace is touched.

use super::drive::Yard;
use super::run_name::{self, Claim};
use super::workspace::WorkspaceError;
use super::{clock, run_record};
use std::collections::BTreeMap;
use std::fs;
use trainyard_contract::{RunName, RunUid, layout};
use trainyard_engine::{Pipeline, Run, RunDraft, Slot, SpecFault};
use trainyard_worker::artifact::clean_unfinished;

/// What somebody wants of a run.
pub struct Wanted {
    /// The parameters that it sets.
    pub parameters: BTreeMap<String, String>,
    /// The due time that it is for.
    pub slot: Option<Slot>,
}

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
    /// Its parameters do not fit the pipeline; never after [`check_parameters`] found nothing.
    #[error("the parameters do not fit the pipeline")]
    Parameters(Vec<SpecFault>),
    /// The workspace cannot be written.
    #[error("{error}")]
    Workspace {
        /// The name that the run has nevertheless: the claimed one, or one that is unique by its uid.
        run: RunName,
        /// What did not go.
        error: WorkspaceError,
    },
}

/// What is wrong with the parameters and the slot of a run, before anything is touched.
pub fn check_parameters(pipeline: &Pipeline, uid: &RunUid, wanted: &Wanted) -> Vec<SpecFault> {
    let name = run_name::unclaimed(pipeline.name(), uid);
    new_run(pipeline, name, uid.clone(), wanted).err().unwrap_or_default()
}

/// Claims a name, removes what killed runs left unfinished, and writes the first record.
pub fn begin(yard: &Yard<'_>, uid: RunUid, wanted: &Wanted) -> Result<BegunRun, BeginError> {
    let unwritable = |run: &RunName, error| BeginError::Workspace {
        run: run.clone(),
        error,
    };
    let nameless = run_name::unclaimed(yard.pipeline.name(), &uid);
    let claim = yard
        .workspace
        .create()
        .and_then(|()| run_name::claim(yard.workspace, yard.pipeline.name()))
        .map_err(|e| unwritable(&nameless, e))?;
    clean_unfinished(yard.workspace.root());
    let run = new_run(yard.pipeline, claim.run.clone(), uid, wanted).map_err(BeginError::Parameters)?;
    run_record::write(yard.workspace, yard.pipeline, yard.spec_digest, &run, run.created).map_err(|e| {
        // Nobody would know whose folder it is; what cannot be removed is small.
        let _ = fs::remove_dir_all(yard.workspace.join(layout::run_folder(&run.name, &run.uid)));
        unwritable(&run.name, e)
    })?;
    Ok(BegunRun { run, claim })
}

fn new_run(pipeline: &Pipeline, name: RunName, uid: RunUid, wanted: &Wanted) -> Result<Run, Vec<SpecFault>> {
    let draft = RunDraft {
        name,
        uid,
        created: clock::now(),
        parameters: wanted.parameters.clone(),
        slot: wanted.slot,
    };
    Run::new(pipeline, draft)
}
