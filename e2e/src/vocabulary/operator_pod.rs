//! The pod of an operator that a test has installed in its namespace by the chart, and that pod's end.

use super::{Namespace, PATIENCE};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;

/// The chart's label for it.
const OPERATOR_PODS: &str = "app.kubernetes.io/component=operator";

/// How an operator's pod ended that was deleted.
#[derive(Debug)]
pub struct OperatorsEnd {
    /// Of its process: 137 where the kubelet had to kill it.
    pub exit_code: i32,
    /// Whether it ended in the time that it had.
    pub in_time: bool,
    /// Its whole log.
    pub log: String,
}

impl Namespace {
    /// Deletes the operator's pod, as `kubectl delete pod` does, and waits for its end.
    pub async fn delete_operators_pod(&self) -> OperatorsEnd {
        let is_there = |pod: &Pod| pod.metadata.deletion_timestamp.is_none();
        let pod: Pod = self
            .wait_for_any(OPERATOR_PODS, "the operator has a pod", is_there)
            .await;
        let name = pod.name_any();
        let deleted = format!("delete pod {name} --wait=false");
        // The log goes with the pod, and the exit code is on it for a moment only.
        let log = Box::pin(self.log_of(&name));
        let ended = Box::pin(self.wait_for(&name, "the operator's pod ends", |pod: &Pod| end_of(pod).is_some()));
        let (log, ended, _) = tokio::join!(log, ended, self.kubectl(&deleted));
        let (exit_code, at) = end_of(&ended).unwrap_or_else(|| panic!("pod {name} has not ended"));
        let until = ended.metadata.deletion_timestamp.as_ref();
        OperatorsEnd {
            exit_code,
            in_time: until.is_some_and(|until| at.0 <= until.0),
            log,
        }
    }

    /// Waits until a new one has taken over.
    pub async fn operator_is_ready(&self) {
        self.kubectl(&format!("rollout status deployment/trainyard --timeout {PATIENCE}s"))
            .await;
    }

    /// What the operator has logged that acts now, once the ones before it are gone: they end when the next one is ready.
    pub async fn log_of_only_operator(&self) -> String {
        self.operator_is_ready().await;
        let is_ending = |pod: &Pod| pod.metadata.deletion_timestamp.is_some();
        for pod in self
            .list::<Pod>(OPERATOR_PODS)
            .await
            .iter()
            .filter(|pod| is_ending(pod))
        {
            self.wait_for_end_of::<Pod>(&pod.name_any()).await;
        }
        self.kubectl("logs deployment/trainyard").await
    }
}

/// The exit code of its container, and when it ended.
fn end_of(pod: &Pod) -> Option<(i32, Time)> {
    let containers = pod.status.as_ref()?.container_statuses.as_ref()?;
    let ended = containers.first()?.state.as_ref()?.terminated.as_ref()?;
    Some((ended.exit_code, ended.finished_at.clone()?))
}
