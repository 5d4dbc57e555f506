//! What becomes of slots, as tables; ten years of them at once are in `tests/ten_years_of_schedules.rs`.

use super::*;
use crate::schedule::window::COUNTED_MAX;

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
        active: vec![ActiveRun {
            name: RunName::parse("earlier").expect("a name"),
            uid: RunUid::parse("5f0c2a91").expect("a uid"),
            by_schedule,
        }],
        ..KnownRuns::default()
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
    let stops = due.stop.iter().map(|run| format!("stop {}", run.name));
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
fn a_slot_whose_name_is_taken_is_missed_and_the_others_go_on() {
    use ConcurrencyPolicy::{Allow, Forbid};
    use MissedRuns::{All, Latest, Skip};
    let taken = |slot| KnownRuns {
        taken: BTreeSet::from([time(slot)]),
        ..KnownRuns::default()
    };
    check([
        (
            "the one behind it starts in its place",
            (Forbid, All),
            None,
            taken("24T01:00"),
            "24T03:10",
            "start 02:00, NameTaken 1 to 01:00, Ran 1 to 02:00, 03:00 waits",
        ),
        (
            "those around it start",
            (Allow, All),
            None,
            taken("24T02:00"),
            "24T03:10",
            "start 01:00, start 03:00, Ran 1 to 01:00, NameTaken 1 to 02:00, Ran 1 to 03:00",
        ),
        (
            "nothing starts for the newest",
            (Forbid, Latest),
            None,
            taken("24T02:00"),
            "24T02:10",
            "NewerSlot 1 to 01:00, NameTaken 1 to 02:00",
        ),
        (
            "it was too late anyway",
            (Forbid, Skip),
            None,
            taken("24T01:00"),
            "24T01:10",
            "Late 1 to 01:00",
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

/// A clock was a year ahead for a moment, and a run was started by it.
#[test]
fn after_a_clock_that_was_far_ahead_an_edit_or_a_resume_begins_anew_and_nothing_else_does() {
    let none = KnownRuns::default();
    let year_ahead = Timestamp::parse("2027-11-24T01:00:00Z").expect("a time");
    let jump = due_slots(Some(&hourly()), &history(Some("24T01:00")), &none, year_ahead);
    assert_eq!(jump.start, [year_ahead]);
    let now = time("24T01:30");
    let back = due_slots(Some(&hourly()), &jump.history, &none, now);
    assert_eq!(
        (back.history.ahead(now), back.next > Some(year_ahead)),
        (Some(year_ahead), true)
    );
    assert_eq!(back.history, jump.history, "nothing heals it by itself");

    let edited = Schedule {
        zone: Tz::Asia__Kolkata,
        ..hourly()
    };
    let paused = Schedule {
        paused: true,
        ..hourly()
    };
    let removed = due_slots(None, &jump.history, &none, now).history;
    let pause = due_slots(Some(&paused), &jump.history, &none, now).history;
    for (what, schedule, before, next) in [
        ("it is edited", &edited, &jump.history, "24T02:30"),
        ("it was removed and is there again", &hourly(), &removed, "24T02:00"),
        ("it was paused and goes on", &hourly(), &pause, "24T02:00"),
    ] {
        let anew = due_slots(Some(schedule), before, &none, now.plus(Duration::from_secs(60)));
        assert_eq!((anew.start.len(), anew.next), (0, Some(time(next))), "{what}");
        assert_eq!(
            anew.history.ledger, jump.history.ledger,
            "{what}: what was decided stays written"
        );
        let then = due_slots(Some(schedule), &anew.history, &none, time(next));
        assert_eq!(
            (then.start, then.history.ahead(time(next))),
            (vec![time(next)], None),
            "{what}"
        );
        // Its run is there when the time comes that a clock has once raised.
        let known = KnownRuns {
            started: BTreeSet::from([year_ahead]),
            ..KnownRuns::default()
        };
        let at_last = due_slots(Some(schedule), &anew.history, &known, year_ahead);
        assert!(!at_last.start.contains(&year_ahead), "{what}");
    }
}

#[test]
fn a_clock_that_is_set_back_by_hours_is_waited_for() {
    let none = KnownRuns::default();
    let paused = Schedule {
        paused: true,
        ..hourly()
    };
    let (known_until, now) = (history(Some("25T01:00")), time("24T01:30"));
    let pause = due_slots(Some(&paused), &known_until, &none, now).history;
    let resumed = due_slots(Some(&hourly()), &pause, &none, now);
    assert_eq!(
        (resumed.next, resumed.history.ahead(now)),
        (Some(time("25T02:00")), None)
    );
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
