//! A real node: containerd, kubelet and kube-proxy in a network and cgroups of their own.

mod containerd;
mod kube_proxy;
mod kubelet;
mod pod_network;

use crate::binaries::Binaries;
use crate::cgroups::Cgroup;
use crate::command::{command, run};
use crate::deadline::until;
use crate::network::Namespace;
use crate::options::NodeLoss;
use crate::processes::{Place, Processes};
use crate::state::{Name, State};
use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use std::fs;
use std::net::Ipv4Addr;
use std::time::Duration;

/// The address of the first node, and of the control plane beside it.
pub(crate) const FIRST_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);
/// Until containerd answers.
const CONTAINERD_WITHIN: Duration = Duration::from_secs(60);

/// One of them: `node-a`, `node-b`, …
#[derive(Clone, Debug)]
pub(crate) struct Node {
    cluster: Name,
    /// 0 for `a`.
    index: u8,
    folder: Utf8PathBuf,
}

/// What all nodes of a cluster have in common.
pub(crate) struct Surroundings<'a> {
    pub(crate) binaries: &'a Binaries,
    pub(crate) node_loss: NodeLoss,
}

impl Node {
    /// The first `count` of a cluster.
    pub(crate) fn all(state: &State, count: u8) -> Vec<Self> {
        let node = |index| {
            let mut node = Self {
                cluster: state.name().clone(),
                index,
                folder: Utf8PathBuf::new(),
            };
            node.folder = state.folder().join(node.name());
            node
        };
        (0..count).map(node).collect()
    }

    pub(crate) fn name(&self) -> String {
        format!("node-{}", self.letter())
    }

    fn letter(&self) -> char {
        char::from(b'a' + self.index)
    }

    fn address(&self) -> Ipv4Addr {
        let [a, b, c, first] = FIRST_ADDRESS.octets();
        Ipv4Addr::new(a, b, c, first + self.index)
    }

    /// The network of its pods.
    fn pods(&self) -> String {
        format!("10.244.{}.0/24", self.index + 1)
    }

    /// Where the provisioner makes the node's volumes.
    pub(crate) fn volumes(&self) -> Utf8PathBuf {
        self.folder.join("volumes")
    }

    /// Where tests prepare volumes themselves.
    pub(crate) fn prepared_volumes(&self) -> Utf8PathBuf {
        self.folder.join("prepared-volumes")
    }

    /// The socket of its containerd.
    pub(crate) fn socket(&self) -> Utf8PathBuf {
        self.folder.join("containerd.sock")
    }

    fn network(&self) -> Namespace {
        if self.index == 0 {
            Namespace::first_of(&self.cluster)
        } else {
            Namespace::of_node(&self.cluster, self.letter())
        }
    }

    fn cgroup(&self) -> Cgroup {
        Cgroup::of(&self.cluster, &self.letter().to_string())
    }

    /// Makes its network, cgroups and files, and starts containerd. The API server need not be there yet.
    pub(crate) fn start_containers(&self, around: &Surroundings<'_>, processes: &mut Processes) -> Result<()> {
        for folder in ["network", "kubelet", "certificates", "logs", "volumes"] {
            let folder = self.folder.join(folder);
            fs::create_dir_all(&folder).with_context(|| format!("cannot make {folder}"))?;
        }
        self.connect()?;
        self.cgroup().create()?;
        pod_network::write(self)?;
        let configuration = containerd::write(self, around.binaries)?;
        let arguments = [format!("--config={configuration}")];
        self.start(around, processes, "containerd", &arguments)
    }

    /// Makes its network and tells the nodes before it where its pods are, and it where theirs are.
    fn connect(&self) -> Result<()> {
        let network = self.network();
        if self.index > 0 {
            let first = Namespace::first_of(&self.cluster);
            network.create_further(&first, self.letter(), self.address(), FIRST_ADDRESS)?;
        }
        for index in 0..self.index {
            let other = Self { index, ..self.clone() };
            network.route(&other.pods(), other.address())?;
            other.network().route(&self.pods(), self.address())?;
        }
        Ok(())
    }

    /// Waits for its containerd.
    pub(crate) async fn containers_ready(&self, binaries: &Binaries, processes: &mut Processes) -> Result<()> {
        let what = format!("containerd of {} answers", self.name());
        until(&what, CONTAINERD_WITHIN, async || {
            processes.all_run()?;
            let answers = crate::command::succeeds(self.ctr(binaries).arg("version"));
            Ok(answers.then_some(()))
        })
        .await
    }

    /// Gives it an image.
    pub(crate) fn import(&self, binaries: &Binaries, archive: &Utf8Path) -> Result<()> {
        let arguments = ["--namespace=k8s.io", "images", "import", archive.as_str()];
        run(self.ctr(binaries).args(arguments)).with_context(|| format!("cannot load {archive} into {}", self.name()))
    }

    fn ctr(&self, binaries: &Binaries) -> std::process::Command {
        command(binaries.program("ctr"), ["--address", self.socket().as_str()])
    }

    /// Starts kubelet and kube-proxy; they find the API server by these kubeconfigs.
    pub(crate) fn join(
        &self,
        around: &Surroundings<'_>,
        processes: &mut Processes,
        kubelet: &Utf8Path,
        kube_proxy: &Utf8Path,
    ) -> Result<()> {
        let arguments = kubelet::arguments(self, around.node_loss, kubelet)?;
        self.start(around, processes, "kubelet", &arguments)?;
        let arguments = kube_proxy::arguments(self, kube_proxy);
        self.start(around, processes, "kube-proxy", &arguments)
    }

    /// Ends all that runs on it at once, its containers too, without a word to anybody.
    pub(crate) async fn cut_power(&self) -> Result<()> {
        self.cgroup().end_processes().await
    }

    fn start(
        &self,
        around: &Surroundings<'_>,
        processes: &mut Processes,
        program: &str,
        arguments: &[String],
    ) -> Result<()> {
        let place = Place {
            network: Some(self.network()),
            cgroup: Some(self.cgroup()),
        };
        let name = format!("{program}-{}", self.letter());
        processes.start(&name, &place, &around.binaries.program(program), arguments)
    }

    /// Writes one of its files.
    fn write(&self, file: &str, text: impl AsRef<[u8]>) -> Result<Utf8PathBuf> {
        let path = self.folder.join(file);
        fs::write(&path, text).with_context(|| format!("cannot write {path}"))?;
        Ok(path)
    }
}
