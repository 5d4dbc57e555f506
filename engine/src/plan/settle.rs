//! Which stages are at their end, well or not, before anything is started: those that are given up, those below them, and all
//! when the run is being stopped.

use super::Pass;
use crate::retry::{GiveUp, Next, next};
use crate::status::StopCause;
use crate::{LatestAttempt, REMAKES_MAX, StagePhase, Verdict};
use trainyard_contract::FailureClass;

impl Pass<'_> {
    /// Ends stage `i` if no further attempt of it is to be.
    pub(super) fn settle(&mut self, i: usize) {
        if self.is_at_bad_end(i) {
            return;
        }
        match self.status.stages[i].latest.clone() {
            None => {
                self.ends_without_another_attempt(i);
            }
            Some(latest) => match latest.verdict {
                None | Some(Verdict::Succeeded) => {}
                Some(verdict) => match self.next_of(i, &latest, verdict) {
                    Next::Done => {}
                    Next::GiveUp(reason) => self.give_up(i, reason),
                    Next::Start | Next::WaitUntil(_) => {
                        self.ends_without_another_attempt(i);
                    }
                },
            },
        }
    }

    /// What stage `i` does after its latest attempt ended.
    pub(super) fn next_of(&self, i: usize, latest: &LatestAttempt, verdict: Verdict) -> Next {
        let stage = &self.pipeline.stages()[i];
        let spent = self.status.stages[i].spent;
        let ended = latest
            .ended_after
            .map_or(self.now, |after| self.run.created.plus(after));
        let exhausted = |producer| !self.can_be_made_again(producer);
        match next(&stage.retry, stage.memory, &spent, verdict, ended, self.now) {
            Next::Start if self.found_damaged(i).is_some_and(exhausted) => Next::GiveUp(GiveUp::InputKeepsChanging),
            decided => decided,
        }
    }

    /// Ends stage `i` if something that it needs is not to be had, or if the run is being stopped; whether it did.
    pub(super) fn ends_without_another_attempt(&mut self, i: usize) -> bool {
        if let Some(cause) = self.needs(i).into_iter().find_map(|need| self.cause_of_skip(need)) {
            self.end(i, StagePhase::Skipped, None, &cause);
            return true;
        }
        let Some(cause) = self.stopping else { return false };
        self.status.stop.get_or_insert(cause);
        let begun = self.status.stages[i].attempts > 0;
        match cause {
            StopCause::Requested => self.end(i, StagePhase::Stopped, None, ""),
            StopCause::Timeout if begun => {
                let message = match self.status.stages[i].message.as_str() {
                    "" => self.too_long(),
                    last => format!("{}; its last attempt: {last}", self.too_long()),
                };
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

    /// Why the stages below `need` do not run: the failure at the root, not the skip in between. A stage that was stopped is
    /// none: those below it are stopped themselves.
    fn cause_of_skip(&self, need: usize) -> Option<String> {
        let stage = &self.status.stages[need];
        match stage.phase {
            StagePhase::Skipped => Some(stage.message.clone()),
            StagePhase::Failed => Some(format!("`{}` failed", stage.name)),
            StagePhase::Stopped
            | StagePhase::Pending
            | StagePhase::Queued
            | StagePhase::Running
            | StagePhase::Retrying
            | StagePhase::Succeeded => None,
        }
    }

    fn end(&mut self, i: usize, phase: StagePhase, class: Option<FailureClass>, message: &str) {
        let stage = &mut self.status.stages[i];
        stage.phase = phase;
        stage.failure_class = class;
        stage.forget_times_of_latest();
        self.status.say(i, message, "");
    }

    /// No further attempt. What the last one said stays, unless the reason is more than that.
    pub(super) fn give_up(&mut self, i: usize, reason: GiveUp) {
        let stage = &mut self.status.stages[i];
        let attempts = stage.attempts;
        stage.forget_times_of_latest();
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
}
