//! What one stage does next. Stages are decided in order, so that all that a stage needs is decided before it.

use super::Pass;
use crate::retry::{GiveUp, Next, next};
use crate::status::StopCause;
use crate::timeouts::STAGE_GRACE;
use crate::{
    Action, AttemptState, DesiredState, LatestAttempt, REMAKES_MAX, RunPhase, StagePhase, StopReason, Timestamp,
    Verdict,
};
use trainyard_contract::FailureClass;

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
                Some(Verdict::Succeeded) if !self.again.contains(&i) => self.succeed(i, &latest),
                Some(Verdict::Succeeded) => self.start_or_wait(i),
                Some(verdict) => self.after_failure(i, &latest, verdict),
            },
        }
    }

    fn succeed(&mut self, i: usize, latest: &LatestAttempt) {
        let stage = &mut self.status.stages[i];
        stage.phase = StagePhase::Succeeded;
        stage.ended_after = latest.ended_after;
    }

    fn after_failure(&mut self, i: usize, latest: &LatestAttempt, verdict: Verdict) {
        let stage = &self.pipeline.stages()[i];
        let spent = self.status.stages[i].spent;
        let ended = latest
            .ended_after
            .map_or(self.now, |after| self.run.created.plus(after));
        match next(&stage.retry, stage.memory, &spent, verdict, ended, self.now) {
            Next::Done => self.succeed(i, latest),
            Next::GiveUp(reason) => self.give_up(i, reason),
            Next::Start
                if self
                    .found_damaged(i)
                    .is_some_and(|producer| !self.can_be_made_again(producer)) =>
            {
                self.give_up(i, GiveUp::InputKeepsChanging);
            }
            Next::Start => self.start_or_wait(i),
            Next::WaitUntil(_) if self.ends_without_another_attempt(i) => {}
            Next::WaitUntil(due) => {
                self.status.stages[i].phase = StagePhase::Retrying;
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

    /// Ends stage `i` if something that it needs is not to be had, or if the run is being stopped; whether it did.
    fn ends_without_another_attempt(&mut self, i: usize) -> bool {
        let missing = self.needs(i).into_iter().find(|&need| self.is_at_bad_end(need));
        if let Some(missing) = missing {
            let cause = self.cause_of_skip(missing);
            self.end(i, StagePhase::Skipped, None, &cause);
            return true;
        }
        let Some(cause) = self.stopping else { return false };
        self.status.stop.get_or_insert(cause);
        let begun = self.status.stages[i].attempts > 0;
        match cause {
            StopCause::Requested => self.end(i, StagePhase::Stopped, None, ""),
            StopCause::Timeout if begun => {
                let message = self.too_long();
                self.end(i, StagePhase::Failed, Some(FailureClass::Timeout), &message);
            }
            StopCause::Timeout => {
                let message = self.too_long();
                self.end(i, StagePhase::Skipped, None, &message);
            }
        }
        true
    }

    pub(super) fn too_long(&self) -> String {
        format!(
            "the run took longer than {} (`timeouts.run`)",
            self.pipeline.run_timeout()
        )
    }

    /// Why the stages below `missing` do not run: the failure at the root, not the skip in between.
    fn cause_of_skip(&self, missing: usize) -> String {
        let stage = &self.status.stages[missing];
        match stage.phase {
            StagePhase::Skipped => stage.message.clone(),
            StagePhase::Stopped => format!("`{}` was stopped", stage.name),
            StagePhase::Failed
            | StagePhase::Pending
            | StagePhase::Queued
            | StagePhase::Running
            | StagePhase::Retrying
            | StagePhase::Succeeded => format!("`{}` failed", stage.name),
        }
    }

    fn end(&mut self, i: usize, phase: StagePhase, class: Option<FailureClass>, message: &str) {
        let stage = &mut self.status.stages[i];
        stage.phase = phase;
        stage.failure_class = class;
        stage.ended_after = stage.latest.as_ref().and_then(|latest| latest.ended_after);
        self.status.say(i, message, "");
    }

    /// No further attempt. What the last one said stays, unless the reason is more than that.
    fn give_up(&mut self, i: usize, reason: GiveUp) {
        let stage = &mut self.status.stages[i];
        let attempts = stage.attempts;
        stage.ended_after = stage.latest.as_ref().and_then(|latest| latest.ended_after);
        stage.phase = if reason == GiveUp::Stopped {
            StagePhase::Stopped
        } else {
            StagePhase::Failed
        };
        match reason {
            GiveUp::NeverRetried | GiveUp::Spent(..) | GiveUp::NoMoreMemory | GiveUp::Stopped => {}
            GiveUp::InputKeepsChanging => self.status.say(
                i,
                &format!("its input is still not what its digest says, though it was made again (at most {REMAKES_MAX} times)"),
                "something else writes into the workspace, or its disk is damaged",
            ),
            GiveUp::ResultsKeepGettingLost => self.status.say(
                i,
                &format!("the result of attempt {attempts} was lost, as those before it"),
                "see its log; the folder of the attempt in the workspace may hold a result.json",
            ),
        }
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
                at(latest.created_after).plus(stage.pending_timeout),
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
