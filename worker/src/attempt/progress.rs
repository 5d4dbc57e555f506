//! How far a stage is, for people who watch.
//!
//! A stage adds the rows that it has done, from any thread; at most ten times a second, and not in the first fifth of a
//! second, that becomes a call of the reporter.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Stages that are done sooner report nothing: it would cost more than it tells.
const QUIET: Duration = Duration::from_millis(200);
/// The least time between two reports.
const PERIOD: Duration = Duration::from_millis(100);

type Reporter = Box<dyn Fn(Done) + Send + Sync>;

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Rows; in this pass, for a stage that passes over its rows several times.
    pub rows: u64,
    /// Which pass, from 1, for such a stage.
    pub pass: Option<u64>,
}

/// Counts the rows that a stage has done.
#[derive(Default)]
pub struct Progress {
    rows: AtomicU64,
    /// Rows of a pass; 0 where the stage makes one pass only.
    rows_of_pass: AtomicU64,
    report: Option<(Reporter, Mutex<Instant>)>,
}

impl Progress {
    /// Counts, and now and then calls `report` with the rows done so far.
    pub fn new(report: impl Fn(Done) + Send + Sync + 'static) -> Self {
        let first = Instant::now() + QUIET;
        Self {
            rows: AtomicU64::new(0),
            rows_of_pass: AtomicU64::new(0),
            report: Some((Box::new(report), Mutex::new(first))),
        }
    }

    /// Counts, and tells nobody.
    pub fn silent() -> Self {
        Self::default()
    }

    /// The stage passes several times over a table of so many rows.
    pub fn passes_over(&self, rows: u64) {
        self.rows_of_pass.store(rows, Ordering::Relaxed);
    }

    /// `rows` more are done. A stage that passes over its rows several times adds them in each pass.
    pub fn add(&self, rows: u64) {
        let done = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        let Some((report, next)) = &self.report else { return };
        // Another thread that reports right now is as good.
        let Ok(mut next) = next.try_lock() else { return };
        let now = Instant::now();
        if now >= *next {
            *next = now + PERIOD;
            report(self.shown(done));
        }
    }

    fn shown(&self, done: u64) -> Done {
        match self.rows_of_pass.load(Ordering::Relaxed) {
            0 => Done { rows: done, pass: None },
            table => {
                // The end of a pass is shown as that, and not as the beginning of the next.
                let before = done.saturating_sub(1) / table;
                Done {
                    rows: done - before * table,
                    pass: Some(before + 1),
                }
            }
        }
    }

    /// The rows done so far, over all passes.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_of_the_pass_where_there_are_several() {
        let once = Progress::silent();
        let often = Progress::silent();
        often.passes_over(10);
        for (done, rows, pass) in [(0, 0, 1), (1, 1, 1), (10, 10, 1), (11, 1, 2), (20, 10, 2), (25, 5, 3)] {
            assert_eq!(often.shown(done), Done { rows, pass: Some(pass) }, "{done}");
            assert_eq!(once.shown(done), Done { rows: done, pass: None }, "{done}");
        }
    }
}
