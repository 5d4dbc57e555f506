//! The default `StorageClass`, `standard`: with the name and the behaviour of kind's.
//!
//! local-path-provisioner makes a folder on the node's disk for each claim, when a pod wants it. It is a hostPath volume: mode
//! 0777, owner root, and `fsGroup` does nothing to it.

use crate::control_plane::ControlPlane;
use crate::image::SHELL;
use crate::node::Node;
use crate::processes::Processes;
use anyhow::Result;
use camino::Utf8Path;
use serde_json::{Value, json};

/// Where the pods run that make and remove the folders.
const NAMESPACE: &str = "local-path-storage";
const MAKE: &str = "#!/bin/sh\nset -eu\nmkdir -m 0777 -p \"$VOL_DIR\"\n";
const REMOVE: &str = "#!/bin/sh\nset -eu\nrm -rf \"$VOL_DIR\"\n";

/// Starts the provisioner.
pub(crate) fn start(
    plane: &ControlPlane<'_>,
    nodes: &[Node],
    processes: &mut Processes,
    kubeconfig: &Utf8Path,
) -> Result<()> {
    let folders = plane.state.write("volumes.json", folders(nodes).to_string())?;
    let pod = plane.state.write("volumes-pod.json", pod().to_string())?;
    let arguments = [
        "start".to_owned(),
        format!("--config={folders}"),
        format!("--kubeconfig={kubeconfig}"),
        format!("--namespace={NAMESPACE}"),
        format!("--helper-pod-file={pod}"),
        "--service-account-name=default".to_owned(),
    ];
    plane.start(processes, "local-path-provisioner", &arguments)
}

/// The class, and what the provisioner reads from its namespace.
pub(crate) fn objects(nodes: &[Node]) -> [Value; 3] {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    let configuration = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "local-path-config", "namespace": NAMESPACE},
        "data": {
            "config.json": folders(nodes).to_string(),
            "helperPod.yaml": pod().to_string(),
            "setup": MAKE,
            "teardown": REMOVE,
        },
    });
    let class = json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "standard",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "rancher.io/local-path",
        "volumeBindingMode": "WaitForFirstConsumer",
        "reclaimPolicy": "Delete",
    });
    [namespace, configuration, class]
}

fn folders(nodes: &[Node]) -> Value {
    let nodes = nodes
        .iter()
        .map(|node| json!({"node": node.name(), "paths": [node.volumes()]}));
    json!({"nodePathMap": nodes.collect::<Vec<_>>()})
}

fn pod() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "helper-pod"},
        "spec": {
            "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": "helper-pod", "image": SHELL, "imagePullPolicy": "Never"}],
        },
    })
}
