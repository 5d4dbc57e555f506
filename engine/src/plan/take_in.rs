//! Takes in what was observed: which attempts exist, which began, and the verdicts of those that ended.
//!
//! Attempts are taken in one after the other: the next one only when the one before has its verdict. What is not observed is
//! waited for.

use super::Pass;
use crate::classify::{Classified, Ended, classify, dataset_digest};
use crate::status::CommittedDataset;
use crate::{Action, AttemptState, Failure, LatestAttempt, ObservedAttempt, StagePhase, Timestamp, Verdict};
use trainyard_contract::{Duration, FailureClass, StageResult};

/// The end of an attempt, as observed.
struct End<'a> {
    began: Option<Timestamp>,
    at: Timestamp,
    ending: Option<&'a crate::Ending>,
}

impl<'a> Pass<'a> {
    /// Takes in everything that was observed.
    pub(super) fn take_in(&mut self) {
        for i in 0..self.status.stages.len() {
            while self.take_in_latest(i) && self.adopt_next(i) {}
        }
    }

    /// The observed attempt of stage `i` with this number.
    pub(super) fn observed_attempt(&self, i: usize, number: u32) -> Option<&'a ObservedAttempt> {
        self.observed[i]
            .iter()
            .copied()
            .find(|attempt| attempt.attempt == number)
    }

    /// Takes in what was observed of the latest attempt; whether it has ended (or there is none).
    fn take_in_latest(&mut self, i: usize) -> bool {
        let observed = self.observed_attempt(i, self.status.stages[i].attempts);
        let stage = &mut self.status.stages[i];
        let Some(latest) = stage.latest.as_mut().filter(|latest| latest.verdict.is_none()) else {
            return true;
        };
        let Some(observed) = observed else {
            return false;
        };
        // What an attempt was really given counts, not what a pass after a crash would have given it.
        latest.input_attempt = observed.given.input_attempt;
        latest.created_after = Some(observed.created.since(self.run.created));
        if observed.given.model_version.is_some() {
            stage.model_version.clone_from(&observed.given.model_version);
        }
        let end = match &observed.state {
            AttemptState::Pending { waits_for } => {
                if let Some(obstacle) = waits_for {
                    stage.failure_class = Some(obstacle.class);
                    self.status.say(i, &obstacle.message, "");
                }
                return false;
            }
            AttemptState::Running { began } => {
                self.began(i, *began);
                return false;
            }
            AttemptState::Ended { began, at, ending } => End {
                began: *began,
                at: *at,
                ending: Some(ending),
            },
            AttemptState::Gone => End {
                began: None,
                at: self.now,
                ending: None,
            },
        };
        self.close(i, observed.created, &end);
        true
    }

    /// An attempt's program runs: what it waited for is no longer of interest, also where it waited after it had begun.
    fn began(&mut self, i: usize, at: Timestamp) {
        let after = at.since(self.run.created);
        let stage = &mut self.status.stages[i];
        stage.began_after.get_or_insert(after);
        let Some(latest) = stage.latest.as_mut() else { return };
        let waited = latest.began_after.is_none() || stage.failure_class.is_some();
        latest.began_after.get_or_insert(after);
        if waited {
            stage.failure_class = None;
            self.status.say(i, "", "");
        }
    }

    /// Writes the verdict of the latest attempt.
    fn close(&mut self, i: usize, created: Timestamp, end: &End<'_>) {
        let spec = &self.pipeline.stages()[i];
        let recorded = self.status.stages[i]
            .latest
            .as_ref()
            .and_then(|latest| latest.began_after);
        let began = end.began.or_else(|| recorded.map(|after| self.run.created.plus(after)));
        let classified = classify(&Ended {
            spec: &spec.spec,
            number: self.status.stages[i].attempts,
            created,
            began,
            at: end.at,
            ending: end.ending,
            stopping: self.stopping,
            timeout: spec.timeout,
            pending_timeout: spec.pending_timeout,
            waited_for: self.status.stages[i].failure_class.filter(|_| began.is_none()),
        });
        if let Some(began) = began {
            self.began(i, began);
        }
        let waited_for = Some(self.status.stages[i].message.clone()).filter(|_| began.is_none());
        self.record(i, end.at.since(self.run.created), classified, waited_for);
    }

    fn record(&mut self, i: usize, ended_after: Duration, classified: Classified, waited_for: Option<String>) {
        let Classified {
            verdict,
            mut message,
            hint,
            result,
            reported,
        } = classified;
        if let Some(obstacle) = waited_for.filter(|obstacle| !obstacle.is_empty() && verdict != Verdict::Succeeded) {
            message = if message.is_empty() {
                obstacle
            } else {
                format!("{message}: {obstacle}")
            };
        }
        let stage = &mut self.status.stages[i];
        let number = stage.attempts;
        if let Some(latest) = stage.latest.as_mut() {
            latest.verdict = Some(verdict);
            latest.ended_after = Some(ended_after);
        }
        stage.unread_results |= !reported;
        stage.failure_class = class_of(verdict);
        match verdict {
            Verdict::Failed(Failure { class: _, budget }) => stage.spent.charge(budget),
            Verdict::InputChanged => stage.spent.input_changed += 1,
            Verdict::Lost => stage.spent.lost += 1,
            Verdict::Succeeded | Verdict::Stopped => {}
        }
        self.status.say(i, &message, &hint);
        if verdict == Verdict::Stopped || class_of(verdict) == Some(FailureClass::Timeout) {
            self.status.stop = self.status.stop.or(self.stopping);
        }
        if let Some(result) = result {
            self.keep(i, number, &result);
        }
    }

    /// Keeps what a success yielded.
    fn keep(&mut self, i: usize, number: u32, result: &StageResult) {
        let stage = &mut self.status.stages[i];
        stage.rows = result.rows;
        stage.dataset = dataset_digest(&self.pipeline.stages()[i].spec, result).map(|sha256| CommittedDataset {
            attempt: number,
            folder: result.attempt,
            sha256: sha256.to_owned(),
        });
        stage.made.clone_from(&result.model_version);
        if let Some(made) = &result.model_version {
            let stage = stage.name.clone();
            self.actions.push(Action::RegisterModelVersion {
                stage,
                made: made.clone(),
            });
        }
        self.status.keep_outputs(i, &result.outputs);
    }

    /// Takes in an attempt that exists and was not recorded: the pass that started it was cut off.
    fn adopt_next(&mut self, i: usize) -> bool {
        let stage = &self.status.stages[i];
        if stage.phase.is_end() && stage.phase != StagePhase::Succeeded {
            return false;
        }
        let Some(observed) = self.observed_attempt(i, stage.attempts + 1) else {
            return false;
        };
        self.open(i, observed.created, observed.given.input_attempt);
        true
    }

    /// Records that the next attempt of stage `i` exists.
    pub(super) fn open(&mut self, i: usize, created: Timestamp, input_attempt: Option<u32>) {
        let stage = &mut self.status.stages[i];
        stage.attempts += 1;
        let before = stage
            .latest
            .replace(LatestAttempt::created(self.run.created, created, input_attempt));
        if let Some(before) = before {
            let remade = before.verdict == Some(Verdict::Succeeded);
            stage.spent.remade += u32::from(remade);
            if remade || before.input_attempt != input_attempt {
                stage.same_input_since = stage.attempts;
                stage.unread_results = false;
            }
        }
        stage.dataset = None;
        stage.failure_class = None;
        stage.ended_after = None;
        self.status.say(i, "", "");
    }
}

/// The class that a verdict shows.
fn class_of(verdict: Verdict) -> Option<FailureClass> {
    match verdict {
        Verdict::Failed(Failure { class, budget: _ }) => Some(class),
        Verdict::InputChanged | Verdict::Lost => Some(FailureClass::Infra),
        Verdict::Succeeded | Verdict::Stopped => None,
    }
}
