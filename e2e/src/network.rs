//! The cluster's own network: a network namespace for the control plane and the first node, one for each further node, and a
//! bridge between them. No port of the machine is taken, iptables rules stay inside, and all of it is removed whole.
//!
//! Entered with `nsenter --net`, never with `ip netns exec`: that mounts another `/sys`, which hides the cgroups.

use crate::command::{command, run};
use crate::state::Name;
use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use std::net::Ipv4Addr;

/// Where `ip netns` keeps them.
const ALL: &str = "/run/netns";
/// The bridge, and on each further node its end of the cable: kubelet refuses a node whose address is on the loopback.
const NODE_INTERFACE: &str = "node0";
/// All nodes are in one network of this many bits.
const NODE_BITS: u8 = 24;
/// A gateway that is not there: out of the cluster leads no way.
const NOBODY: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 254);

/// A network namespace.
#[derive(Clone, Debug)]
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    /// The one of the control plane and the first node.
    pub(crate) fn first_of(cluster: &Name) -> Self {
        Self {
            name: format!("trainyard-{cluster}"),
        }
    }

    /// The one of a further node.
    pub(crate) fn of_node(cluster: &Name, letter: char) -> Self {
        Self {
            name: format!("trainyard-{cluster}-{letter}"),
        }
    }

    /// All that are there of a cluster, made by this program or by an earlier one.
    pub(crate) fn all_of(cluster: &Name) -> Result<Vec<Self>> {
        let folder = Utf8Path::new(ALL);
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let first = Self::first_of(cluster).name;
        let further = format!("{first}-");
        let mut found = Vec::new();
        for entry in folder
            .read_dir_utf8()
            .with_context(|| format!("cannot list {folder}"))?
        {
            let entry = entry.with_context(|| format!("cannot list {folder}"))?;
            let name = entry.file_name();
            if name == first || name.starts_with(&further) {
                found.push(Self { name: name.to_owned() });
            }
        }
        Ok(found)
    }

    pub(crate) fn path(&self) -> Utf8PathBuf {
        Utf8Path::new(ALL).join(&self.name)
    }

    /// Makes the namespace of the control plane, with the bridge that carries the first node's address.
    pub(crate) fn create_first(&self, address: Ipv4Addr) -> Result<()> {
        run(&mut command("ip", ["netns", "add", &self.name]))?;
        self.ip("link set lo up")?;
        self.ip(&format!("link add {NODE_INTERFACE} type bridge"))?;
        self.ip(&format!("address add {address}/{NODE_BITS} dev {NODE_INTERFACE}"))?;
        self.ip(&format!("link set {NODE_INTERFACE} up"))?;
        // Nobody has this address; but kubelet and kube-proxy look for a default route to learn their own.
        self.ip(&format!("route add default via {NOBODY}"))?;
        self.forward_packets()
    }

    /// Makes the namespace of a further node, with a cable to the bridge of `first`.
    pub(crate) fn create_further(
        &self,
        first: &Self,
        letter: char,
        address: Ipv4Addr,
        gateway: Ipv4Addr,
    ) -> Result<()> {
        run(&mut command("ip", ["netns", "add", &self.name]))?;
        self.ip("link set lo up")?;
        let cable = format!("node-{letter}");
        first.ip(&format!(
            "link add {cable} type veth peer name {NODE_INTERFACE} netns {}",
            self.name
        ))?;
        first.ip(&format!("link set {cable} master {NODE_INTERFACE} up"))?;
        self.ip(&format!("address add {address}/{NODE_BITS} dev {NODE_INTERFACE}"))?;
        self.ip(&format!("link set {NODE_INTERFACE} up"))?;
        self.ip(&format!("route add default via {gateway}"))?;
        self.forward_packets()
    }

    /// Pulls the cable of a further node out of the bridge of the first one, or plugs it in again. At the node's end only the carrier
    /// goes: addresses and ways stay.
    pub(crate) fn plug(&self, letter: char, plugged: bool) -> Result<()> {
        let state = if plugged { "up" } else { "down" };
        self.ip(&format!("link set node-{letter} {state}"))
    }

    /// Tells it where another node's pods are.
    pub(crate) fn route(&self, pods: &str, node: Ipv4Addr) -> Result<()> {
        self.ip(&format!("route replace {pods} via {node}"))
    }

    /// Removes it. Its processes have ended before.
    pub(crate) fn remove(&self) -> Result<()> {
        run(&mut command("ip", ["netns", "delete", &self.name]))
    }

    /// `ip` in it.
    fn ip(&self, words: &str) -> Result<()> {
        let arguments = ["-netns", &self.name].into_iter().chain(words.split(' '));
        run(&mut command("ip", arguments))
    }

    fn forward_packets(&self) -> Result<()> {
        let enter = format!("--net={}", self.path());
        run(&mut command(
            "nsenter",
            [&enter, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"],
        ))
    }
}
