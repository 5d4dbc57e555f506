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
    /// Which one it is, and whose; without annotations.
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
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    #[derive(Default)]
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
        containers.retain(|container| container.name == CONTAINER);
        containers.iter_mut().for_each(forget_the_ordinary_way);
    }
    status.container_statuses.take_if(|containers| containers.is_empty());
}

/// That a container is being made says no more than that its pod is there.
fn forget_the_ordinary_way(container: &mut SeenContainer) {
    let waiting = container.state.as_ref().and_then(|state| state.waiting.as_ref());
    let reason = waiting.and_then(|waiting| waiting.reason.as_deref());
    if matches!(reason, Some("ContainerCreating" | "PodInitializing")) {
        container.state = None;
    }
}
