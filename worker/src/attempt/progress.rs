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

type Reporter = Box<dyn Fn(u64) + Send + Sync>;

/// Counts the rows that a stage has done.
#[derive(Default)]
pub struct Progress {
    rows: AtomicU64,
    report: Option<(Reporter, Mutex<Instant>)>,
}

impl Progress {
    /// Counts, and now and then calls `report` with the rows done so far.
    pub fn new(report: impl Fn(u64) + Send + Sync + 'static) -> Self {
        let first = Instant::now() + QUIET;
        Self {
            rows: AtomicU64::new(0),
            report: Some((Box::new(report), Mutex::new(first))),
        }
    }

    /// Counts, and tells nobody.
    pub fn silent() -> Self {
        Self::default()
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
            report(done);
        }
    }

    /// The rows done so far.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }
}
