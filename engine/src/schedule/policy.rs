//! A schedule behind the door: when it is due, and what happens then.

use super::Cron;
use crate::{Slot, Timestamp};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trainyard_contract::Duration;

/// What happens when a run is due while an earlier run of the pipeline is not at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConcurrencyPolicy {
    /// Both run.
    Allow,
    /// The new one is skipped; with `missedRuns: All` it waits for its turn.
    #[default]
    Forbid,
    /// The earlier one is stopped, then the new one starts. A run that no schedule started is never stopped: the new one is skipped.
    Replace,
}

/// Which of the runs start that were missed while nothing could start them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MissedRuns {
    /// None: what is more than a minute late.
    Skip,
    /// The newest one.
    #[default]
    Latest,
    /// All, oldest first, at most the newest 100; with `concurrencyPolicy: Replace` the newest one.
    All,
}

/// When a pipeline runs by itself, and what happens then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// As it was written.
    pub cron_text: String,
    /// When it is due.
    pub cron: Cron,
    /// Where.
    pub zone: Tz,
    /// Whether no run starts by it now.
    pub paused: bool,
    /// What happens while an earlier run is not at its end.
    pub concurrency: ConcurrencyPolicy,
    /// Which of the missed runs start.
    pub missed: MissedRuns,
    /// How long after its time a run may still start; for ever when left out.
    pub starting_deadline: Option<Duration>,
}

impl Schedule {
    /// The slot that is due at `end`: from the due time before it.
    pub fn slot(&self, end: Timestamp) -> Slot {
        let start = self.cron.last_due(self.zone, end);
        Slot::new(start, end, self.zone)
    }

    /// The slot of a run that nobody gave one, and that was made at `created`: the last one that was due then.
    pub fn last_slot(&self, created: Timestamp) -> Option<Slot> {
        let just_after = Timestamp::from_millis(created.as_millis().saturating_add(1));
        Some(self.slot(self.cron.last_due(self.zone, just_after)?))
    }
}
