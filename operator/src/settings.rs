//! What the operator is told on its command line.

use clap::Parser;
use std::net::SocketAddr;

/// Watches pipelines and runs, and runs their stages as Jobs.
///
/// In a pod it uses the pod's own account; outside it uses KUBECONFIG.
#[derive(Clone, Debug, Parser)]
#[command(name = "trainyard-operator", version)]
pub struct Settings {
    /// The image that runs the stages of pipelines that name none.
    #[arg(long, value_name = "IMAGE")]
    pub worker_image: String,
    /// When that image is pulled: Always, IfNotPresent or Never; Kubernetes' own rule when left out.
    #[arg(long, value_name = "POLICY")]
    pub worker_image_pull_policy: Option<String>,
    /// The one namespace that is watched; the pod's own (outside a pod: the kubeconfig's) when left out.
    #[arg(long, value_name = "NAMESPACE", conflicts_with = "cluster_wide")]
    pub namespace: Option<String>,
    /// Watch all namespaces.
    #[arg(long)]
    pub cluster_wide: bool,
    /// How large a claim is created for pipelines that do not say it.
    #[arg(long, value_name = "SIZE", default_value = "5Gi")]
    pub workspace_size: String,
    /// The storage class of claims that are created; the cluster's default when left out.
    #[arg(long, value_name = "CLASS")]
    pub workspace_storage_class: Option<String>,
    /// Where /healthz, /readyz and /metrics are served; nowhere when left out.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// How log lines look.
    #[arg(long, value_enum, default_value_t = LogFormat::Human)]
    pub log: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

#[cfg(test)]
impl Settings {
    /// What a chart would say.
    pub(crate) fn example() -> Self {
        Self::parse_from(["trainyard-operator", "--worker-image", "localhost/trainyard-worker:dev"])
    }
}
