//! `due_slots`: the only place that decides which slots of a schedule run.
//!
//! In: the schedule, what is known of its past, the runs that there are, the time. Out: what to start and to stop, and the past as it
//! is known after that. Slots lie in `(max(newest known, first seen with this expression and zone, last resume), now]`, so that an edit,
//! a resume or a clock that goes back never raises old ones.
//!
//! A host starts the runs first and keeps the new history after that. Where it is cut off in between, the runs that it started come
//! back with [`KnownRuns::started`], and count as what they are.

use super::window::Window;
use super::{ConcurrencyPolicy, Cron, MissedRuns, Schedule, SeenSchedule, SlotHistory, SlotRange, SlotReason, Tz};
use crate::Timestamp;
use std::collections::BTreeSet;
use trainyard_contract::{Duration, RunName, RunUid};

/// How late a run may start that counts as one in time: an operator that takes over from another needs some seconds.
pub const ON_TIME: Duration = Duration::from_millis(60_000);
/// How many missed runs start with [`MissedRuns::All`].
pub const MISSED_STARTED_MAX: usize = 100;

/// What is known of the runs of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownRuns {
    /// The slots that have a run, finished or not: at least those after the newest slot whose fate is known.
    pub started: BTreeSet<Timestamp>,
    /// The slots that can have none: another run has its name.
    pub taken: BTreeSet<Timestamp>,
    /// The runs that are not at their end, whoever started them.
    pub active: Vec<ActiveRun>,
}

/// A run that is not at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveRun {
    /// Its name.
    pub name: RunName,
    /// Which of those that had the name one after the other.
    pub uid: RunUid,
    /// Whether the schedule started it.
    pub by_schedule: bool,
}

/// What is to be done about the slots of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DueSlots {
    /// Slots whose runs are to be started, oldest first.
    pub start: Vec<Timestamp>,
    /// Runs that are to be stopped; a slot waits until they are at their end.
    pub stop: Vec<ActiveRun>,
    /// The slot that waits for other runs to end, if one does.
    pub waiting: Option<Timestamp>,
    /// What became known in this call, oldest first.
    pub settled: Vec<SlotRange>,
    /// What is known once all of `start` have their runs.
    pub history: SlotHistory,
    /// The next slot; none where there is no schedule, or it is paused.
    pub next: Option<Timestamp>,
    /// When to ask again at the latest.
    pub wake_at: Option<Timestamp>,
}

/// What is to be done about the slots of `schedule` now.
///
/// Repeated with its own history and the runs that it asked for, it asks for nothing more.
pub fn due_slots(schedule: Option<&Schedule>, history: &SlotHistory, known: &KnownRuns, now: Timestamp) -> DueSlots {
    let mut decision = Decision {
        known,
        now,
        due: DueSlots {
            history: history.clone(),
            ..DueSlots::default()
        },
    };
    let seen = history.seen.as_ref();
    let is_same = |seen: &&SeenSchedule, schedule: &Schedule| {
        seen.cron == schedule.cron_text && seen.time_zone == schedule.zone.name()
    };
    match (schedule, seen) {
        (None, None) => {}
        (None, Some(seen)) => {
            decision.settle_seen(seen, SlotReason::ScheduleChanged);
            decision.due.history.seen = None;
        }
        (Some(schedule), Some(seen)) if is_same(&seen, schedule) => decision.keep(schedule, seen),
        (Some(schedule), seen) => {
            if let Some(seen) = seen {
                decision.settle_seen(seen, SlotReason::ScheduleChanged);
            }
            decision.see(schedule);
        }
    }
    if let Some(schedule) = schedule {
        decision.look_ahead(schedule);
    }
    decision.due
}

struct Decision<'a> {
    known: &'a KnownRuns,
    now: Timestamp,
    due: DueSlots,
}

