//! kube-proxy, which leads from a Service's address to its pods.

use super::{KUBE_PROXY_KUBECONFIG, Node};

/// Its command line. It leaves the machine's connection tracking as it is.
pub(super) fn arguments(node: &Node) -> Vec<String> {
    [
        format!("--kubeconfig={}", node.of_cluster(KUBE_PROXY_KUBECONFIG)),
        format!("--hostname-override={}", node.name()),
        "--cluster-cidr=10.244.0.0/16".to_owned(),
        "--conntrack-max-per-core=0".to_owned(),
        "--conntrack-tcp-timeout-established=0s".to_owned(),
        "--conntrack-tcp-timeout-close-wait=0s".to_owned(),
    ]
    .into()
}
