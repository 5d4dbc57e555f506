//! A pod that was to go and is still there long after its time of grace: its node does not answer. Its Job will never say so.

use super::observe::{RunObjects, attempt_of};
use crate::clock::timestamp;
use kube::ResourceExt;
use std::time::Duration;
use trainyard_engine::Timestamp;

/// How long after its deadline a pod may still be there: the kubelet tidies up first.
const TIDIES_UP: Duration = Duration::from_secs(10);

/// What is known of the nodes of a run's pods.
#[derive(Debug, Default)]
pub(super) struct LostNode {
    /// Which node is lost, under which stage, and what to do.
    pub said: Option<String>,
    /// When to look again.
    pub look_again: Option<Duration>,
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
            found.said = Some(format!(
                "{stage}node {node} does not answer, and its volume may still be in use there: delete the node, or taint it \
                 node.kubernetes.io/out-of-service"
            ));
        }
        found
    }
}
