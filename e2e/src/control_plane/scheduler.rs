//! kube-scheduler.

use camino::Utf8Path;

pub(super) fn arguments(kubeconfig: &Utf8Path) -> Vec<String> {
    [
        format!("--kubeconfig={kubeconfig}"),
        "--leader-elect=false".to_owned(),
        "--secure-port=0".to_owned(),
    ]
    .into()
}
