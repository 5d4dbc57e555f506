//! Pipelines in which retention has nothing to do: no run has ended since it looked that could make something too many.

use super::lock;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// By `namespace/name`, with the generation of the spec that was looked at. What is not known is looked at.
#[derive(Debug, Default)]
pub(crate) struct Tidied(Mutex<BTreeMap<String, Option<i64>>>);

impl Tidied {
    /// Whether retention has looked since the last such run ended, by this very spec.
    pub(crate) fn is(&self, pipeline: &str, generation: Option<i64>) -> bool {
        lock(&self.0).get(pipeline) == Some(&generation)
    }

    /// It looks now: a run that ends from here on makes it look again.
    pub(crate) fn begin(&self, pipeline: &str, generation: Option<i64>) {
        lock(&self.0).insert(pipeline.to_owned(), generation);
    }

    /// Such a run of the pipeline has ended, or looking was cut off.
    pub(crate) fn undo(&self, pipeline: &str) {
        lock(&self.0).remove(pipeline);
    }

    /// Some runs have ended, nobody knows which.
    pub(crate) fn undo_all(&self) {
        lock(&self.0).clear();
    }
}
