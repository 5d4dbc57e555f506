//! What became of the slots of a schedule: bounded, in ranges, the newest last.

use crate::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trainyard_contract::Duration;

/// How many ranges are kept: the oldest go.
pub const LEDGER_MAX: usize = 100;

/// By how much a clock is set right at most that was not far wrong: one that took the time of its zone for UTC is hours ahead.
const AHEAD_MAX: Duration = Duration::from_millis(24 * 3_600_000);

/// What became of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SlotFate {
    /// Its run was started.
    Ran,
    /// It was not to run.
    Skipped,
    /// It should have run, and could not in its time.
    Missed,
}

/// Why a slot did not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SlotReason {
    /// The schedule was suspended, or paused by annotation.
    Paused,
    /// An earlier run was not at its end, and `concurrencyPolicy` forbids a second one.
    RunActive,
    /// A newer slot was due when a run could be started again, and only the newest starts (`missedRuns: Latest`).
    NewerSlot,
    /// A run could be started only more than a minute after its time, and none starts late (`missedRuns: Skip`).
    Late,
    /// A run could be started only later than `startingDeadlineSeconds` allows.
    DeadlinePassed,
    /// More than 100 were missed, and this is none of the newest 100 (`missedRuns: All`).
    TooMany,
    /// The schedule was changed or removed before a run could be started.
    ScheduleChanged,
    /// Another run has the name that its run would have.
    NameTaken,
}

impl SlotReason {
    fn fate(self) -> SlotFate {
        match self {
            Self::Paused | Self::RunActive => SlotFate::Skipped,
            Self::NewerSlot
            | Self::Late
            | Self::DeadlinePassed
            | Self::TooMany
            | Self::ScheduleChanged
            | Self::NameTaken => SlotFate::Missed,
        }
    }

    /// As a half sentence for people.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Paused => "the schedule was paused",
            Self::RunActive => "an earlier run was not at its end",
            Self::NewerSlot => "a newer slot was due, and only the newest missed run starts",
            Self::Late => "it was more than a minute late, and no missed run starts",
            Self::DeadlinePassed => "it was later than startingDeadlineSeconds allows",
            Self::TooMany => "more than 100 were missed, and only the newest 100 start",
            Self::ScheduleChanged => "the schedule was changed first",
            Self::NameTaken => "another run has its name",
        }
    }
}

/// Slots in a row with one fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlotRange {
    /// `Ran` (its run was started), `Skipped` (it was not to run) or `Missed` (it should have run, and could not in its time).
    pub fate: SlotFate,
    /// Why they did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<SlotReason>,
    /// The first of them.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub first: Timestamp,
    /// The last of them.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub last: Timestamp,
    /// How many they are; at least, where more than some hundred thousand came at once.
    #[schemars(range(min = 1))]
    pub count: i64,
}

impl SlotRange {
    /// Slots that ran, or why they did not.
    pub(super) fn new(reason: Option<SlotReason>, first: Timestamp, last: Timestamp, count: i64) -> Self {
        Self {
            fate: reason.map_or(SlotFate::Ran, SlotReason::fate),
            reason,
            first,
            last,
            count,
        }
    }
}

/// A schedule as it was when it was looked at last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeenSchedule {
    /// `spec.schedule.cron`.
    #[schemars(length(max = 256))]
    pub cron: String,
    /// The time zone in which it is read.
    #[schemars(length(max = 64))]
    pub time_zone: String,
    /// Since when it is kept: since it was first seen with this expression and zone, or was resumed. Earlier slots never run.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// Whether it was paused.
    #[serde(default)]
    pub paused: bool,
}

/// What is known of the past of a schedule. The host keeps it, and gives it back to the next call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotHistory {
    /// As it was seen last; none where there was no schedule.
    pub seen: Option<SeenSchedule>,
    /// The newest slot whose fate is known.
    pub last: Option<Timestamp>,
    /// What became of the slots, what was decided last at the end, at most [`LEDGER_MAX`] ranges.
    pub ledger: Vec<SlotRange>,
}

impl SlotHistory {
    /// The time up to which nothing starts, where a clock that was once far ahead has left it there.
    ///
    /// Nothing heals it by itself: it may as well be now that the clock is wrong, and slots of the past would run again. A schedule that
    /// somebody edits or lets go on begins anew.
    pub fn ahead(&self, now: Timestamp) -> Option<Timestamp> {
        let since = self.seen.as_ref().map(|seen| seen.since);
        self.last.max(since).filter(|until| until.since(now) > AHEAD_MAX)
    }

    /// Takes in what became of slots that are newer than all that count.
    pub(super) fn push(&mut self, range: SlotRange) {
        self.last = Some(self.last.map_or(range.last, |last| last.max(range.last)));
        match self.ledger.last_mut() {
            Some(newest) if (newest.fate, newest.reason) == (range.fate, range.reason) && newest.last < range.first => {
                newest.last = range.last;
                newest.count = newest.count.saturating_add(range.count);
            }
            _ => self.ledger.push(range),
        }
        let surplus = self.ledger.len().saturating_sub(LEDGER_MAX);
        self.ledger.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_is_bounded_and_joins_what_is_alike() {
        let mut history = SlotHistory::default();
        let at = |minute: i64| Timestamp::from_millis(minute * 60_000);
        for minute in 1..=3 {
            history.push(SlotRange::new(None, at(minute), at(minute), 1));
        }
        history.push(SlotRange::new(Some(SlotReason::Paused), at(4), at(9), 6));
        assert_eq!(
            history.ledger,
            [
                SlotRange::new(None, at(1), at(3), 3),
                SlotRange::new(Some(SlotReason::Paused), at(4), at(9), 6)
            ]
        );
        for minute in 10..1_000 {
            let reason = (minute % 2 == 0).then_some(SlotReason::RunActive);
            history.push(SlotRange::new(reason, at(minute), at(minute), 1));
        }
        assert_eq!(history.ledger.len(), LEDGER_MAX);
        assert_eq!(history.last, Some(at(999)));
        assert_eq!(history.ledger.last().map(|range| range.last), Some(at(999)));
    }
}
