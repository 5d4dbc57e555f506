//! What somebody wrote down about a run, in even time (`docs/decisions/0015-no-step-of-a-clock-ends-a-stage.md`): as it was read at first
//! sight, when it is news, and the same from then on. Forgotten, it is read once more.

use super::lock;
use crate::clock::Moment;
use std::collections::BTreeMap;
use std::sync::Mutex;
use trainyard_engine::Timestamp;

/// By the run's `namespace/name`: what was written, and what it is in even time.
#[derive(Debug, Default)]
pub(crate) struct Times(Mutex<BTreeMap<String, BTreeMap<i64, Timestamp>>>);

impl Times {
    /// What it is in even time.
    pub(crate) fn even(&self, run: &str, written: Timestamp, moment: &Moment) -> Timestamp {
        self.known_or(run, written, || moment.even(written))
    }

    /// The same, where only somebody else can read it at first sight.
    pub(crate) fn known_or(&self, run: &str, written: Timestamp, read: impl FnOnce() -> Timestamp) -> Timestamp {
        let mut all = lock(&self.0);
        let of_run = all.entry(run.to_owned()).or_default();
        *of_run.entry(written.as_millis()).or_insert_with(read)
    }

    /// The run is gone or finished.
    pub(crate) fn forget(&self, run: &str) {
        lock(&self.0).remove(run);
    }
}
