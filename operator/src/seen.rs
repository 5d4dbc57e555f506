//! Jobs and pods as the operator watches them: only what it reads, so that thousands of them take little memory.

use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::api::core::v1::{Pod, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::Deserialize;

/// A Job: which attempt it is, and how it stands.
#[derive(Clone, Debug, Deserialize, Resource)]
#[resource(inherit = "Job")]
pub(crate) struct SeenJob {
    /// Without managed fields.
    pub metadata: ObjectMeta,
    /// Of the spec, what others change.
    #[serde(default)]
    pub spec: SeenJobSpec,
    /// As it is.
    #[serde(default)]
    pub status: JobStatus,
}

/// Of a Job's spec, what others change.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct SeenJobSpec {
    /// Set by a queue that holds the Job back.
    #[serde(default)]
    pub suspend: Option<bool>,
}

/// A pod: whose it is, and how it stands.
#[derive(Clone, Debug, Deserialize, Resource)]
#[resource(inherit = "Pod")]
pub(crate) struct SeenPod {
    /// Without managed fields and annotations.
    pub metadata: ObjectMeta,
    /// Of the spec, where it runs.
    #[serde(default)]
    pub spec: SeenPodSpec,
    /// As it is.
    #[serde(default)]
    pub status: PodStatus,
}

/// Of a pod's spec, where it runs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SeenPodSpec {
    /// The node, once there is one.
    #[serde(default)]
    pub node_name: Option<String>,
}

/// Drops what nobody reads of a Job.
pub(crate) fn slim_job(job: &mut SeenJob) {
    job.metadata.managed_fields = None;
    job.status.uncounted_terminated_pods = None;
}

/// Drops what nobody reads of a pod; its annotations hold the whole document of a stage.
pub(crate) fn slim_pod(pod: &mut SeenPod) {
    pod.metadata.managed_fields = None;
    pod.metadata.annotations = None;
    pod.status.pod_ips = None;
    pod.status.host_ips = None;
}