impl Decision<'_> {
    /// A schedule that is as it was.
    fn keep(&mut self, schedule: &Schedule, seen: &SeenSchedule) {
        match (seen.paused, schedule.paused) {
            // What is due meanwhile is settled when it goes on.
            (true, true) => {}
            (true, false) => {
                self.settle(&schedule.cron, schedule.zone, seen.since, SlotReason::Paused);
                self.see(schedule);
            }
            (false, true) => {
                self.settle(&schedule.cron, schedule.zone, seen.since, SlotReason::Paused);
                if let Some(seen) = &mut self.due.history.seen {
                    seen.paused = true;
                }
            }
            (false, false) => self.decide(schedule, seen.since),
        }
    }

    /// From now on its slots count. Those that a clock far ahead has raised count no more: of them run that have no run, in their time.
    fn see(&mut self, schedule: &Schedule) {
        if self.due.history.ahead(self.now).is_some() {
            self.due.history.last = None;
        }
        self.due.history.seen = Some(SeenSchedule {
            cron: schedule.cron_text.clone(),
            time_zone: schedule.zone.name().to_owned(),
            since: self.now,
            paused: schedule.paused,
        });
    }

    /// What was due by the schedule as it was before.
    fn settle_seen(&mut self, seen: &SeenSchedule, reason: SlotReason) {
        let reason = if seen.paused { SlotReason::Paused } else { reason };
        // One that this version cannot read had no slots for it either.
        if let (Ok(cron), Ok(zone)) = (Cron::parse(&seen.cron), seen.time_zone.parse()) {
            self.settle(&cron, zone, seen.since, reason);
        }
    }

    /// None of the slots since then starts; those that have a run ran.
    fn settle(&mut self, cron: &Cron, zone: Tz, since: Timestamp, reason: SlotReason) {
        let window = Window::new(cron, zone, self.after(since), self.now);
        if let Some((first, last, count)) = window.earlier {
            self.push(SlotRange::new(Some(reason), first, last, count));
        }
        for slot in window.slots {
            let reason = (!self.known.started.contains(&slot)).then_some(reason);
            self.settled_one(slot, reason);
        }
    }

    /// Which of the slots that have come start.
    fn decide(&mut self, schedule: &Schedule, since: Timestamp) {
        let window = Window::new(&schedule.cron, schedule.zone, self.after(since), self.now);
        if let Some((first, last, count)) = window.earlier {
            let reason = self.too_late(schedule, last).unwrap_or(match schedule.missed {
                MissedRuns::Skip => SlotReason::Late,
                MissedRuns::Latest => SlotReason::NewerSlot,
                MissedRuns::All => SlotReason::TooMany,
            });
            self.push(SlotRange::new(Some(reason), first, last, count));
        }
        let slots = window.slots;
        let may_start =
            |slot: &Timestamp| !self.known.started.contains(slot) && self.cannot_start(schedule, *slot).is_none();
        let newest = slots.iter().copied().next_back();
        let mut left_to_start = slots.iter().filter(|slot| may_start(slot)).count();
        for slot in slots {
            if self.known.started.contains(&slot) {
                self.settled_one(slot, None);
                continue;
            }
            if let Some(reason) = self.cannot_start(schedule, slot) {
                self.settled_one(slot, Some(reason));
                continue;
            }
            let surplus = match (schedule.missed, schedule.concurrency) {
                (MissedRuns::All, ConcurrencyPolicy::Allow | ConcurrencyPolicy::Forbid) => {
                    (left_to_start > MISSED_STARTED_MAX).then_some(SlotReason::TooMany)
                }
                _ => (Some(slot) != newest).then_some(SlotReason::NewerSlot),
            };
            left_to_start -= 1;
            if let Some(reason) = surplus {
                self.settled_one(slot, Some(reason));
                continue;
            }
            match self.beside(schedule) {
                Beside::Start => {
                    self.due.start.push(slot);
                    self.settled_one(slot, None);
                }
                Beside::Skip => self.settled_one(slot, Some(SlotReason::RunActive)),
                Beside::Wait { stop } => {
                    self.due.stop = stop;
                    self.due.waiting = Some(slot);
                    if let Some(deadline) = schedule.starting_deadline {
                        self.wake(slot.plus(deadline).plus(Duration::from_millis(1)));
                    }
                    return;
                }
            }
        }
    }

    /// What a slot does beside the runs that are not at their end, and those that start in this call.
    fn beside(&self, schedule: &Schedule) -> Beside {
        let active = &self.known.active;
        if active.is_empty() && self.due.start.is_empty() {
            return Beside::Start;
        }
        match (schedule.concurrency, schedule.missed) {
            (ConcurrencyPolicy::Allow, _) => Beside::Start,
            (ConcurrencyPolicy::Forbid, MissedRuns::All) => Beside::Wait { stop: Vec::new() },
            (ConcurrencyPolicy::Forbid, MissedRuns::Skip | MissedRuns::Latest) => Beside::Skip,
            (ConcurrencyPolicy::Replace, _) if active.iter().any(|run| !run.by_schedule) => Beside::Skip,
            (ConcurrencyPolicy::Replace, _) => Beside::Wait { stop: active.clone() },
        }
    }

    /// Why a slot cannot start, whatever runs beside it.
    fn cannot_start(&self, schedule: &Schedule, slot: Timestamp) -> Option<SlotReason> {
        let taken = self.known.taken.contains(&slot).then_some(SlotReason::NameTaken);
        self.too_late(schedule, slot).or(taken)
    }

    /// Why a slot cannot start any more, for its age alone.
    fn too_late(&self, schedule: &Schedule, slot: Timestamp) -> Option<SlotReason> {
        let late = self.now.since(slot);
        if schedule.starting_deadline.is_some_and(|deadline| late > deadline) {
            return Some(SlotReason::DeadlinePassed);
        }
        (schedule.missed == MissedRuns::Skip && late > ON_TIME).then_some(SlotReason::Late)
    }

    /// What comes next.
    fn look_ahead(&mut self, schedule: &Schedule) {
        if schedule.paused {
            return;
        }
        let since = self
            .due
            .history
            .seen
            .as_ref()
            .map(|seen| seen.since)
            .unwrap_or_default();
        let after = self.after(since).max(self.now);
        self.due.next = schedule.cron.due_times(schedule.zone, after).next().map(|due| due.at);
        if let Some(next) = self.due.next {
            self.wake(next);
        }
    }

    fn wake(&mut self, at: Timestamp) {
        self.due.wake_at = Some(self.due.wake_at.map_or(at, |earlier| earlier.min(at)));
    }

    /// Slots are later than this.
    fn after(&self, since: Timestamp) -> Timestamp {
        self.due.history.last.map_or(since, |last| last.max(since))
    }

    fn settled_one(&mut self, slot: Timestamp, reason: Option<SlotReason>) {
        self.push(SlotRange::new(reason, slot, slot, 1));
    }

    fn push(&mut self, range: SlotRange) {
        match self.due.settled.last_mut() {
            Some(newest) if newest.reason == range.reason => {
                newest.last = range.last;
                newest.count = newest.count.saturating_add(range.count);
            }
            _ => self.due.settled.push(range),
        }
        self.due.history.push(range);
    }
}

/// What a slot does beside runs that are not at their end.
enum Beside {
    Start,
    Skip,
    Wait { stop: Vec<ActiveRun> },
}

#[cfg(test)]
mod tests;
