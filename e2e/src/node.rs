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
use crate::processes::{self, Place, Processes};
use crate::state::{Name, State};
use anyhow::{Context, Result, ensure};
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

/// The file of kube-proxy's kubeconfig, in the cluster's folder: one for all nodes.
pub(crate) const KUBE_PROXY_KUBECONFIG: &str = "kubeconfig-kube-proxy";

/// A program of a node's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Daemon {
    Containerd,
    Kubelet,
    KubeProxy,
}

impl Daemon {
    /// In the order of a start.
    const ALL: [Self; 3] = [Self::Containerd, Self::Kubelet, Self::KubeProxy];

    fn program(self) -> &'static str {
        match self {
            Self::Containerd => "containerd",
            Self::Kubelet => "kubelet",
            Self::KubeProxy => "kube-proxy",
        }
    }
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
        containerd::write(self, around.binaries)?;
        self.start(Daemon::Containerd, around.binaries, processes)
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

    /// Starts kubelet and kube-proxy; they find the API server by their kubeconfigs, which are there.
    pub(crate) fn join(&self, around: &Surroundings<'_>, processes: &mut Processes) -> Result<()> {
        kubelet::write(self, around.node_loss)?;
        self.start(Daemon::Kubelet, around.binaries, processes)?;
        self.start(Daemon::KubeProxy, around.binaries, processes)
    }

    /// The file of its kubelet's kubeconfig, in the cluster's folder.
    pub(crate) fn kubeconfig(&self) -> String {
        format!("kubeconfig-{}", self.name())
    }

    /// Ends all that runs on it at once, its containers too, without a word to anybody.
    pub(crate) async fn cut_power(&self) -> Result<()> {
        self.cgroup().end_processes().await
    }

    /// Starts it again after that; of its containers none is there any more.
    pub(crate) async fn restore_power(&self, binaries: &Binaries, processes: &mut Processes) -> Result<()> {
        for daemon in Daemon::ALL {
            self.start_anew(daemon, binaries, processes).await?;
        }
        Ok(())
    }

    /// Ends one of its daemons with SIGKILL, and starts it again: the containers go on meanwhile.
    pub(crate) async fn restart(
        &self,
        daemon: Daemon,
        state: &State,
        binaries: &Binaries,
        processes: &mut Processes,
    ) -> Result<()> {
        processes::end_named(state, &self.process(daemon)).await?;
        self.start_anew(daemon, binaries, processes).await
    }

    async fn start_anew(&self, daemon: Daemon, binaries: &Binaries, processes: &mut Processes) -> Result<()> {
        self.start(daemon, binaries, processes)?;
        if daemon == Daemon::Containerd {
            // kubelet ends where it cannot ask it.
            self.containers_ready(binaries, processes).await?;
        }
        Ok(())
    }

    /// Pulls the cable to the other nodes out, or plugs it in again: all that runs on it goes on. The first node has none.
    pub(crate) fn connect_cable(&self, plugged: bool) -> Result<()> {
        ensure!(self.index > 0, "{} is where the control plane is", self.name());
        Namespace::first_of(&self.cluster).plug(self.letter(), plugged)
    }

    fn process(&self, daemon: Daemon) -> String {
        format!("{}-{}", daemon.program(), self.letter())
    }

    fn start(&self, daemon: Daemon, binaries: &Binaries, processes: &mut Processes) -> Result<()> {
        let place = Place {
            network: Some(self.network()),
            cgroup: Some(self.cgroup()),
        };
        let arguments = match daemon {
            Daemon::Containerd => containerd::arguments(self),
            Daemon::Kubelet => kubelet::arguments(self),
            Daemon::KubeProxy => kube_proxy::arguments(self),
        };
        processes.start(
            &self.process(daemon),
            &place,
            &binaries.program(daemon.program()),
            &arguments,
        )
    }

    /// A file of the cluster's.
    fn of_cluster(&self, file: &str) -> Utf8PathBuf {
        self.folder.with_file_name(file)
    }

    /// Writes one of its files.
    fn write(&self, file: &str, text: impl AsRef<[u8]>) -> Result<Utf8PathBuf> {
        let path = self.folder.join(file);
        fs::write(&path, text).with_context(|| format!("cannot write {path}"))?;
        Ok(path)
    }
}
