//! etcd.

use super::ControlPlane;

pub(super) fn arguments(plane: &ControlPlane<'_>) -> Vec<String> {
    let client = format!("http://{}", plane.endpoints.etcd);
    let peers = format!("http://{}", plane.endpoints.etcd_peers);
    [
        format!("--data-dir={}", plane.state.folder().join("etcd")),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peers}"),
        format!("--initial-advertise-peer-urls={peers}"),
        format!("--initial-cluster=default={peers}"),
        // Nobody needs what a crashed machine would have lost.
        "--unsafe-no-fsync".to_owned(),
        "--log-level=warn".to_owned(),
    ]
    .into()
}
