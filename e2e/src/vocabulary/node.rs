//! What happens to a real node: its power, its cable, its own programs.

use crate::binaries::Binaries;
use crate::cluster::Cluster;
use crate::node::{Daemon, Node};
use crate::processes::Processes;
use anyhow::Result;

impl Cluster {
    /// Cuts the power of a node: nothing runs on it any more, and nobody is told.
    pub async fn cut_power_of(&self, name: &str) {
        must(self.node(name).cut_power().await);
    }

    /// Starts a node again whose power was cut.
    pub async fn restore_power_of(&self, name: &str) {
        let mut processes = Processes::of(self.state());
        let node = self.node(name);
        must(node.restore_power(&must(Binaries::built()), &mut processes).await);
    }

    /// Pulls out the cable of a node: all that runs on it goes on, and nobody hears of it.
    pub fn unplug(&self, name: &str) {
        must(self.node(name).connect_cable(false));
    }

    /// Plugs it in again.
    pub fn plug_in(&self, name: &str) {
        must(self.node(name).connect_cable(true));
    }

    /// Ends the kubelet of a node with SIGKILL, and starts it again.
    pub async fn restart_kubelet_of(&self, name: &str) {
        self.restart(Daemon::Kubelet, name).await;
    }

    /// Ends the containerd of a node with SIGKILL, and starts it again. Containers go on without it.
    pub async fn restart_containerd_of(&self, name: &str) {
        self.restart(Daemon::Containerd, name).await;
    }

    async fn restart(&self, daemon: Daemon, name: &str) {
        let mut processes = Processes::of(self.state());
        let binaries = must(Binaries::built());
        let node = self.node(name);
        must(node.restart(daemon, self.state(), &binaries, &mut processes).await);
    }

    fn node(&self, name: &str) -> Node {
        let mut nodes = must(self.nodes()).into_iter();
        let found = nodes.find(|node| node.name() == name);
        found.unwrap_or_else(|| panic!("the cluster has no real node `{name}`"))
    }
}

fn must<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error:#}"))
}
