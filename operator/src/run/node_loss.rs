//! A pod that was to go and is still there long after its time of grace: its node does not answer. Its Job will never say so.
//!
//! Its program may still run there. On a volume that several nodes can mount that harms nobody, since an attempt commits by one rename: the
//! attempt counts as ended, and the next one starts. On one that a single node holds, the next attempt could not start anyway: the run
//! says what a person can do.

use super::observe::{RunObjects, attempt_of};
use crate::clock::timestamp;
use crate::memory::{Leaving, LeavingPod};
use crate::names;
use crate::seen::{SeenJob, SeenPod};
use kube::ResourceExt;
use std::collections::BTreeMap;
use std::time::Duration;
use trainyard_engine::{AttemptState, Ending, Timestamp};

/// How long after its time of grace a pod may still be there: the kubelet tidies up first.
const TIDIES_UP: Duration = Duration::from_secs(10);

/// What is known of the nodes of a run's pods.
#[derive(Debug, Default)]
pub(super) struct LostNode {
    /// Pods on lost nodes.
    pub pods: Vec<LostPod>,
    /// When to look again.
    pub look_again: Option<Duration>,
}

/// A pod on a node that does not answer.
#[derive(Debug)]
pub(super) struct LostPod {
    /// The uid of its Job.
    job: Option<String>,
    /// `` `extract`: node b does not answer``
    what: String,
    /// When it should have been gone.
    deadline: Timestamp,
}

impl LostNode {
    /// Which node is lost, under which stage, and what to do, where no other node can go on.
    pub(super) fn said(&self) -> Option<String> {
        let what = &self.pods.first()?.what;
        Some(format!(
            "{what}, and its volume may still be in use there: delete the node, or taint it node.kubernetes.io/out-of-service"
        ))
    }

    /// How the attempt of a Job counts that is not there any more.
    pub(super) fn end_of(&self, job: &SeenJob) -> Option<AttemptState> {
        let lost = self.pods.iter().find(|pod| pod.job == job.metadata.uid)?;
        Some(AttemptState::Ended {
            began: None,
            at: lost.deadline,
            ending: Ending::Evicted {
                message: format!("{}; the stage goes on elsewhere", lost.what),
            },
        })
    }
}

impl RunObjects {
    /// Looks for pods whose node is lost: those that are to go, and are there longer than they have time for since that became known.
    pub(super) fn lost_node(&self, leaving: &Leaving, run: &str) -> LostNode {
        let known_for = leaving.known_for(run, self.leaving().filter_map(key).collect());
        self.lost_among(&known_for)
    }

    /// The pods that are to go and have not ended.
    fn leaving(&self) -> impl Iterator<Item = &SeenPod> {
        let ended = |pod: &SeenPod| matches!(pod.status.phase.as_deref(), Some("Succeeded" | "Failed"));
        let all = self.pods.iter().map(AsRef::as_ref);
        all.filter(move |pod: &&SeenPod| pod.metadata.deletion_timestamp.is_some() && !ended(pod))
    }

    fn lost_among(&self, known_for: &BTreeMap<LeavingPod, Duration>) -> LostNode {
        let mut found = LostNode::default();
        for pod in self.leaving() {
            let (Some(known), Some(deadline)) = (
                key(pod).and_then(|pod| known_for.get(&pod)),
                pod.metadata.deletion_timestamp.as_ref(),
            ) else {
                continue;
            };
            let left = (time_of_grace(pod) + TIDIES_UP).saturating_sub(*known);
            if !left.is_zero() {
                found.look_again = Some(found.look_again.map_or(left, |earlier| earlier.min(left)));
                continue;
            }
            let node = pod.spec.node_name.as_deref().unwrap_or("of its pod");
            let stage = attempt_of(pod.labels()).map_or_else(String::new, |(stage, _)| format!("`{stage}`: "));
            found.pods.push(LostPod {
                job: names::controller(pod.metadata.owner_references.as_ref()).map(|job| job.uid.clone()),
                what: format!("{stage}node {node} does not answer"),
                deadline: timestamp(deadline),
            });
        }
        found
    }
}

fn key(pod: &SeenPod) -> Option<LeavingPod> {
    let deadline = pod.metadata.deletion_timestamp.as_ref()?;
    Some((pod.metadata.uid.clone()?, timestamp(deadline).to_string()))
}

/// How long a pod has from the request to its end. The API server says it of every pod that is to go.
fn time_of_grace(pod: &SeenPod) -> Duration {
    let seconds = pod.metadata.deletion_grace_period_seconds.unwrap_or(0);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::Arc;

    /// What the clock of this machine shows plays no part: the API server's may be years away from it.
    #[test]
    fn a_node_is_lost_when_a_pod_stays_longer_than_it_has_time_for_since_that_was_seen() {
        for deadline in ["1970-01-01T00:00:00Z", "2126-01-01T00:00:00Z"] {
            for (what, phase, known, lost, look_again) in [
                ("just seen", "Running", 0, 0, Some(40)),
                ("a second too early", "Running", 39, 0, Some(1)),
                ("its time is over", "Running", 40, 1, None),
                ("it has ended", "Failed", 99, 0, None),
            ] {
                let pod = json!({
                    "metadata": {"uid": "pod", "deletionTimestamp": deadline, "deletionGracePeriodSeconds": 30},
                    "status": {"phase": phase},
                });
                let objects = RunObjects {
                    jobs: Vec::new(),
                    pods: vec![Arc::new(serde_json::from_value(pod).expect("a pod"))],
                };
                let known = BTreeMap::from([(("pod".to_owned(), deadline.to_owned()), Duration::from_secs(known))]);
                let found = objects.lost_among(&known);
                let next = look_again.map(Duration::from_secs);
                assert_eq!((found.pods.len(), found.look_again), (lost, next), "{what}, {deadline}");
            }
        }
    }
}
