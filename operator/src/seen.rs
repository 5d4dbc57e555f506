//! Objects as the operator looks at them: only what it reads. Thousands of Jobs and pods take little memory and time so; of the dozen
//! changes that a pod goes through on its way most are none here; and a model version in which a newer operator has written words that
//! this one does not know is one like any other.

use crate::names::CONTAINER;
use k8s_openapi::api::batch::v1::{Job, JobCondition};
use k8s_openapi::api::core::v1::{ContainerState, Pod, PodCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use kube::Resource;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use trainyard_crds::v1alpha1::ModelVersion;

/// A Job: which attempt it is, and how it stands.
#[derive(Clone, Debug, PartialEq, Deserialize, Resource)]
#[resource(inherit = "Job")]
pub(crate) struct SeenJob {
    /// Which one it is, and whose.
    #[serde(deserialize_with = "metadata")]
    pub metadata: ObjectMeta,
    /// Of the spec, what others change.
    #[serde(default)]
    pub spec: SeenJobSpec,
    /// Whether it has ended.
    #[serde(default)]
    pub status: SeenJobStatus,
}

/// Of a Job's spec, what others change.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct SeenJobSpec {
    /// Set by a queue that holds the Job back.
    #[serde(default)]
    pub suspend: Option<bool>,
}

/// Of a Job's status, its end.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SeenJobStatus {
    /// `Complete` or `Failed`.
    #[serde(default)]
    pub conditions: Option<Vec<JobCondition>>,
    /// When it was Complete.
    #[serde(default)]
    pub completion_time: Option<Time>,
}

/// A pod: whose it is, and how it stands.
#[derive(Clone, Debug, PartialEq, Deserialize, Resource)]
#[resource(inherit = "Pod")]
pub(crate) struct SeenPod {
    /// Which one it is, and whose; in the store without annotations.
    #[serde(deserialize_with = "metadata")]
    pub metadata: ObjectMeta,
    /// Of the spec, where it runs.
    #[serde(default)]
    pub spec: SeenPodSpec,
    /// How it stands.
    #[serde(default)]
    pub status: SeenPodStatus,
}

/// Of a pod's spec, where it runs.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SeenPodSpec {
    /// The node, once there is one.
    #[serde(default)]
    pub node_name: Option<String>,
}

/// Of a pod's status, what says how its attempt stands.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SeenPodStatus {
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    #[serde(default)]
    pub phase: Option<String>,
    /// `Evicted`, where the kubelet did that.
    #[serde(default)]
    pub reason: Option<String>,
    /// More about it.
    #[serde(default)]
    pub message: Option<String>,
    /// That no node takes it, or that it is taken from its node.
    #[serde(default)]
    pub conditions: Option<Vec<PodCondition>>,
    /// Its containers.
    #[serde(default)]
    pub container_statuses: Option<Vec<SeenContainer>>,
}

/// Of a container's status, how it stands.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct SeenContainer {
    /// Which one it is.
    pub name: String,
    /// The image that it was to run.
    #[serde(default)]
    pub image: String,
    /// Whether it waits, runs, or has ended.
    #[serde(default)]
    pub state: Option<ContainerState>,
}

/// A model version: which one it is, and where.
#[derive(Clone, Debug, Deserialize, Resource)]
#[resource(inherit = "ModelVersion")]
pub(crate) struct SeenVersion {
    /// As it is.
    pub metadata: ObjectMeta,
    /// Without what nobody reads.
    pub spec: SeenVersionSpec,
    /// As the operator wrote it.
    #[serde(default)]
    pub status: SeenVersionStatus,
}

/// Of a model version's status, whether it is marked as the champion.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct SeenVersionStatus {
    /// Whether it is.
    #[serde(default)]
    pub champion: bool,
}

/// Of a model version's spec, which one it is, and where.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SeenVersionSpec {
    /// `model_…`.
    pub version: String,
    /// Its folder.
    pub path: String,
    /// The claim that holds the workspace.
    pub claim_name: String,
    /// The uid of the run that made it.
    pub run_uid: String,
    /// `sha256:…`
    pub digest: String,
}

/// Metadata without what nobody reads: who manages which field is most of it.
fn metadata<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Read {
        name: Option<String>,
        namespace: Option<String>,
        uid: Option<String>,
        resource_version: Option<String>,
        labels: Option<BTreeMap<String, String>>,
        annotations: Option<BTreeMap<String, String>>,
        owner_references: Option<Vec<OwnerReference>>,
        creation_timestamp: Option<Time>,
        deletion_timestamp: Option<Time>,
        deletion_grace_period_seconds: Option<i64>,
    }
    let read = Read::deserialize(deserializer)?;
    Ok(ObjectMeta {
        name: read.name,
        namespace: read.namespace,
        uid: read.uid,
        resource_version: read.resource_version,
        labels: read.labels,
        annotations: read.annotations,
        owner_references: read.owner_references,
        creation_timestamp: read.creation_timestamp,
        deletion_timestamp: read.deletion_timestamp,
        deletion_grace_period_seconds: read.deletion_grace_period_seconds,
        ..ObjectMeta::default()
    })
}

/// Drops what nobody reads of a Job. Two of its states that are equal then are the same to the operator.
pub(crate) fn slim_job(job: &mut SeenJob) {
    job.metadata.resource_version = None;
    if let Some(conditions) = &mut job.status.conditions {
        conditions.retain(|condition| condition.type_ == "Complete" || condition.type_ == "Failed");
    }
    job.status.conditions.take_if(|conditions| conditions.is_empty());
}

