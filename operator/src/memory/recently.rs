//! What was done a moment ago, and need not be done again already.

use super::lock;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// By the object's `namespace/name`.
#[derive(Debug, Default)]
pub(crate) struct Recently(Mutex<BTreeMap<String, Instant>>);

/// How long a moment is.
const MOMENT: Duration = Duration::from_secs(60);

impl Recently {
    /// Whether it was done for this object a moment ago.
    pub(crate) fn has(&self, object: &str) -> bool {
        lock(&self.0).get(object).is_some_and(|done| done.elapsed() < MOMENT)
    }

    /// It is done for this object.
    pub(crate) fn done(&self, object: String) {
        let mut all = lock(&self.0);
        all.retain(|_, done| done.elapsed() < MOMENT);
        all.insert(object, Instant::now());
    }
}
