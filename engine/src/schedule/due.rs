//! The times at which a schedule is due, one after the other.
//!
//! Clocks are turned: a local time that is skipped is due at the first instant after the gap, several of one gap once; one that comes twice
//! is due the first time.

use super::Cron;
use crate::Timestamp;
use chrono::offset::LocalResult;
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use std::collections::VecDeque;

/// A day that comes rarest, the 29th of February, comes within so many days: eight years, around a year such as 2100.
const DAYS_BETWEEN_MAX: u32 = 366 * 8;
/// No clock was ever turned by more.
const TURNED_MAX: TimeDelta = TimeDelta::hours(36);

/// A time at which a run is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueTime {
    /// When.
    pub at: Timestamp,
    /// What the clocks of the zone show then, or would.
    pub local: LocalTime,
}

/// A local time of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalTime {
    /// It comes once.
    Once(NaiveDateTime),
    /// Clocks are turned back over it: it comes twice, and counts the first time.
    Twice(NaiveDateTime),
    /// Clocks are turned forward over it: it is never shown.
    Never(NaiveDateTime),
}

/// The due times of a schedule after a time, ascending, for ever.
#[derive(Clone, Debug)]
pub struct DueTimes {
    cron: Cron,
    zone: Tz,
    after: DateTime<Utc>,
    /// The day that comes next.
    day: NaiveDate,
    of_day: VecDeque<(DateTime<Utc>, LocalTime)>,
}

impl Cron {
    /// When it is due in `zone`, later than `after`.
    pub fn due_times(&self, zone: Tz, after: Timestamp) -> DueTimes {
        let after = after.utc();
        let today = after.with_timezone(&zone).date_naive();
        // A day that was skipped as a whole falls on the one after it.
        let day = today.checked_sub_days(Days::new(2)).unwrap_or(today);
        DueTimes {
            cron: self.clone(),
            zone,
            after,
            day,
            of_day: VecDeque::new(),
        }
    }
}

impl Iterator for DueTimes {
    type Item = DueTime;

    /// `None` only at the end of the calendar.
    fn next(&mut self) -> Option<DueTime> {
        let mut days = 0;
        loop {
            while let Some((at, local)) = self.of_day.pop_front() {
                if at > self.after {
                    self.after = at;
                    return Some(DueTime {
                        at: Timestamp::from_millis(at.timestamp_millis()),
                        local,
                    });
                }
            }
            if days > DAYS_BETWEEN_MAX {
                return None;
            }
            days += 1;
            if self.cron.has_day(self.day) {
                let times = self.cron.times().filter_map(|(hour, minute)| {
                    let time = NaiveTime::from_hms_opt(hour, minute, 0)?;
                    Some(instant_of(self.day.and_time(time), self.zone))
                });
                self.of_day = times.collect();
            }
            self.day = self.day.succ_opt()?;
        }
    }
}

/// When a local time is due.
fn instant_of(local: NaiveDateTime, zone: Tz) -> (DateTime<Utc>, LocalTime) {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => (at.to_utc(), LocalTime::Once(local)),
        LocalResult::Ambiguous(one, other) => (one.min(other).to_utc(), LocalTime::Twice(local)),
        LocalResult::None => (end_of_gap(local, zone), LocalTime::Never(local)),
    }
}

