//! Sums a pass up: the run's phase and message, what it makes the champion, what people are told, when to ask again.

use super::Pass;
use crate::status::StopCause;
use crate::{Action, Event, Plan, RunPhase, StagePhase, StageStatus};
use trainyard_contract::result::{MESSAGE_BYTES_MAX, cut};

impl Pass<'_> {
    pub(super) fn conclude(mut self) -> Plan {
        self.status.phase = self.phase();
        self.say_what_happened();
        if self.status.phase.is_final() {
            self.finish();
        } else if self.stopping.is_none() {
            self.wake(self.run_deadline());
        }
        self.tell();
        self.status.fit();
        let Self {
            status,
            actions,
            events,
            wake_at,
            ..
        } = self;
        Plan {
            actions,
            status,
            events,
            wake_at,
        }
    }

    fn finish(&mut self) {
        let last_end = self.status.stages.iter().filter_map(|stage| stage.ended_after).max();
        self.status.ended_after = Some(last_end.unwrap_or_else(|| self.now.since(self.run.created)));
        self.wake_at = None;
        if self.status.phase == RunPhase::Succeeded
            && let Some(made) = self.status.model()
        {
            self.actions.push(Action::MoveChampion { made: made.clone() });
        }
    }

    /// The run fails with its first failed stage, in the pipeline's order.
    fn say_what_happened(&mut self) {
        if self.status.stop == Some(StopCause::Timeout) {
            self.status.failure_class = Some(trainyard_contract::FailureClass::Timeout);
            self.status.message = self.too_long();
            return;
        }
        let order = self.pipeline.order().iter();
        let failed = order
            .map(|&i| &self.status.stages[i])
            .find(|stage| stage.phase == StagePhase::Failed);
        let Some(failed) = failed else { return };
        self.status.failure_class = failed.failure_class;
        self.status.message = cut(&failure_of(failed), MESSAGE_BYTES_MAX);
    }

    /// Tells every change of phase since the last status.
    fn tell(&mut self) {
        for (i, stage) in self.status.stages.iter().enumerate() {
            let before = self.run.status.stage(&stage.name);
            let (phase, attempts) = before.map_or((StagePhase::Pending, 0), |before| (before.phase, before.attempts));
            if phase != stage.phase || attempts != stage.attempts {
                self.events.push(Event::Stage {
                    stage: stage.name.clone(),
                    phase: stage.phase,
                    attempt: stage.attempts,
                    class: stage.failure_class,
                    message: stage.message.clone(),
                    next: self.due.get(&i).copied(),
                });
            }
        }
        if self.status.phase != self.run.status.phase {
            self.events.push(Event::Run {
                phase: self.status.phase,
                message: self.status.message.clone(),
            });
        }
    }
}

fn failure_of(stage: &StageStatus) -> String {
    if stage.message.is_empty() {
        format!("`{}` failed", stage.name)
    } else {
        format!("`{}` failed: {}", stage.name, stage.message)
    }
}
