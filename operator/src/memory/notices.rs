//! Causes that only events tell (a quota, an admission webhook, a volume that cannot be mounted), by the Job's uid.

use super::lock;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use trainyard_engine::Obstacle;

/// What was found, and when it was looked for.
#[derive(Debug, Default)]
pub(crate) struct Notices(Mutex<BTreeMap<String, Notice>>);

#[derive(Debug)]
struct Notice {
    looked: Instant,
    looks: u32,
    found: Option<Obstacle>,
}

impl Notices {
    /// How long until the events of a Job should be looked at (again): the first time at once, then ever more rarely.
    pub(crate) fn due_in(&self, job: &str) -> Duration {
        const LONGEST: Duration = Duration::from_secs(60);
        let all = lock(&self.0);
        let Some(notice) = all.get(job) else {
            return Duration::ZERO;
        };
        let wait = Duration::from_secs(3)
            .saturating_mul(1 << notice.looks.min(6))
            .min(LONGEST);
        wait.saturating_sub(notice.looked.elapsed())
    }

    /// The events of a Job were looked at. What was found before stays when they say nothing now: events expire.
    pub(crate) fn looked(&self, job: &str, found: Option<Obstacle>) {
        let mut all = lock(&self.0);
        let notice = all.entry(job.to_owned()).or_insert(Notice {
            looked: Instant::now(),
            looks: 0,
            found: None,
        });
        notice.looked = Instant::now();
        notice.looks += 1;
        notice.found = found.or(notice.found.take());
    }

    /// What is known of a Job.
    pub(crate) fn of(&self, job: &str) -> Option<Obstacle> {
        lock(&self.0).get(job).and_then(|notice| notice.found.clone())
    }

    /// Forgets these Jobs.
    pub(crate) fn forget<'a>(&self, jobs: impl Iterator<Item = &'a str>) {
        let mut all = lock(&self.0);
        for job in jobs {
            all.remove(job);
        }
    }
}
