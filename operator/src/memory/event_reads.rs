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
/// When to ask again while another read is under way.
const ASK_AGAIN: Duration = Duration::from_millis(500);

impl EventReads {
    /// Begins a read; else says when to ask again.
    pub(crate) fn begin(&self) -> Result<EventRead<'_>, Duration> {
        let mut reads = lock(&self.0);
        let now = Instant::now();
        if reads.is_under_way {
            return Err(ASK_AGAIN);
        }
        if let Some(next) = reads.next.filter(|next| *next > now) {
            return Err(next - now);
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
        let read = reads.begin().expect("nothing is read");
        assert_eq!(reads.begin().err(), Some(ASK_AGAIN));
        let took = Duration::from_millis(20);
        sleep(took);
        drop(read);
        let wait = reads.begin().err().expect("a break");
        assert!(wait > took * (BREAK - 1), "{wait:?}");
        sleep(wait);
        assert!(reads.begin().is_ok(), "the break is over");
    }
}
