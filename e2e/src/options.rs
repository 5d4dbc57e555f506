//! What a cluster shall be like.

use crate::state::Name;
use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Real nodes that one cluster may have: `node-a` to `node-i`.
pub const NODES_MAX: u8 = 9;

/// What a cluster shall be like. The default is one real node, and times as Kubernetes has them.
#[derive(Clone, Debug)]
pub struct Options {
    /// Clusters of different names run beside each other.
    pub name: Name,
    /// Real nodes, with kubelet and containerd: at most [`NODES_MAX`].
    pub nodes: u8,
    /// Nodes on which no container runs: kwok plays them.
    pub fake_nodes: u8,
    /// Archives of images that every node shall have.
    pub images: Vec<Utf8PathBuf>,
    /// When a node that is lost counts as lost.
    pub node_loss: NodeLoss,
    /// Whether the controllers and the scheduler may ask as often as they like, as they may on fake nodes alone. By default each of
    /// them asks 20 and 50 times a second.
    pub unbounded_controllers: bool,
}

/// How patient the cluster is with a node that says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeLoss {
    /// Silence until a node is `Unknown`. 8 s works; Kubernetes' own is 50 s.
    pub grace: Duration,
    /// From there until its pods are deleted. Kubernetes' own is 300 s.
    pub eviction: Duration,
}

/// The longest that a kubelet's lease lasts; it renews it four times as often.
const LEASE_MAX: Duration = Duration::from_secs(40);

impl NodeLoss {
    /// How long a kubelet's word is good: not longer than the grace.
    pub(crate) fn lease(self) -> Duration {
        self.grace.min(LEASE_MAX)
    }

    /// How often the controller looks.
    pub(crate) fn look_every(self) -> Duration {
        Duration::from_secs(if self.grace < LEASE_MAX { 1 } else { 5 })
    }
}

impl Default for NodeLoss {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(50),
            eviction: Duration::from_secs(300),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: Name::default(),
            nodes: 1,
            fake_nodes: 0,
            images: Vec::new(),
            node_loss: NodeLoss::default(),
            unbounded_controllers: false,
        }
    }
}
