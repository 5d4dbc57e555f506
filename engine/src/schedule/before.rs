//! The last time at which a schedule was due before another time.

use super::Cron;
use crate::Timestamp;
use chrono_tz::Tz;
use trainyard_contract::Duration;

/// How far back is looked, in hours, one after the other: schedules of minutes have few times in the first, and the one that comes
/// rarest has one in the last (the 29th of February, around a year such as 2100).
const LOOKS_BACK_HOURS: [u64; 5] = [2, 50, 32 * 24, 367 * 24, 9 * 366 * 24];

impl Cron {
    /// When it was due last in `zone`, earlier than `before`. `None` only at the beginning of time.
    pub fn last_due(&self, zone: Tz, before: Timestamp) -> Option<Timestamp> {
        LOOKS_BACK_HOURS.into_iter().find_map(|hours| {
            let from = before.minus(Duration::from_millis(hours * 3_600_000));
            let due = self.due_times(zone, from).map(|due| due.at);
            due.take_while(|at| *at < before).last()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_due_table() {
        for (cron, zone, before, wanted) in [
            (
                "30 5 * * *",
                Tz::Europe__Berlin,
                "2026-11-24T04:30:00Z",
                "2026-11-23T04:30:00Z",
            ),
            (
                "30 5 * * *",
                Tz::Europe__Berlin,
                "2026-11-24T04:30:01Z",
                "2026-11-24T04:30:00Z",
            ),
            ("* * * * *", Tz::UTC, "2026-11-24T04:30:00.001Z", "2026-11-24T04:30:00Z"),
            ("0 0 1 1 *", Tz::UTC, "2026-11-24T00:00:00Z", "2026-01-01T00:00:00Z"),
            ("0 0 29 2 *", Tz::UTC, "2104-02-28T00:00:00Z", "2096-02-29T00:00:00Z"),
            // The night in which 02:30 does not come, and the one in which it comes twice.
            (
                "30 2 * * *",
                Tz::Europe__Berlin,
                "2026-03-29T12:00:00Z",
                "2026-03-29T01:00:00Z",
            ),
            (
                "30 2 * * *",
                Tz::Europe__Berlin,
                "2026-10-25T12:00:00Z",
                "2026-10-25T00:30:00Z",
            ),
        ] {
            let time = |text| Timestamp::parse(text).expect("a time");
            let last = Cron::parse(cron).expect("a schedule").last_due(zone, time(before));
            assert_eq!(last, Some(time(wanted)), "{cron} before {before}");
        }
    }
}
