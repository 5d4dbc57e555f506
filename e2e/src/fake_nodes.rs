//! Nodes without a kubelet, which kwok plays: pods on them begin and end in moments, as `fake-nodes/stages.yaml` says, and no
//! container runs. For what is about the operator and the control plane alone, and where no real node can be.
//!
//! A taint keeps every pod away that does not ask for them.

use crate::control_plane::ControlPlane;
use crate::processes::Processes;
use anyhow::Result;
use camino::Utf8Path;
use serde_json::{Value, json};

/// Label and taint of fake nodes, as kwok's users know them.
pub(crate) const MARK: (&str, &str) = ("kwok.x-k8s.io/node", "fake");
/// What happens on them.
const STAGES: &str = include_str!("../fake-nodes/stages.yaml");

/// Starts kwok.
pub(crate) fn start(plane: &ControlPlane<'_>, processes: &mut Processes, kubeconfig: &Utf8Path) -> Result<()> {
    let stages = plane.state.write("fake-nodes.yaml", STAGES)?;
    let (key, value) = MARK;
    let arguments = [
        format!("--config={stages}"),
        format!("--kubeconfig={kubeconfig}"),
        "--manage-all-nodes=false".to_owned(),
        format!("--manage-nodes-with-label-selector={key}={value}"),
    ];
    plane.start(processes, "kwok", &arguments)
}

/// The names of the first `count`.
pub(crate) fn names(count: u8) -> impl Iterator<Item = String> {
    (1..=count).map(|number| format!("fake-{number}"))
}

/// The first `count` nodes.
pub(crate) fn objects(count: u8) -> impl Iterator<Item = Value> {
    let (key, value) = MARK;
    names(count).map(move |name| {
        json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": {
                key: value,
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
            }},
            "spec": {"taints": [{"key": key, "value": value, "effect": "NoSchedule"}]},
        })
    })
}
