//! `plan`: the only place that decides what happens in a run.
//!
//! In: the run with its last status, its pipeline, what was observed, the time. Out: a [`Plan`]. One pass takes in what ended
//! (`take_in.rs`), sees which stages are at their end (`settle.rs`) and which have to be done again (`again.rs`), decides about
//! each stage from the first to the last (`decide.rs`, `start.rs`), and sums up (`conclude.rs`).
//!
//! What holds, whatever is observed in whatever order:
//! - A verdict is written once and never changes; a stop that has begun, and the end of a run, are never taken back.
//! - An attempt is asked for until it is recorded, and then never again.
//! - A stage starts only when everything that it needs succeeded. A stage that fails takes all those with it that need it
//!   (`Skipped`, with the cause); other branches go on to their end.
//! - A pass that is cut off after any of its actions is made good by the next: all actions are repeatable, and what a start
//!   cannot work out a second time comes back with the observed attempt ([`Given`](crate::Given)).
//! - The same input gives the same plan, and a plan changes nothing when it is asked for again with its own status.

mod again;
mod conclude;
mod decide;
mod settle;
mod start;
mod take_in;

use crate::status::StopCause;
use crate::{
    Action, AttemptState, DesiredState, Event, Observed, ObservedAttempt, Pipeline, Plan, Run, RunStatus, StageStatus,
    StopReason, Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};
use trainyard_contract::StageName;

/// What to do in `run` now.
///
/// A run that is finished is left alone, but for attempts of it that still run: they are stopped.
pub fn plan(run: &Run, pipeline: &Pipeline, observed: &Observed, now: Timestamp) -> Plan {
    if run.status.phase.is_final() {
        return Plan {
            actions: open_attempts(observed),
            status: run.status.clone(),
            events: Vec::new(),
            wake_at: None,
        };
    }
    let mut pass = Pass::new(run, pipeline, observed, now);
    pass.take_in();
    while !pass.decide_about_all() {}
    pass.conclude()
}

/// One pass over one run.
struct Pass<'a> {
    run: &'a Run,
    pipeline: &'a Pipeline,
    /// What was observed, by the stage's place.
    observed: Vec<Vec<&'a ObservedAttempt>>,
    now: Timestamp,
    /// The status that the plan will return, with one entry a stage in the pipeline's order.
    status: RunStatus,
    /// Why the run is to be stopped, whether or not there is anything left to stop.
    stopping: Option<StopCause>,
    /// Stages that succeeded and have to run again, since a later stage needs them to.
    again: BTreeSet<usize>,
    /// Stages whose next attempt waits, and until when.
    due: BTreeMap<usize, Timestamp>,
    actions: Vec<Action>,
    events: Vec<Event>,
    wake_at: Option<Timestamp>,
}

impl<'a> Pass<'a> {
    fn new(run: &'a Run, pipeline: &'a Pipeline, observed: &'a Observed, now: Timestamp) -> Self {
        let stages = pipeline.stages().iter().map(|stage| {
            let known = run.status.stage(&stage.name).cloned();
            known.unwrap_or_else(|| StageStatus::new(stage.name.clone()))
        });
        let status = RunStatus {
            stages: stages.collect(),
            ..run.status.clone()
        };
        let timed_out = now.since(run.created) >= pipeline.run_timeout();
        let stopping = status.stop.or(match run.state {
            DesiredState::Stopped => Some(StopCause::Requested),
            DesiredState::Running | DesiredState::Suspended => timed_out.then_some(StopCause::Timeout),
        });
        Self {
            run,
            pipeline,
            observed: by_stage(pipeline, observed),
            now,
            status,
            stopping,
            again: BTreeSet::new(),
            due: BTreeMap::new(),
            actions: Vec::new(),
            events: Vec::new(),
            wake_at: None,
        }
    }

    /// Settles and decides about each stage; whether that was the last word. It was not when a stage came to a bad end only
    /// while its attempt was put together: those below it may have wanted others to be done again.
    fn decide_about_all(&mut self) -> bool {
        let order = self.pipeline.order();
        for &i in order {
            self.settle(i);
        }
        let settled = self.bad_ends();
        self.find_what_to_do_again();
        self.actions
            .retain(|action| !matches!(action, Action::StopAttempt { .. }));
        for &i in order {
            self.decide(i);
        }
        self.bad_ends() == settled
    }

    fn bad_ends(&self) -> usize {
        (0..self.status.stages.len()).filter(|&i| self.is_at_bad_end(i)).count()
    }

    /// Asks to be called again at `time`, at the latest.
    fn wake(&mut self, time: Timestamp) {
        self.wake_at = Some(self.wake_at.map_or(time, |earlier| earlier.min(time)));
    }

    /// The stages that must have succeeded before stage `i` starts.
    fn needs(&self, i: usize) -> BTreeSet<usize> {
        let stage = &self.pipeline.stages()[i];
        let ordered = stage
            .parents
            .iter()
            .chain(&stage.gates)
            .chain(&stage.producer)
            .chain(&stage.trainer);
        ordered.copied().collect()
    }
}

/// The observed attempts of each stage; those of other stages are nobody's.
fn by_stage<'a>(pipeline: &Pipeline, observed: &'a Observed) -> Vec<Vec<&'a ObservedAttempt>> {
    let stages = pipeline.stages();
    let places: BTreeMap<&StageName, usize> = stages.iter().enumerate().map(|(i, stage)| (&stage.name, i)).collect();
    let mut sorted = vec![Vec::new(); stages.len()];
    for attempt in &observed.attempts {
        if let Some(&place) = places.get(&attempt.stage) {
            sorted[place].push(attempt);
        }
    }
    sorted
}

/// Stops for all attempts that have not ended.
fn open_attempts(observed: &Observed) -> Vec<Action> {
    let open = observed.attempts.iter().filter(|attempt| match attempt.state {
        AttemptState::Pending { .. } | AttemptState::Running { .. } => true,
        AttemptState::Ended { .. } | AttemptState::Gone => false,
    });
    open.map(|attempt| Action::StopAttempt {
        stage: attempt.stage.clone(),
        attempt: attempt.attempt,
        reason: StopReason::Requested,
    })
    .collect()
}
