//! containerd, which runs the containers.

use super::Node;
use crate::binaries::Binaries;
use crate::image::PAUSE;
use anyhow::Result;

/// The file of its configuration, in the node's folder.
const CONFIGURATION: &str = "containerd.toml";

/// Writes its configuration.
///
/// - `restrict_oom_score_adj`: a container without `CAP_SYS_RESOURCE`, such as CI's, may not lower it; runc would say no more than
///   "can't get final child's PID from pipe".
/// - `netns_mounts_under_state_dir`: else the pods' networks lie among everybody's, and stay there.
pub(super) fn write(node: &Node, binaries: &Binaries) -> Result<()> {
    let folder = &node.folder;
    let socket = node.socket();
    let plugins = binaries.network_plugins();
    let shim = binaries.program("containerd-shim-runc-v2");
    let text = format!(
        r#"version = 3
root = "{folder}/containerd"
state = "{folder}/containerd-state"

[grpc]
address = "{socket}"

[ttrpc]
address = "{socket}.ttrpc"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{PAUSE}"

[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{plugins}"]
conf_dir = "{folder}/network"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
runtime_path = "{shim}"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = "runc"
"#
    );
    node.write(CONFIGURATION, text).map(drop)
}

/// Its command line.
pub(super) fn arguments(node: &Node) -> Vec<String> {
    vec![format!("--config={}", node.folder.join(CONFIGURATION))]
}