/// The first second at which the clocks show a later time than `local`, which they skip.
fn end_of_gap(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let shown = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local();
    let (mut before, mut after) = (local.and_utc() - TURNED_MAX, local.and_utc() + TURNED_MAX);
    while after - before > TimeDelta::seconds(1) {
        let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
        if shown(middle) < local {
            before = middle;
        } else {
            after = middle;
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Timelike as _;
    use std::collections::BTreeSet;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn due(cron: &str, zone: Tz, after: &str, count: usize) -> Vec<String> {
        let cron = Cron::parse(cron).unwrap();
        let times = cron.due_times(zone, time(after)).take(count);
        times.map(|due| due.at.to_string()).collect()
    }

    #[test]
    fn due_times_table() {
        use chrono_tz::{America, Australia, Europe, Pacific, UTC};
        for (cron, zone, after, wanted) in [
            (
                "30 5 * * *",
                UTC,
                "2026-11-24T05:30:00Z",
                vec!["2026-11-25T05:30:00Z", "2026-11-26T05:30:00Z"],
            ),
            (
                "30 5 * * *",
                UTC,
                "2026-11-24T05:29:59.999Z",
                vec!["2026-11-24T05:30:00Z"],
            ),
            (
                "0 6 * * *",
                Europe::Berlin,
                "2026-10-24T00:00:00Z",
                vec!["2026-10-24T04:00:00Z", "2026-10-25T05:00:00Z"],
            ),
            // 2:30 does not come on 29 March 2026, and clocks show 3:00 next.
            (
                "30 2 * * *",
                Europe::Berlin,
                "2026-03-28T12:00:00Z",
                vec!["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
            ),
            // The four of them are one, and 3:00 is the same.
            (
                "*/15 2,3 * * *",
                Europe::Berlin,
                "2026-03-28T12:00:00Z",
                vec!["2026-03-29T01:00:00Z", "2026-03-29T01:15:00Z"],
            ),
            // 2:30 comes twice on 25 October 2026.
            (
                "30 2 * * *",
                Europe::Berlin,
                "2026-10-24T12:00:00Z",
                vec!["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
            ),
            (
                "30 2 * * *",
                Europe::Berlin,
                "2026-10-25T00:30:00Z",
                vec!["2026-10-26T01:30:00Z"],
            ),
            // A change by half an hour.
            (
                "15 2 * * *",
                Australia::Lord_Howe,
                "2026-10-03T00:00:00Z",
                vec!["2026-10-03T15:30:00Z"],
            ),
            // A day that was never there.
            (
                "0 5 * * *",
                Pacific::Apia,
                "2011-12-29T16:00:00Z",
                vec!["2011-12-30T10:00:00Z", "2011-12-30T15:00:00Z"],
            ),
            // Midnight does not come.
            (
                "0 0 * * *",
                America::Santiago,
                "2026-09-05T12:00:00Z",
                vec!["2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"],
            ),
            ("0 0 29 2 *", UTC, "2096-03-01T00:00:00Z", vec!["2104-02-29T00:00:00Z"]),
        ] {
            assert_eq!(
                due(cron, zone, after, wanted.len()),
                wanted,
                "{cron} {zone} after {after}"
            );
        }
    }

    #[test]
    fn the_clocks_are_told() {
        let cron = Cron::parse("30 2 * * *").unwrap();
        let first = |after| {
            cron.due_times(chrono_tz::Europe::Berlin, time(after))
                .next()
                .unwrap()
                .local
        };
        assert!(matches!(first("2026-03-28T12:00:00Z"), LocalTime::Never(_)));
        assert!(matches!(first("2026-10-24T12:00:00Z"), LocalTime::Twice(_)));
        assert!(matches!(first("2026-11-24T12:00:00Z"), LocalTime::Once(_)));
    }

    /// The same by a walk through every minute: due is a minute whose local time is named and was not shown before, and one
    /// that comes after a named time which was skipped.
    fn by_walking(cron: &Cron, zone: Tz, from: DateTime<Utc>, minutes: i64) -> Vec<Timestamp> {
        let times: BTreeSet<(u32, u32)> = cron.times().collect();
        let named =
            |local: NaiveDateTime| times.contains(&(local.hour(), local.minute())) && cron.has_day(local.date());
        let minute = TimeDelta::minutes(1);
        let shown_at = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local();
        let (mut shown, mut due) = (BTreeSet::new(), Vec::new());
        let mut last = shown_at(from);
        shown.insert(last);
        for at in (1..=minutes).map(|count| from + minute * i32::try_from(count).unwrap()) {
            let local = shown_at(at);
            let mut skipped = last + minute;
            let mut is_due = shown.insert(local) && named(local);
            while skipped < local {
                is_due |= shown.insert(skipped) && named(skipped);
                skipped += minute;
            }
            if is_due {
                due.push(Timestamp::from_millis(at.timestamp_millis()));
            }
            last = local;
        }
        due
    }

    /// Four days around every change of the clocks of a year, in every zone there is.
    #[test]
    fn every_zone_is_as_a_walk_through_its_minutes() {
        const DAYS: i64 = 4;
        let mut walked = 0;
        for zone in chrono_tz::TZ_VARIANTS {
            let offset = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local() - at.naive_utc();
            let start = time("2025-06-01T00:00:00Z").utc();
            let days = (0..366).map(|day| start + TimeDelta::days(day));
            for day in days.filter(|&day| offset(day) != offset(day + TimeDelta::days(1))) {
                let from = day - TimeDelta::days(DAYS / 2);
                for text in ["*/7 * * * *", "30 0-3 * * *", "0 0 * * *"] {
                    let cron = Cron::parse(text).unwrap();
                    let wanted = by_walking(&cron, zone, from, DAYS * 24 * 60);
                    let end = Timestamp::from_millis((from + TimeDelta::days(DAYS)).timestamp_millis());
                    let due = cron.due_times(zone, Timestamp::from_millis(from.timestamp_millis()));
                    let found: Vec<_> = due.map(|due| due.at).take_while(|at| *at <= end).collect();
                    assert_eq!(found, wanted, "{text} in {zone} from {from}");
                    walked += 1;
                }
            }
        }
        assert!(walked > 1_000, "{walked}");
    }
}
