//! kube-scheduler.

use super::ControlPlane;
use camino::Utf8Path;

pub(super) fn arguments(plane: &ControlPlane<'_>, kubeconfig: &Utf8Path) -> Vec<String> {
    let own = [
        format!("--kubeconfig={kubeconfig}"),
        "--leader-elect=false".to_owned(),
        "--secure-port=0".to_owned(),
    ];
    own.into_iter().chain(plane.pace()).collect()
}
