//! A pod that was to go and is still there long after its time of grace: its node does not answer. Its Job will never say so.
//!
//! Its program may still run there. On a volume that several nodes can mount that harms nobody, since an attempt commits by one rename: the
//! attempt counts as ended, and the next one starts. On one that a single node holds, the next attempt could not start anyway: the run
//! says what a person can do.

use super::observe::{RunObjects, attempt_of};
use crate::clock::timestamp;
use crate::names;
use crate::seen::SeenJob;
use kube::ResourceExt;
use std::time::Duration;
use trainyard_engine::{AttemptState, Ending, Timestamp};

/// How long after its deadline a pod may still be there: the kubelet tidies up first.
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
    /// Looks for pods whose node is lost. The deadline of a pod that is deleted is in its deletion timestamp.
    pub(super) fn lost_node(&self, now: Timestamp) -> LostNode {
        let mut found = LostNode::default();
        for pod in &self.pods {
            let ended = matches!(pod.status.phase.as_deref(), Some("Succeeded" | "Failed"));
            let (Some(deadline), false) = (pod.metadata.deletion_timestamp.as_ref(), ended) else {
                continue;
            };
            let over = Duration::from_millis(now.since(timestamp(deadline)).as_millis());
            if over < TIDIES_UP {
                let until_deadline = Duration::from_millis(timestamp(deadline).since(now).as_millis());
                let next = until_deadline + TIDIES_UP.saturating_sub(over);
                found.look_again = Some(found.look_again.map_or(next, |earlier| earlier.min(next)));
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
