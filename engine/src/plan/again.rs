//! Which stages have to succeed a second time.
//!
//! A stage that found its input damaged (`InputChanged`) needs the dataset to be made again. And what `validate` passed was
//! the dataset of an earlier attempt: nothing is trained on the new one before it passed as well.

use super::Pass;
use crate::budget::REMAKES_MAX;
use crate::{DesiredState, StagePhase, Verdict};
use std::collections::BTreeSet;
use trainyard_contract::StageSpec;

impl Pass<'_> {
    /// Finds them all. A stage that is done again may itself need others to be.
    pub(super) fn find_what_to_do_again(&mut self) {
        self.again.clear();
        if self.stopping.is_some() || self.run.state == DesiredState::Suspended {
            return;
        }
        // From the last stage to the first: what a stage needs stands before it.
        for &i in self.pipeline.order().iter().rev() {
            if self.is_still_to_start(i) {
                self.find_for(i);
            }
        }
        // A dataset that is about to be made again is not worth a check.
        let waits = |i: &usize| {
            self.is_gate(*i)
                && self.pipeline.stages()[*i]
                    .producer
                    .is_some_and(|p| self.again.contains(&p))
        };
        let waiting: BTreeSet<usize> = self.again.iter().copied().filter(waits).collect();
        self.again.retain(|i| !waiting.contains(i));
    }

    fn find_for(&mut self, i: usize) {
        if self.needs(i).iter().any(|&need| self.is_at_bad_end(need)) {
            return;
        }
        let stage = &self.pipeline.stages()[i];
        let Some(producer) = stage.producer else { return };
        if self.found_damaged(i) == Some(producer) && self.can_be_made_again(producer) {
            self.again.insert(producer);
        }
        for &gate in &stage.gates {
            if self.succeeded(gate) && self.succeeded(producer) && !self.passed_the_dataset(gate, producer) {
                self.again.insert(gate);
            }
        }
    }

    fn is_gate(&self, i: usize) -> bool {
        match self.pipeline.stages()[i].spec {
            StageSpec::Validate(_) => true,
            StageSpec::Extract(_) | StageSpec::Train(_) | StageSpec::Evaluate(_) | StageSpec::Predict(_) => false,
        }
    }

    /// The stage whose dataset stage `i` found damaged, as long as that was not made again.
    pub(super) fn found_damaged(&self, i: usize) -> Option<usize> {
        let producer = self.pipeline.stages()[i].producer?;
        let latest = self.status.stages[i].latest.as_ref()?;
        let dataset = self.status.stages[producer].dataset.as_ref()?;
        let read = latest.input_attempt.unwrap_or(dataset.attempt);
        (latest.verdict == Some(Verdict::InputChanged) && dataset.attempt <= read).then_some(producer)
    }

    pub(super) fn can_be_made_again(&self, producer: usize) -> bool {
        self.status.stages[producer].spent.remade < REMAKES_MAX
    }

    /// Whether what the `validate` stage `gate` passed is the present dataset of `producer`.
    pub(super) fn passed_the_dataset(&self, gate: usize, producer: usize) -> bool {
        let passed = self.status.stages[gate]
            .latest
            .as_ref()
            .and_then(|latest| latest.input_attempt);
        let present = self.status.stages[producer]
            .dataset
            .as_ref()
            .map(|dataset| dataset.attempt);
        passed == present
    }

    /// The latest attempt of stage `i` succeeded.
    pub(super) fn succeeded(&self, i: usize) -> bool {
        let latest = self.status.stages[i].latest.as_ref();
        latest.is_some_and(|latest| latest.verdict == Some(Verdict::Succeeded))
    }

    /// Stage `i` is at its end and did not succeed.
    pub(super) fn is_at_bad_end(&self, i: usize) -> bool {
        match self.status.stages[i].phase {
            StagePhase::Failed | StagePhase::Skipped | StagePhase::Stopped => true,
            StagePhase::Pending
            | StagePhase::Queued
            | StagePhase::Running
            | StagePhase::Retrying
            | StagePhase::Succeeded => false,
        }
    }

    fn is_still_to_start(&self, i: usize) -> bool {
        let latest = self.status.stages[i].latest.as_ref();
        let open = latest.is_some_and(|latest| latest.verdict.is_none());
        !open && !self.is_at_bad_end(i) && (!self.succeeded(i) || self.again.contains(&i))
    }
}
