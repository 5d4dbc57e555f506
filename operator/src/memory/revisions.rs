//! Revisions that were read, the most recently used ones.

use super::lock;
use crate::run::LoadedRevision;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// How many are kept: a revision of 200 stages takes some hundred KiB.
const KEPT: usize = 64;

/// By namespace and name, the most recently used last. A revision never changes.
#[derive(Debug, Default)]
pub(crate) struct Revisions(Mutex<VecDeque<(String, Arc<LoadedRevision>)>>);

impl Revisions {
    /// The revision, if it is known.
    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<Arc<LoadedRevision>> {
        let key = key(namespace, name);
        let mut all = lock(&self.0);
        let at = all.iter().position(|(k, _)| *k == key)?;
        let entry = all.remove(at)?;
        let loaded = Arc::clone(&entry.1);
        all.push_back(entry);
        Some(loaded)
    }

    /// Keeps a revision; the one that was not used for the longest time goes.
    pub(crate) fn put(&self, namespace: &str, name: &str, revision: Arc<LoadedRevision>) {
        let mut all = lock(&self.0);
        if all.len() >= KEPT {
            all.pop_front();
        }
        all.push_back((key(namespace, name), revision));
    }
}

fn key(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}
