//! Runs as they really went: each time that a host asked [`plan`](crate::plan), what it asked and what it was answered.
//!
//! A host that is told to writes a [`Call`] each time. The calls of one run are a [`Recording`], which as text (`lines.rs`) holds
//! only what changed from one pass to the next, so that a folder of them can be kept beside the tests and read by people.
//! What an attempt can look like from one pass to the next is a [`Step`] (`step.rs`): what the real world was seen to do, and
//! so all that a simulated one should do.

mod lines;
mod step;

pub use lines::Unreadable;
pub use step::{How, Sight, Step, View};

use crate::{DesiredState, Observed, Pipeline, PipelineDraft, Plan, Run, RunDraft, RunStatus, SpecFault, Timestamp};
use serde::{Deserialize, Serialize};

/// One question to [`plan`](crate::plan) and its answer, with all that there is to know of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Where the run was.
    pub namespace: String,
    /// What it ran by.
    pub pipeline: PipelineDraft,
    /// Which run.
    pub run: RunDraft,
    /// The question and the answer.
    pub pass: RecordedPass,
}

/// One question to [`plan`](crate::plan) about a run, and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedPass {
    /// When it was asked.
    pub now: Timestamp,
    /// What the run's user wanted of it.
    pub state: DesiredState,
    /// What was known of the run.
    pub status: RunStatus,
    /// What was seen of its attempts.
    pub observed: Observed,
    /// The answer.
    pub plan: Plan,
}

/// A run, from its first pass to its last.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// What it is a recording of.
    pub of: String,
    /// What the run ran by.
    pub pipeline: PipelineDraft,
    /// Which run.
    pub run: RunDraft,
    /// Its passes.
    pub passes: Vec<RecordedPass>,
}

impl RecordedPass {
    /// What was observed stands in the order of the stages' names: a host has it in any order.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.observed
            .attempts
            .sort_by(|a, b| (&a.stage, a.attempt).cmp(&(&b.stage, b.attempt)));
        self
    }

    /// Whether nothing but the time is another than in `before`.
    pub fn says_the_same_as(&self, before: &Self) -> bool {
        let Self {
            now: _,
            state,
            status,
            observed,
            plan,
        } = self;
        *state == before.state && *status == before.status && *observed == before.observed && *plan == before.plan
    }
}

impl Recording {
    /// The pipeline and the run, with nothing known of it yet.
    ///
    /// # Errors
    /// All that is wrong with either, which a run that once ran cannot have.
    pub fn start(&self) -> Result<(Pipeline, Run), Vec<SpecFault>> {
        let pipeline = Pipeline::new(self.pipeline.clone())?;
        let run = Run::new(&pipeline, self.run.clone())?;
        Ok((pipeline, run))
    }
}
