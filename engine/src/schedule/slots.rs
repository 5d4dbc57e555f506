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
use trainyard_contract::{Duration, RunName};

/// How late a run may start that counts as one in time: an operator that takes over from another needs some seconds.
pub const ON_TIME: Duration = Duration::from_millis(60_000);
/// How many missed runs start with [`MissedRuns::All`].
pub const MISSED_STARTED_MAX: usize = 100;

/// What is known of the runs of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownRuns {
    /// The slots that have a run, finished or not: at least those after the newest slot whose fate is known.
    pub started: BTreeSet<Timestamp>,
    /// The runs that are not at their end, whoever started them.
    pub active: Vec<ActiveRun>,
}

/// A run that is not at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveRun {
    /// Its name.
    pub name: RunName,
    /// Whether the schedule started it.
    pub by_schedule: bool,
}

/// What is to be done about the slots of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DueSlots {
    /// Slots whose runs are to be started, oldest first.
    pub start: Vec<Timestamp>,
    /// Runs that are to be stopped; a slot waits until they are at their end.
    pub stop: Vec<RunName>,
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

    /// From now on its slots count.
    fn see(&mut self, schedule: &Schedule) {
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
            |slot: &Timestamp| !self.known.started.contains(slot) && self.too_late(schedule, *slot).is_none();
        let newest = slots.iter().copied().next_back();
        let mut left_to_start = slots.iter().filter(|slot| may_start(slot)).count();
        for slot in slots {
            if self.known.started.contains(&slot) {
                self.settled_one(slot, None);
                continue;
            }
            if let Some(reason) = self.too_late(schedule, slot) {
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
            (ConcurrencyPolicy::Replace, _) => Beside::Wait {
                stop: active.iter().map(|run| run.name.clone()).collect(),
            },
        }
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
    Wait { stop: Vec<RunName> },
}

#[cfg(test)]
mod tests {
    use super::super::window::COUNTED_MAX;
    use super::*;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(&format!("2026-11-{text}:00Z")).expect("a time")
    }

    /// Every hour, as it is when nothing is said.
    fn hourly() -> Schedule {
        Schedule {
            cron_text: "@hourly".to_owned(),
            cron: Cron::parse("@hourly").expect("a schedule"),
            zone: Tz::UTC,
            paused: false,
            concurrency: ConcurrencyPolicy::default(),
            missed: MissedRuns::default(),
            starting_deadline: None,
        }
    }

    /// Known since the 24th at half past midnight.
    fn history(last: Option<&str>) -> SlotHistory {
        SlotHistory {
            seen: Some(SeenSchedule {
                cron: "@hourly".to_owned(),
                time_zone: "UTC".to_owned(),
                since: time("24T00:30"),
                paused: false,
            }),
            last: last.map(time),
            ledger: Vec::new(),
        }
    }

    fn active(by_schedule: bool) -> KnownRuns {
        KnownRuns {
            started: BTreeSet::new(),
            active: vec![ActiveRun {
                name: RunName::parse("earlier").expect("a name"),
                by_schedule,
            }],
        }
    }

    fn settled(due: &DueSlots) -> Vec<String> {
        let ranges = due.settled.iter().map(|range| {
            let what = range.reason.map_or("Ran".to_owned(), |reason| format!("{reason:?}"));
            format!("{what} {} to {}", range.count, hour(range.last))
        });
        ranges.collect()
    }

    fn hour(at: Timestamp) -> String {
        at.to_string()[11..16].to_owned()
    }

    /// What is to be done, in a line.
    fn in_a_line(due: &DueSlots) -> String {
        let starts = due.start.iter().map(|slot| format!("start {}", hour(*slot)));
        let stops = due.stop.iter().map(|run| format!("stop {run}"));
        let waits = due.waiting.iter().map(|slot| format!("{} waits", hour(*slot)));
        starts
            .chain(stops)
            .chain(settled(due))
            .chain(waits)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// What it is about, the policies, the deadline, the runs, the time, and what is to be done.
    type Row<'a> = (
        &'a str,
        (ConcurrencyPolicy, MissedRuns),
        Option<u64>,
        KnownRuns,
        &'a str,
        &'a str,
    );

    fn check<const N: usize>(rows: [Row<'_>; N]) {
        for (name, policy, deadline, known, now, wanted) in rows {
            let schedule = Schedule {
                concurrency: policy.0,
                missed: policy.1,
                starting_deadline: deadline.map(Duration::from_secs),
                ..hourly()
            };
            let due = due_slots(Some(&schedule), &history(None), &known, time(now));
            assert_eq!(in_a_line(&due), wanted, "{name}");
            assert_eq!(due.history.seen, history(None).seen, "{name}");
        }
    }

    #[test]
    fn missed_runs_table() {
        use ConcurrencyPolicy::{Allow, Forbid};
        use MissedRuns::{All, Latest, Skip};
        let none = KnownRuns::default;
        check([
            ("nothing is due yet", (Forbid, Latest), None, none(), "24T00:59", ""),
            (
                "at the very minute",
                (Forbid, Latest),
                None,
                none(),
                "24T01:00",
                "start 01:00, Ran 1 to 01:00",
            ),
            (
                "the newest of three",
                (Forbid, Latest),
                None,
                none(),
                "24T03:10",
                "start 03:00, NewerSlot 2 to 02:00, Ran 1 to 03:00",
            ),
            (
                "all of them",
                (Allow, All),
                None,
                none(),
                "24T03:10",
                "start 01:00, start 02:00, start 03:00, Ran 3 to 03:00",
            ),
            (
                "one after the other",
                (Forbid, All),
                None,
                none(),
                "24T03:10",
                "start 01:00, Ran 1 to 01:00, 02:00 waits",
            ),
            (
                "none that is late",
                (Forbid, Skip),
                None,
                none(),
                "24T03:10",
                "Late 3 to 03:00",
            ),
            (
                "a minute is not late",
                (Forbid, Skip),
                None,
                none(),
                "24T01:01",
                "start 01:00, Ran 1 to 01:00",
            ),
            (
                "too late",
                (Forbid, Latest),
                Some(300),
                none(),
                "24T02:06",
                "DeadlinePassed 2 to 02:00",
            ),
            (
                "all in time",
                (Allow, All),
                Some(3_700),
                none(),
                "24T03:00",
                "start 02:00, start 03:00, DeadlinePassed 1 to 01:00, Ran 2 to 03:00",
            ),
        ]);
    }

    #[test]
    fn concurrency_table() {
        use ConcurrencyPolicy::{Allow, Forbid, Replace};
        use MissedRuns::{All, Latest};
        let (by_hand, by_schedule) = (|| active(false), || active(true));
        check([
            (
                "all, behind a run",
                (Forbid, All),
                None,
                by_hand(),
                "24T03:10",
                "01:00 waits",
            ),
            (
                "beside another",
                (Allow, Latest),
                None,
                by_schedule(),
                "24T01:00",
                "start 01:00, Ran 1 to 01:00",
            ),
            (
                "not beside another",
                (Forbid, Latest),
                None,
                by_schedule(),
                "24T01:00",
                "RunActive 1 to 01:00",
            ),
            (
                "nor beside one by hand",
                (Forbid, Latest),
                None,
                by_hand(),
                "24T01:00",
                "RunActive 1 to 01:00",
            ),
            (
                "once another has ended",
                (Replace, Latest),
                None,
                by_schedule(),
                "24T01:00",
                "stop earlier, 01:00 waits",
            ),
            (
                "never in place of one by hand",
                (Replace, Latest),
                None,
                by_hand(),
                "24T01:00",
                "RunActive 1 to 01:00",
            ),
            (
                "the newest replaces",
                (Replace, All),
                None,
                by_schedule(),
                "24T02:00",
                "stop earlier, NewerSlot 1 to 01:00, 02:00 waits",
            ),
        ]);
    }

    #[test]
    fn a_slot_whose_run_is_there_ran_whatever_has_happened_since() {
        let known = KnownRuns {
            started: BTreeSet::from([time("24T01:00")]),
            ..active(true)
        };
        // Cut off after the run was made, looked at again when the next one is due.
        let due = due_slots(Some(&hourly()), &history(None), &known, time("24T02:00"));
        assert_eq!(settled(&due), ["Ran 1 to 01:00", "RunActive 1 to 02:00"]);
        // The same, but the schedule is another one by then, or is gone, or is paused.
        let another = Schedule {
            cron_text: "@daily".to_owned(),
            cron: Cron::parse("@daily").expect("a schedule"),
            ..hourly()
        };
        let paused = Schedule {
            paused: true,
            ..hourly()
        };
        for (schedule, reason) in [
            (Some(&another), SlotReason::ScheduleChanged),
            (None, SlotReason::ScheduleChanged),
            (Some(&paused), SlotReason::Paused),
        ] {
            let due = due_slots(schedule, &history(None), &known, time("24T02:00"));
            assert_eq!(
                settled(&due),
                ["Ran 1 to 01:00".to_owned(), format!("{reason:?} 1 to 02:00")]
            );
            assert!(due.start.is_empty());
        }
    }

    #[test]
    fn neither_an_edit_nor_a_resume_nor_a_clock_that_goes_back_raises_old_slots() {
        let paused = Schedule {
            paused: true,
            ..hourly()
        };
        let none = KnownRuns::default();
        let pause = due_slots(Some(&paused), &history(Some("24T01:00")), &none, time("24T01:30"));
        assert_eq!((pause.next, pause.wake_at), (None, None));
        let still = due_slots(Some(&paused), &pause.history, &none, time("24T09:30"));
        assert_eq!(still.history, pause.history, "nothing is written while it is paused");
        let resumed = due_slots(Some(&hourly()), &still.history, &none, time("24T09:40"));
        assert_eq!(settled(&resumed), ["Paused 8 to 09:00"]);
        assert_eq!((resumed.start.len(), resumed.next), (0, Some(time("24T10:00"))));

        let edited = Schedule {
            zone: Tz::Asia__Kolkata,
            ..hourly()
        };
        let edit = due_slots(Some(&edited), &history(Some("24T08:00")), &none, time("24T09:10"));
        assert_eq!(settled(&edit), ["ScheduleChanged 1 to 09:00"]);
        assert_eq!((edit.start.len(), edit.next), (0, Some(time("24T09:30"))));

        let back = due_slots(Some(&hourly()), &history(Some("24T09:00")), &none, time("24T07:10"));
        assert_eq!((back.start.len(), back.next), (0, Some(time("24T10:00"))));
    }

    #[test]
    fn a_hundred_missed_runs_start_and_the_others_are_one_range() {
        let all = Schedule {
            missed: MissedRuns::All,
            concurrency: ConcurrencyPolicy::Allow,
            cron_text: "* * * * *".to_owned(),
            cron: Cron::parse("* * * * *").expect("a schedule"),
            ..hourly()
        };
        let mut before = history(None);
        if let Some(seen) = &mut before.seen {
            seen.cron.clone_from(&all.cron_text);
        }
        for (missed, now) in [(101, "24T02:11"), (30 * 1_440, "24T00:30")] {
            let now = if missed == 101 {
                time(now)
            } else {
                time(now).plus(Duration::from_millis(missed * 60_000))
            };
            let due = due_slots(Some(&all), &before, &KnownRuns::default(), now);
            assert_eq!(due.start.len(), MISSED_STARTED_MAX);
            assert_eq!(due.start.last(), Some(&now));
            let surplus = i64::try_from(missed).expect("few") - 100;
            let counts: Vec<_> = due.settled.iter().map(|range| (range.reason, range.count)).collect();
            assert_eq!(counts, [(Some(SlotReason::TooMany), surplus), (None, 100)]);
        }
    }

    #[test]
    fn a_clock_in_another_century_costs_no_eternity() {
        let minutes = Schedule {
            cron_text: "* * * * *".to_owned(),
            cron: Cron::parse("* * * * *").expect("a schedule"),
            ..hourly()
        };
        let mut before = history(None);
        if let Some(seen) = &mut before.seen {
            seen.cron.clone_from(&minutes.cron_text);
        }
        let now = Timestamp::parse("2226-11-24T00:30:00Z").expect("a time");
        let due = due_slots(Some(&minutes), &before, &KnownRuns::default(), now);
        assert_eq!(due.start, [now]);
        assert!(due.settled.iter().any(|range| range.count > COUNTED_MAX));
        assert_eq!(due.settled.first().map(|range| range.first), Some(time("24T00:31")));
    }
}
