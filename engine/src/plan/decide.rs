//! What one stage does next. Stages are decided in order, so that all that a stage needs is decided before it.

use super::Pass;
use crate::retry::Next;
use crate::status::StopCause;
use crate::timeouts::STAGE_GRACE;
use crate::{Action, AttemptState, DesiredState, LatestAttempt, RunPhase, StagePhase, StopReason, Timestamp, Verdict};

impl Pass<'_> {
    /// Decides about stage `i`.
    pub(super) fn decide(&mut self, i: usize) {
        if self.is_at_bad_end(i) {
            self.stop_what_was_not_recorded(i);
            return;
        }
        match self.status.stages[i].latest.clone() {
            None => self.start_or_wait(i),
            Some(latest) => match latest.verdict {
                None => self.watch(i, &latest),
                Some(Verdict::Succeeded) if !self.again.contains(&i) => self.succeed(i),
                Some(Verdict::Succeeded) => self.start_or_wait(i),
                Some(verdict) => self.after_failure(i, &latest, verdict),
            },
        }
    }

    fn succeed(&mut self, i: usize) {
        let stage = &mut self.status.stages[i];
        stage.phase = StagePhase::Succeeded;
        stage.forget_times_of_latest();
    }

    /// The latest attempt did not succeed, and another one follows (else the stage was settled).
    fn after_failure(&mut self, i: usize, latest: &LatestAttempt, verdict: Verdict) {
        match self.next_of(i, latest, verdict) {
            Next::Done => self.succeed(i),
            Next::GiveUp(reason) => self.give_up(i, reason),
            Next::Start => self.start_or_wait(i),
            Next::WaitUntil(due) => {
                self.status.stages[i].phase = StagePhase::Retrying;
                self.due.insert(i, due);
                self.wake(due);
            }
        }
    }

    fn start_or_wait(&mut self, i: usize) {
        if self.ends_without_another_attempt(i) {
            return;
        }
        if self.run.state != DesiredState::Suspended && self.is_ready(i) {
            self.start(i);
        } else {
            let tried = self.status.stages[i].attempts > 0;
            self.status.stages[i].phase = if tried {
                StagePhase::Retrying
            } else {
                StagePhase::Pending
            };
        }
    }

    /// Everything that stage `i` needs is there, and its dataset is the one that passed.
    fn is_ready(&self, i: usize) -> bool {
        let stage = &self.pipeline.stages()[i];
        let there = |need: &usize| self.succeeded(*need) && !self.again.contains(need);
        let passed = |gate: &usize| {
            stage
                .producer
                .is_none_or(|producer| self.passed_the_dataset(*gate, producer))
        };
        self.needs(i).iter().all(there) && stage.gates.iter().all(passed)
    }

    /// An attempt is under way: only a stop of the run or a timeout has anything to say.
    fn watch(&mut self, i: usize, latest: &LatestAttempt) {
        let stage = &self.pipeline.stages()[i];
        let at = |after| self.run.created.plus(after);
        let (phase, deadline, reason) = match latest.began_after {
            Some(began) => (
                StagePhase::Running,
                at(began).plus(stage.timeout).plus(STAGE_GRACE),
                StopReason::StageTimeout,
            ),
            None => (
                StagePhase::Queued,
                latest.created_after.map_or(self.now, at).plus(stage.pending_timeout),
                StopReason::PendingTimeout,
            ),
        };
        self.status.stages[i].phase = phase;
        let number = self.status.stages[i].attempts;
        if let Some(cause) = self.stopping {
            self.status.stop.get_or_insert(cause);
            self.stop_attempt(i, number, stop_reason(cause));
        } else if self.now >= deadline {
            self.stop_attempt(i, number, reason);
        } else {
            self.wake(deadline);
        }
    }

    fn stop_attempt(&mut self, i: usize, attempt: u32, reason: StopReason) {
        let stage = self.status.stages[i].name.clone();
        self.actions.push(Action::StopAttempt { stage, attempt, reason });
    }

    /// A stage ended while a start of it was under way that no status knows of: that attempt is of no use to anybody.
    fn stop_what_was_not_recorded(&mut self, i: usize) {
        let number = self.status.stages[i].attempts + 1;
        if let Some(orphan) = self.observed_attempt(i, number) {
            match orphan.state {
                AttemptState::Pending { .. } | AttemptState::Running { .. } => {
                    self.stop_attempt(i, number, self.stopping.map_or(StopReason::Requested, stop_reason));
                }
                AttemptState::Ended { .. } | AttemptState::Gone => {}
            }
        }
    }

    /// The run's phase, for people.
    pub(super) fn phase(&self) -> RunPhase {
        let stages = &self.status.stages;
        if stages.iter().all(|stage| stage.phase.is_end()) {
            return match self.status.stop {
                Some(StopCause::Requested) => RunPhase::Stopped,
                None if stages.iter().all(|stage| stage.phase == StagePhase::Succeeded) => RunPhase::Succeeded,
                Some(StopCause::Timeout) | None => RunPhase::Failed,
            };
        }
        if self.status.stop.is_some() {
            RunPhase::Stopping
        } else if self.run.state == DesiredState::Suspended {
            RunPhase::Suspended
        } else if stages.iter().any(|stage| stage.attempts > 0) {
            RunPhase::Running
        } else {
            RunPhase::Pending
        }
    }

    /// When the run is stopped by itself.
    pub(super) fn run_deadline(&self) -> Timestamp {
        self.run.created.plus(self.pipeline.run_timeout())
    }
}

fn stop_reason(cause: StopCause) -> StopReason {
    match cause {
        StopCause::Requested => StopReason::Requested,
        StopCause::Timeout => StopReason::RunTimeout,
    }
}
