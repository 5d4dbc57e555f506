//! A run: which pipeline with which parameters, what its user wants of it, and what is known of it so far.

use crate::{Pipeline, RunStatus, SpecFault, Timestamp, Values, values::Slot};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trainyard_contract::{ModelVersionName, RunName, RunUid};

/// What the user wants of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DesiredState {
    /// Go on.
    #[default]
    Running,
    /// Let running attempts end, start none.
    Suspended,
    /// Stop everything. A stop that has begun cannot be taken back.
    Stopped,
}

/// A run as somebody asked for it, not checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDraft {
    /// Its name.
    pub name: RunName,
    /// What tells it apart from another run of the same name.
    pub uid: RunUid,
    /// When it was created.
    pub created: Timestamp,
    /// The parameters that it sets; the others have the pipeline's defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// The slot that it runs for, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Slot>,
}

/// A run of a [`Pipeline`], whose parameters fit it.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its name.
    pub name: RunName,
    /// What tells it apart from another run of the same name.
    pub uid: RunUid,
    /// When it was created: what the times of its status are counted from.
    pub created: Timestamp,
    /// What `$(…)` stands for in it.
    pub values: Values,
    /// What its user wants of it.
    pub state: DesiredState,
    /// The name of a model version that it begins now; that of the second of its pass where there is none.
    pub next_version: Option<ModelVersionName>,
    /// What is known of it so far: as the last [`Plan`](crate::Plan) returned it, or the default for a new run.
    pub status: RunStatus,
}

impl Run {
    /// The new run that `draft` asks for, with nothing done yet.
    ///
    /// # Errors
    /// All faults at once: a parameter that the pipeline does not declare (with what was probably meant), one that is too
    /// long, one without a value, `$(slot.…)` in a run without a slot, and columns that became doubled by a parameter.
    pub fn new(pipeline: &Pipeline, draft: RunDraft) -> Result<Self, Vec<SpecFault>> {
        let RunDraft {
            name,
            uid,
            created,
            parameters,
            slot,
        } = draft;
        let parameters = pipeline.parameters_of_run(&parameters)?;
        let values = Values {
            parameters,
            run: name.clone(),
            slot,
        };
        pipeline.check_values(&values)?;
        Ok(Self {
            name,
            uid,
            created,
            values,
            state: DesiredState::default(),
            next_version: None,
            status: RunStatus::default(),
        })
    }
}
