//! Names inside the cluster: coredns, a process beside the control plane, behind the Service that pods ask.

use crate::control_plane::ControlPlane;
use crate::node::FIRST_ADDRESS;
use crate::processes::Processes;
use anyhow::Result;
use camino::Utf8Path;
use serde_json::{Value, json};

/// The Service's address.
pub(crate) const ADDRESS: &str = "10.96.0.10";
/// What the names of Services end in.
pub(crate) const DOMAIN: &str = "cluster.local";

/// Starts coredns on the first node's address.
pub(crate) fn start(plane: &ControlPlane<'_>, processes: &mut Processes, kubeconfig: &Utf8Path) -> Result<()> {
    let text = format!(
        ".:53 {{
    bind {FIRST_ADDRESS}
    errors
    kubernetes {DOMAIN} in-addr.arpa {{
        kubeconfig {kubeconfig}
        pods insecure
        ttl 5
    }}
}}
"
    );
    let configuration = plane.state.write("Corefile", text)?;
    plane.start(processes, "coredns", &[format!("-conf={configuration}")])
}

/// The Service without a selector, and where it leads.
pub(crate) fn objects() -> [Value; 2] {
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "spec": {"clusterIP": ADDRESS, "ports": [
            {"name": "dns", "port": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
        ]},
    });
    let endpoints = json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kube-dns",
            "namespace": "kube-system",
            "labels": {"kubernetes.io/service-name": "kube-dns"},
        },
        "addressType": "IPv4",
        "ports": [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}],
        "endpoints": [{"addresses": [FIRST_ADDRESS], "conditions": {"ready": true}}],
    });
    [service, endpoints]
}
