//! kubelet, which turns pods into containers.

use super::Node;
use crate::dns;
use crate::options::NodeLoss;
use anyhow::Result;
use serde_json::json;

/// The file of its configuration, in the node's folder.
const CONFIGURATION: &str = "kubelet.json";

/// Writes its configuration.
pub(super) fn write(node: &Node, node_loss: NodeLoss) -> Result<()> {
    let configuration = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        // Machines whose kernel has one cgroup hierarchy a controller, and swap, serve as well.
        "failCgroupV1": false,
        "failSwapOn": false,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": node.cgroup().path(),
        // The node is a part of the machine: nothing is kept back for the rest.
        "enforceNodeAllocatable": [],
        "containerRuntimeEndpoint": format!("unix://{}", node.socket()),
        "podLogsDir": node.folder.join("logs"),
        // Only who is in its network reaches it.
        "authentication": {"anonymous": {"enabled": true}, "webhook": {"enabled": false}},
        "authorization": {"mode": "AlwaysAllow"},
        "clusterDNS": [dns::ADDRESS],
        "clusterDomain": dns::DOMAIN,
        "resolvConf": "",
        // The machine's own disk may be rather full without harm to a test.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        // An image that went could not be pulled again.
        "imageGCHighThresholdPercent": 100,
        "maxPods": 250,
        "nodeLeaseDurationSeconds": node_loss.lease().as_secs(),
        "serializeImagePulls": false,
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
    });
    node.write(CONFIGURATION, configuration.to_string()).map(drop)
}

/// Its command line.
pub(super) fn arguments(node: &Node) -> Vec<String> {
    [
        format!("--config={}", node.folder.join(CONFIGURATION)),
        format!("--kubeconfig={}", node.of_cluster(&node.kubeconfig())),
        format!("--root-dir={}", node.folder.join("kubelet")),
        format!("--cert-dir={}", node.folder.join("certificates")),
        format!("--node-ip={}", node.address()),
        format!("--hostname-override={}", node.name()),
    ]
    .into()
}
