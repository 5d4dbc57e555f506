//! The slots of a schedule that have come since a time, however many they are: a clock that jumps a century ahead costs no eternity.

use super::{Cron, Tz};
use crate::Timestamp;
use std::collections::VecDeque;
use trainyard_contract::Duration;

/// How many slots are looked at one by one; more than start at once, and than a host starts before it keeps its history.
const LOOKED_AT_MAX: usize = 1_000;
/// How many slots are counted, a year of every minute; of more only those of the last [`COUNTED_BACK`] are.
pub(super) const COUNTED_MAX: i64 = 600_000;
/// How far back is counted where there are more than [`COUNTED_MAX`].
const COUNTED_BACK: Duration = Duration::from_millis(400 * 24 * 3_600_000);

/// The slots that have come: the newest one by one, those before them as a range.
pub(super) struct Window {
    /// Their first, their last, and how many.
    pub(super) earlier: Option<(Timestamp, Timestamp, i64)>,
    /// The newest, ascending.
    pub(super) slots: VecDeque<Timestamp>,
}

impl Window {
    /// The slots of `(after, now]`.
    pub(super) fn new(cron: &Cron, zone: Tz, after: Timestamp, now: Timestamp) -> Self {
        let mut window = Self {
            earlier: None,
            slots: VecDeque::new(),
        };
        window.fill(cron, zone, after, now, COUNTED_MAX);
        if window.counted() > COUNTED_MAX {
            window.fill(cron, zone, now.minus(COUNTED_BACK), now, i64::MAX);
        }
        window
    }

    /// Takes in the slots of `(after, now]`, one more than `most` at most.
    fn fill(&mut self, cron: &Cron, zone: Tz, after: Timestamp, now: Timestamp, most: i64) {
        let after = self.slots.back().map_or(after, |newest| after.max(*newest));
        for due in cron.due_times(zone, after).take_while(|due| due.at <= now) {
            self.slots.push_back(due.at);
            if self.slots.len() > LOOKED_AT_MAX
                && let Some(oldest) = self.slots.pop_front()
            {
                let (first, count) = self.earlier.map_or((oldest, 0), |(first, _, count)| (first, count));
                self.earlier = Some((first, oldest, count + 1));
            }
            if self.counted() > most {
                return;
            }
        }
    }

    fn counted(&self) -> i64 {
        let earlier = self.earlier.map_or(0, |(_, _, count)| count);
        earlier.saturating_add(i64::try_from(self.slots.len()).unwrap_or(i64::MAX))
    }
}
