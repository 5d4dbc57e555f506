//! What took how long, as it happens: a line on standard error for each phase.

use std::time::Instant;

/// A stopwatch with a line for each lap.
pub(crate) struct Phases {
    start: Instant,
    lap: Instant,
}

impl Phases {
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self { start: now, lap: now }
    }

    /// Says what has just been done, and how long it took.
    pub(crate) fn done(&mut self, what: &str) {
        eprintln!("{:7.1} s  {what}", self.lap.elapsed().as_secs_f64());
        self.lap = Instant::now();
    }

    /// Seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}
