//! The network of a node's pods: a bridge, and addresses from the node's own range.

use super::Node;
use anyhow::Result;
use serde_json::json;

/// Writes what containerd tells its plugins.
pub(super) fn write(node: &Node) -> Result<()> {
    let addresses = json!({
        "type": "host-local",
        "dataDir": node.folder.join("addresses"),
        "ranges": [[{"subnet": node.pods()}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    });
    let bridge = json!({
        "type": "bridge",
        "bridge": "pods0",
        "isGateway": true,
        "ipMasq": false,
        "hairpinMode": true,
        "ipam": addresses,
    });
    let ports = json!({"type": "portmap", "capabilities": {"portMappings": true}});
    let list = json!({"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge, ports]});
    node.write("network/10-pods.conflist", list.to_string()).map(drop)
}
