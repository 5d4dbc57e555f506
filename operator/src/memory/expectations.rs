//! Own writes that the stores do not show yet.
//!
//! The stores of runs and of Jobs come from two watches, each at its own pace. A pass that saw an old run beside new Jobs, or
//! the other way round, could start an attempt a second time. So a run is not planned again until its stores show what the
//! last pass wrote.

use super::lock;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// After this time a write is no longer waited for: the API server is asked instead.
const PATIENCE: Duration = Duration::from_secs(5);

/// Own writes, by the run's `namespace/name`.
#[derive(Debug, Default)]
pub(crate) struct Expectations(Mutex<BTreeMap<String, Written>>);

#[derive(Debug, Default)]
struct Written {
    /// The resource versions on which status writes were based: a store that shows one of them is behind.
    outdated: BTreeSet<String>,
    /// Uids of Jobs that were created, and when.
    jobs: BTreeMap<String, Instant>,
}

/// What a run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// Nothing: the stores show all that was written.
    No,
    /// The store of runs or of Jobs; it is worth another look after this time at the latest.
    ForStore(Duration),
}

impl Expectations {
    /// A status was written on this resource version of the run.
    pub(crate) fn status_written(&self, run: &str, based_on: &str) {
        lock(&self.0)
            .entry(run.to_owned())
            .or_default()
            .outdated
            .insert(based_on.to_owned());
    }

    /// A Job of the run was created.
    pub(crate) fn job_created(&self, run: &str, job: &str) {
        lock(&self.0)
            .entry(run.to_owned())
            .or_default()
            .jobs
            .insert(job.to_owned(), Instant::now());
    }

    /// Whether the stores, which show this resource version of the run and Jobs of these uids, are behind.
    pub(crate) fn waits(&self, run: &str, resource_version: &str, jobs: &BTreeSet<&str>) -> Waits {
        let mut all = lock(&self.0);
        let Some(written) = all.get_mut(run) else {
            return Waits::No;
        };
        if written.outdated.contains(resource_version) {
            return Waits::ForStore(PATIENCE);
        }
        written.outdated.clear();
        // One that the store never shows was deleted meanwhile; whoever misses it asks the API server.
        written
            .jobs
            .retain(|job, created| !jobs.contains(job.as_str()) && created.elapsed() < PATIENCE);
        match written.jobs.values().min() {
            None => {
                all.remove(run);
                Waits::No
            }
            Some(created) => Waits::ForStore(PATIENCE.saturating_sub(created.elapsed())),
        }
    }

    /// The run is gone, or finished and out of the store.
    pub(crate) fn forget(&self, run: &str) {
        lock(&self.0).remove(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_waits_until_both_stores_show_its_last_writes() {
        let expectations = Expectations::default();
        let none = BTreeSet::new();
        assert_eq!(expectations.waits("run", "1", &none), Waits::No);
        expectations.job_created("run", "job-a");
        expectations.status_written("run", "1");
        let shows_job = BTreeSet::from(["job-a"]);
        assert_ne!(
            expectations.waits("run", "1", &shows_job),
            Waits::No,
            "the run is behind"
        );
        assert_ne!(expectations.waits("run", "2", &none), Waits::No, "the Jobs are behind");
        assert_eq!(expectations.waits("run", "2", &shows_job), Waits::No);
        assert_eq!(
            expectations.waits("run", "2", &none),
            Waits::No,
            "nothing is left to wait for"
        );
    }
}
