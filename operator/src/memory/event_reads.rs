//! How often events may be read: the API server keeps them in no cache, and goes through all of a namespace for each answer. Where
//! much waits because the cluster is at its limit, reading for all of it would be what keeps it there.

use super::lock;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// One read at a time, with breaks in between.
#[derive(Debug, Default)]
pub(crate) struct EventReads(Mutex<Reads>);

#[derive(Debug, Default)]
struct Reads {
    is_under_way: bool,
    next: Option<Instant>,
}

/// A read under way; it ends when this is dropped.
pub(crate) struct EventRead<'a> {
    reads: &'a EventReads,
    began: Instant,
}

/// A break is so many times as long as the read before it: at most a twentieth of the time is spent on reads.
const BREAK: u32 = 19;
/// The longest one.
const BREAK_MAX: Duration = Duration::from_secs(30);

impl EventReads {
    /// Begins a read, unless one is under way or was a moment ago.
    pub(crate) fn begin(&self) -> Option<EventRead<'_>> {
        self.begin_at(Instant::now())
    }

    fn begin_at(&self, now: Instant) -> Option<EventRead<'_>> {
        let mut reads = lock(&self.0);
        if reads.is_under_way || reads.next.is_some_and(|next| next > now) {
            return None;
        }
        reads.is_under_way = true;
        Some(EventRead {
            reads: self,
            began: now,
        })
    }

    fn end_at(&self, began: Instant, now: Instant) {
        let mut reads = lock(&self.0);
        reads.is_under_way = false;
        reads.next = Some(now + ((now - began) * BREAK).min(BREAK_MAX));
    }
}

impl Drop for EventRead<'_> {
    fn drop(&mut self) {
        self.reads.end_at(self.began, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_read_there_is_a_break_that_is_as_long_as_it_was_slow() {
        let milliseconds = Duration::from_millis;
        for (took, wanted) in [(0, 0), (10, 190), (1_000, 19_000), (10_000, 30_000)] {
            let reads = EventReads::default();
            let began = Instant::now();
            let read = reads.begin_at(began).expect("nothing is read");
            assert!(reads.begin_at(began).is_none(), "one at a time");
            std::mem::forget(read);
            let ended = began + milliseconds(took);
            reads.end_at(began, ended);
            let just_before = (ended + milliseconds(wanted)).checked_sub(Duration::from_nanos(1));
            let just_before = just_before.expect("a time");
            if wanted > 0 {
                assert!(reads.begin_at(just_before).is_none(), "after {took} ms");
            }
            assert!(
                reads.begin_at(ended + milliseconds(wanted)).is_some(),
                "after {took} ms"
            );
        }
    }
}
