//! Pods that are to go, and since when that is known here.
//!
//! By this machine's monotonic clock: when a pod should have gone stands in it by the API server's, and a machine whose clock is ahead
//! would take every node that drains a pod for lost. Forgotten, a pod is waited for once more.

use super::lock;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A pod by its uid and its deletion timestamp: asked to go sooner it has another one, and its time begins anew.
pub(crate) type LeavingPod = (String, String);

/// Since when each is known, by the run's `namespace/name`.
#[derive(Debug, Default)]
pub(crate) struct Leaving(Mutex<BTreeMap<String, BTreeMap<LeavingPod, Instant>>>);

impl Leaving {
    /// For how long it is known of each of these pods, which are all of the run's that are to go now.
    pub(crate) fn known_for(&self, run: &str, pods: Vec<LeavingPod>) -> BTreeMap<LeavingPod, Duration> {
        let mut all = lock(&self.0);
        let before = all.remove(run).unwrap_or_default();
        let known = pods.into_iter().map(|pod| {
            let since = before.get(&pod).copied().unwrap_or_else(Instant::now);
            (pod, since)
        });
        let known: BTreeMap<_, _> = known.collect();
        let ages = known
            .iter()
            .map(|(pod, since)| (pod.clone(), since.elapsed()))
            .collect();
        if !known.is_empty() {
            all.insert(run.to_owned(), known);
        }
        ages
    }

    /// The run is gone or finished.
    pub(crate) fn forget(&self, run: &str) {
        lock(&self.0).remove(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::sleep;

    #[test]
    fn the_time_of_a_pod_goes_on_until_it_is_asked_to_go_sooner() {
        const A_MOMENT: Duration = Duration::from_millis(2);
        let pod = |deadline: &str| ("pod".to_owned(), deadline.to_owned());
        let leaving = Leaving::default();
        leaving.known_for("ns/run", vec![pod("late")]);
        sleep(A_MOMENT);
        let known = leaving.known_for("ns/run", vec![pod("late"), pod("soon")]);
        assert!(
            known[&pod("late")] >= A_MOMENT && known[&pod("soon")] < known[&pod("late")],
            "{known:?}"
        );
        leaving.known_for("ns/run", Vec::new());
        assert!(lock(&leaving.0).is_empty(), "a pod that has gone is forgotten");
    }
}
