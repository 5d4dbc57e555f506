//! Objects as the operator looks at them: only what it reads. Thousands of Jobs and pods take little memory so; and a model version in
//! which a newer operator has written words that this one does not know is one like any other.

use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::api::core::v1::{Pod, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::Deserialize;
use trainyard_crds::v1alpha1::ModelVersion;

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
