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
/// When to ask again at the earliest: each time costs a pass over the run.
const ASK_AGAIN: Duration = Duration::from_secs(2);

impl EventReads {
    /// Begins a read; else says when to ask again.
    pub(crate) fn begin(&self) -> Result<EventRead<'_>, Duration> {
        self.begin_at(Instant::now())
    }

    fn begin_at(&self, now: Instant) -> Result<EventRead<'_>, Duration> {
        let mut reads = lock(&self.0);
        if reads.is_under_way {
            return Err(ASK_AGAIN);
        }
        if let Some(next) = reads.next.filter(|next| *next > now) {
            return Err(ASK_AGAIN.max(next - now));
        }
        reads.is_under_way = true;
        Ok(EventRead {
            reads: self,
            began: now,
        })
    }
}

impl Drop for EventRead<'_> {
    fn drop(&mut self) {
        let mut reads = lock(&self.reads.0);
        let now = Instant::now();
        reads.is_under_way = false;
        reads.next = Some(now + (now - self.began) * BREAK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::sleep;

    #[test]
    fn a_slow_read_keeps_others_away_for_many_times_as_long() {
        let reads = EventReads::default();
        let began = Instant::now();
        let read = reads.begin_at(began).expect("nothing is read");
        assert_eq!(reads.begin_at(began).err(), Some(ASK_AGAIN));
        let took = Duration::from_millis(200);
        sleep(took);
        drop(read);
        let next = lock(&reads.0).next.expect("a break");
        assert!(next - began >= took * (BREAK + 1));
        let early = began + took * 2;
        let soon = next.checked_sub(Duration::from_millis(1)).expect("an earlier time");
        assert!(reads.begin_at(early).err() >= Some(next - early));
        assert_eq!(reads.begin_at(soon).err(), Some(ASK_AGAIN));
        assert!(reads.begin_at(next).is_ok(), "the break is over");
    }
}
