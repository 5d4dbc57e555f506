//! The words in which a single run is told: what happens in it, and what can be seen of it.
#![expect(clippy::panic, reason = "clippy takes only functions marked as tests for tests")]

use super::pipelines::{Kind, Shape, pipeline};
use super::world::{End, World};
use trainyard_contract::Duration;
use trainyard_engine::{
    Action, DesiredState, Event, RetryPolicy, RunPhase, StagePhase, StageStatus, StartAttempt, StopReason, Timeouts,
    Timestamp,
};

/// One run and its host, who is never killed.
pub(crate) struct Story {
    pub world: World,
    pub events: Vec<Event>,
    pub stops: Vec<StopReason>,
    pub wake_at: Option<Timestamp>,
}

impl Story {
    pub(crate) fn of(shapes: &[Shape], retry: RetryPolicy, timeouts: Timeouts) -> Self {
        let world = World::new(pipeline(shapes, retry, timeouts).expect("a valid pipeline"));
        let mut story = Self {
            world,
            events: Vec::new(),
            stops: Vec::new(),
            wake_at: None,
        };
        story.ask();
        story
    }

    /// `s0` extracts, `s1` validates, `s2` trains, `s3` predicts.
    pub(crate) fn seed(retry: RetryPolicy) -> Self {
        let after = |i: usize| vec![i];
        let shapes = [
            (Kind::Extract, vec![]),
            (Kind::Validate, after(0)),
            (Kind::Train, after(1)),
            (Kind::Predict, after(2)),
        ];
        Self::of(&shapes, retry, Timeouts::default())
    }

    /// Asks until nothing changes any more. Stops are only written down: the attempts end when the story says so.
    pub(crate) fn ask(&mut self) {
        loop {
            let plan = self.world.ask(&self.world.run.status, &self.world.attempts);
            for action in &plan.actions {
                match action {
                    Action::StopAttempt { reason, .. } => self.stops.push(*reason),
                    Action::StartAttempt(_) | Action::RegisterModelVersion { .. } | Action::MoveChampion { .. } => {
                        self.world.carry_out(action);
                    }
                }
            }
            self.events.extend(plan.events);
            self.wake_at = plan.wake_at;
            if plan.status == self.world.run.status {
                return;
            }
            self.world.run.status = plan.status;
        }
    }

    /// The one attempt of a stage that is open ends.
    pub(crate) fn ends(&mut self, stage: &str, end: End) -> &mut Self {
        let open = self
            .world
            .open()
            .into_iter()
            .find(|&k| self.world.attempts[k].stage.as_str() == stage);
        self.world
            .end(open.unwrap_or_else(|| panic!("no attempt of `{stage}` is open")), end);
        self.ask();
        self
    }

    pub(crate) fn waits(&mut self, seconds: u64) -> &mut Self {
        self.world.now = self.world.now.plus(Duration::from_secs(seconds));
        self.ask();
        self
    }

    pub(crate) fn wants(&mut self, state: DesiredState) -> &mut Self {
        self.world.run.state = state;
        self.ask();
        self
    }

    pub(crate) fn stage(&self, name: &str) -> &StageStatus {
        let stages = &self.world.run.status.stages;
        stages
            .iter()
            .find(|stage| stage.name.as_str() == name)
            .expect("a stage")
    }

    pub(crate) fn phases(&self) -> Vec<StagePhase> {
        self.world.run.status.stages.iter().map(|stage| stage.phase).collect()
    }

    pub(crate) fn phase(&self) -> RunPhase {
        self.world.run.status.phase
    }

    pub(crate) fn last_start(&self) -> &StartAttempt {
        self.world.starts.last().expect("an attempt was started")
    }

    pub(crate) fn started(&self) -> Vec<String> {
        self.world
            .starts
            .iter()
            .map(|start| format!("{}/{}", start.stage, start.attempt))
            .collect()
    }
}
