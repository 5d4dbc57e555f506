//! Stages whose attempts cannot be created now: a quota without room, a refusal of the API server.
//!
//! The engine counts an attempt that it asked for as created. One that could not be is not written down: its stage stays as it
//! was, with the cause, and the next pass comes to the same answer again.

use std::collections::BTreeSet;
use std::time::Duration;
use trainyard_contract::StageName;
use trainyard_contract::result::{MESSAGE_BYTES_MAX, cut};
use trainyard_engine::{Event, RunStatus, StageStatus, Timestamp};

/// What a run waits for that is not the engine's to know.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    held: BTreeSet<StageName>,
    /// What a person should know of an attempt that runs, or may: its node is lost, or its Job.
    pub(super) of_running: Option<String>,
}

impl Waiting {
    /// Leaves a stage as it was before the pass, with the cause.
    pub(super) fn hold(&mut self, status: &mut RunStatus, before: &RunStatus, stage: &StageName, cause: &str) {
        self.held.insert(stage.clone());
        let Some(held) = status.stages.iter_mut().find(|s| s.name == *stage) else {
            return;
        };
        let known = before.stage(stage).cloned();
        *held = known.unwrap_or_else(|| StageStatus::new(stage.clone()));
        held.message = cut(cause, MESSAGE_BYTES_MAX);
    }

    /// Whether this stage is held.
    pub(super) fn holds(&self, stage: &StageName) -> bool {
        self.held.contains(stage)
    }

    /// What is worth telling: of a stage that stays as it was nothing happened yet.
    pub(super) fn what_happened(&self, events: &[Event]) -> Vec<Event> {
        let happened = events.iter().filter(|event| match event {
            Event::Stage { stage, .. } => !self.holds(stage),
            Event::Run { .. } => true,
        });
        happened.cloned().collect()
    }

    /// When to try again: nothing tells that a quota has room, so it is tried ever more rarely, from 3 s to a minute.
    pub(super) fn look_again(&self, created: Timestamp, now: Timestamp) -> Option<Duration> {
        let age = Duration::from_millis(now.since(created).as_millis());
        let wait = (age / 10).clamp(Duration::from_secs(3), Duration::from_secs(60));
        (!self.held.is_empty()).then_some(wait)
    }
}