/// Drops what nobody reads of a pod; its annotations hold the whole document of a stage. Two of its states that are equal then are
/// the same to the operator.
pub(crate) fn slim_pod(pod: &mut SeenPod) {
    pod.metadata.resource_version = None;
    pod.metadata.annotations = None;
    let status = &mut pod.status;
    if let Some(conditions) = &mut status.conditions {
        conditions.retain(|condition| match condition.type_.as_str() {
            "PodScheduled" => condition.status == "False",
            "DisruptionTarget" => condition.status == "True",
            _ => false,
        });
    }
    status.conditions.take_if(|conditions| conditions.is_empty());
    if let Some(containers) = &mut status.container_statuses {
        containers.retain(|container| container.name == CONTAINER && !is_being_made(container));
    }
    status.container_statuses.take_if(|containers| containers.is_empty());
}

/// Whether a container is being made: that says no more than that its pod is there.
fn is_being_made(container: &SeenContainer) -> bool {
    let waiting = container.state.as_ref().and_then(|state| state.waiting.as_ref());
    let reason = waiting.and_then(|waiting| waiting.reason.as_deref());
    matches!(reason, Some("ContainerCreating" | "PodInitializing"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// What the kubelet and the controllers write about a pod on its way, in this order, and whether the operator is to hear of it.
    #[test]
    fn of_the_changes_of_a_pod_only_those_that_say_something_are_one() {
        let container = |state: Value| json!([{"name": CONTAINER, "image": "worker:1", "ready": true, "imageID": "x", "state": state}]);
        let (scheduled, initialized) = (
            json!({"type": "PodScheduled", "status": "True"}),
            json!({"type": "Initialized", "status": "True"}),
        );
        let running = json!({"running": {"startedAt": "2026-11-24T10:00:00Z"}});
        let ended = json!({"terminated": {"exitCode": 0, "message": "{}"}});
        let mut before: Option<SeenPod> = None;
        for (what, is_news, node, status) in [
            ("created", true, json!(null), json!({"phase": "Pending"})),
            (
                "unscheduled",
                true,
                json!(null),
                json!({"phase": "Pending", "conditions": [
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"},
                ]}),
            ),
            (
                "scheduled",
                true,
                json!("node-a"),
                json!({"phase": "Pending", "conditions": [scheduled]}),
            ),
            (
                "its volumes are there",
                false,
                json!("node-a"),
                json!({
                    "phase": "Pending", "conditions": [scheduled, initialized], "hostIP": "10.0.0.1",
                    "containerStatuses": container(json!({"waiting": {"reason": "ContainerCreating"}})),
                }),
            ),
            (
                "no image",
                true,
                json!("node-a"),
                json!({
                    "phase": "Pending", "conditions": [scheduled, initialized],
                    "containerStatuses": container(json!({"waiting": {"reason": "ErrImagePull", "message": "not found"}})),
                }),
            ),
            (
                "running",
                true,
                json!("node-a"),
                json!({
                    "phase": "Running", "conditions": [scheduled, initialized], "containerStatuses": container(running.clone()),
                }),
            ),
            (
                "it has an address",
                false,
                json!("node-a"),
                json!({
                    "phase": "Running", "conditions": [scheduled], "podIP": "10.1.0.7", "containerStatuses": container(running),
                }),
            ),
            (
                "ended",
                true,
                json!("node-a"),
                json!({"phase": "Succeeded", "containerStatuses": container(ended.clone())}),
            ),
            (
                "counted",
                false,
                json!("node-a"),
                json!({"phase": "Succeeded", "containerStatuses": container(ended)}),
            ),
        ] {
            let metadata = json!({"name": "pod", "uid": "1", "resourceVersion": what, "finalizers": [what],
                "managedFields": [{"manager": what}], "annotations": {"what": what}});
            let pod = json!({"metadata": metadata, "spec": {"nodeName": node}, "status": status});
            let mut pod: SeenPod = serde_json::from_value(pod).expect(what);
            slim_pod(&mut pod);
            assert_eq!(before.as_ref() != Some(&pod), is_news, "{what}: {pod:?}");
            before = Some(pod);
        }
    }

    #[test]
    fn of_the_changes_of_a_job_only_its_end_and_its_suspension_are_one() {
        let holds =
            |type_: &str| json!({"type": type_, "status": "True", "lastTransitionTime": "2026-11-24T10:00:00Z"});
        let mut before: Option<SeenJob> = None;
        for (what, is_news, suspend, status) in [
            ("created", true, false, json!({})),
            (
                "active",
                false,
                false,
                json!({"active": 1, "ready": 0, "startTime": "2026-11-24T10:00:00Z"}),
            ),
            ("suspended", true, true, json!({"conditions": [holds("Suspended")]})),
            ("resumed", true, false, json!({"active": 1})),
            (
                "uncounted",
                false,
                false,
                json!({"uncountedTerminatedPods": {"succeeded": ["1"]}}),
            ),
            (
                "nearly",
                false,
                false,
                json!({"conditions": [holds("SuccessCriteriaMet")]}),
            ),
            (
                "complete",
                true,
                false,
                json!({"conditions": [holds("SuccessCriteriaMet"), holds("Complete")]}),
            ),
        ] {
            let metadata = json!({"name": "job", "uid": "1", "resourceVersion": what, "annotations": {"own": "kept"}});
            let job = json!({"metadata": metadata, "spec": {"suspend": suspend}, "status": status});
            let mut job: SeenJob = serde_json::from_value(job).expect(what);
            slim_job(&mut job);
            assert_eq!(before.as_ref() != Some(&job), is_news, "{what}: {job:?}");
            before = Some(job);
        }
    }
}
