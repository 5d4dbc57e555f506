//! Passes that were cut off, in a row, by object: each waits longer than the one before.

use super::lock;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Counts by `kind/namespace/name`.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<BTreeMap<String, (u32, String)>>);

impl Failures {
    /// One more; how many it makes, and whether the cause is another one than last time (and worth a line in the log).
    pub(crate) fn count(&self, object: &str, cause: &str) -> (u32, bool) {
        let mut all = lock(&self.0);
        let (count, last) = all.entry(object.to_owned()).or_default();
        *count += 1;
        let is_new = *last != cause;
        cause.clone_into(last);
        (*count, is_new)
    }

    /// How many passes were cut off in a row.
    pub(crate) fn in_a_row(&self, object: &str) -> u32 {
        lock(&self.0).get(object).map_or(0, |(count, _)| *count)
    }

    /// A pass came through.
    pub(crate) fn clear(&self, object: &str) {
        lock(&self.0).remove(object);
    }
}
