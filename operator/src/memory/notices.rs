//! Causes that only events tell (a quota, an admission webhook, a volume that cannot be mounted).

use super::lock;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use trainyard_engine::Obstacle;

/// What was found and when it was looked for, by the run's `namespace/name` and the Job's uid.
#[derive(Debug, Default)]
pub(crate) struct Notices(Mutex<BTreeMap<String, BTreeMap<String, Notice>>>);

#[derive(Debug)]
struct Notice {
    looked: Instant,
    looks: u32,
    found: Option<Obstacle>,
}

impl Notices {
    /// How long until the events of a Job should be looked at (again): the first time at once, then ever more rarely.
    pub(crate) fn due_in(&self, run: &str, job: &str) -> Duration {
        const LONGEST: Duration = Duration::from_secs(60);
        let all = lock(&self.0);
        let Some(notice) = all.get(run).and_then(|jobs| jobs.get(job)) else {
            return Duration::ZERO;
        };
        let wait = Duration::from_secs(3)
            .saturating_mul(1 << notice.looks.min(6))
            .min(LONGEST);
        wait.saturating_sub(notice.looked.elapsed())
    }

    /// The events of a Job were looked at. What was found before stays when they say nothing now: events expire.
    pub(crate) fn looked(&self, run: &str, job: &str, found: Option<Obstacle>) {
        let mut all = lock(&self.0);
        let jobs = all.entry(run.to_owned()).or_default();
        let notice = jobs.entry(job.to_owned()).or_insert(Notice {
            looked: Instant::now(),
            looks: 0,
            found: None,
        });
        notice.looked = Instant::now();
        notice.looks += 1;
        notice.found = found.or(notice.found.take());
    }

    /// What is known of a Job.
    pub(crate) fn of(&self, run: &str, job: &str) -> Option<Obstacle> {
        lock(&self.0).get(run)?.get(job)?.found.clone()
    }

    /// The run is gone, or finished.
    pub(crate) fn forget(&self, run: &str) {
        lock(&self.0).remove(run);
    }
}
