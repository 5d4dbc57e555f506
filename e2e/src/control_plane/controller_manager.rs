//! kube-controller-manager.

use super::ControlPlane;
use camino::Utf8Path;

pub(super) fn arguments(plane: &ControlPlane<'_>, kubeconfig: &Utf8Path) -> Vec<String> {
    let own = [
        format!("--kubeconfig={kubeconfig}"),
        format!(
            "--service-account-private-key-file={}",
            plane.certificates.service_accounts_key()
        ),
        format!("--root-ca-file={}", plane.certificates.authority()),
        // There is one of it; the wait for a lease would be a second of every start.
        "--leader-elect=false".to_owned(),
        // Each node's pod network is known beforehand.
        "--controllers=*,-nodeipam".to_owned(),
        // Nobody asks for its metrics, and its port may be taken.
        "--secure-port=0".to_owned(),
        format!("--node-monitor-grace-period={}s", plane.node_loss.grace.as_secs()),
        format!("--node-monitor-period={}s", plane.node_loss.look_every().as_secs()),
    ];
    own.into_iter().chain(plane.pace()).collect()
}
