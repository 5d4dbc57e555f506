//! etcd, the API server, the controllers and the scheduler: one process each, as on a real control plane.

mod api_server;
mod controller_manager;
mod etcd;
mod scheduler;

use crate::binaries::Binaries;
use crate::certificates::{Certificates, User};
use crate::deadline::until;
use crate::kubeconfig;
use crate::options::NodeLoss;
use crate::processes::{Place, Processes};
use crate::state::State;
use anyhow::{Context, Result};
use camino::Utf8Path;
use kube::Client;
use kube::api::{GetParams, Request};
use kube::config::{KubeConfigOptions, Kubeconfig};
use std::net::SocketAddr;
use std::time::Duration;

/// Until the API server answers, on a machine that has much else to do.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// For a service's clients the API server itself is the first address of the range.
pub(crate) const API_SERVICE: &str = "10.96.0.1";

/// Who listens where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Endpoints {
    /// The API server, for the cluster's own processes.
    pub(crate) api: SocketAddr,
    /// The same for everybody on this machine: a port of the loopback.
    pub(crate) outside: SocketAddr,
    /// etcd, for the API server.
    pub(crate) etcd: SocketAddr,
    /// etcd, for other etcds, of which there are none.
    pub(crate) etcd_peers: SocketAddr,
}

/// What the control plane's processes have in common.
pub(crate) struct ControlPlane<'a> {
    pub(crate) state: &'a State,
    pub(crate) binaries: &'a Binaries,
    pub(crate) endpoints: Endpoints,
    pub(crate) certificates: &'a Certificates,
    pub(crate) node_loss: NodeLoss,
    /// Whether the controllers and the scheduler may ask as often as they like.
    pub(crate) unbounded_controllers: bool,
    pub(crate) place: Place,
}

impl ControlPlane<'_> {
    /// Starts etcd and the API server.
    pub(crate) fn start_api(&self, processes: &mut Processes) -> Result<()> {
        self.start(processes, "etcd", &etcd::arguments(self))?;
        let arguments = api_server::arguments(self)?;
        self.start(processes, "kube-apiserver", &arguments)
    }

    /// Starts those that need the API server to be there.
    pub(crate) fn start_controllers(&self, processes: &mut Processes, manager: &User, scheduler: &User) -> Result<()> {
        let manager = self.kubeconfig("kubeconfig-controller-manager", manager)?;
        let arguments = controller_manager::arguments(self, &manager);
        self.start(processes, "kube-controller-manager", &arguments)?;
        let scheduler = self.kubeconfig("kubeconfig-scheduler", scheduler)?;
        self.start(processes, "kube-scheduler", &scheduler::arguments(self, &scheduler))
    }

    /// How often those that watch and act may ask: they hold back for the sake of large clusters, and where pods end in moments that
    /// would be all that one sees of them.
    fn pace(&self) -> Vec<String> {
        let pace = ["--kube-api-qps=1000", "--kube-api-burst=2000"];
        pace.iter()
            .filter(|_| self.unbounded_controllers)
            .map(|&flag| flag.to_owned())
            .collect()
    }

    /// Writes a kubeconfig for one of the cluster's own processes.
    pub(crate) fn kubeconfig(&self, file: &str, user: &User) -> Result<camino::Utf8PathBuf> {
        let Self {
            state,
            endpoints,
            certificates,
            ..
        } = self;
        kubeconfig::write(state, Utf8Path::new(file), endpoints.api, certificates, user)
    }

    /// Starts a program of [`Binaries`] in the control plane's place.
    pub(crate) fn start(&self, processes: &mut Processes, name: &str, arguments: &[String]) -> Result<()> {
        processes.start(name, &self.place, &self.binaries.program(name), arguments)
    }
}

/// A client by this kubeconfig, once the API server behind it says that it is ready.
pub(crate) async fn ready_client(processes: &mut Processes, path: &Utf8Path) -> Result<Client> {
    let client = client(path).await?;
    until("the API server is ready", READY_WITHIN, async || {
        processes.all_run()?;
        let request = Request::new("").get("readyz", &GetParams::default());
        let request = request.context("the question whether it is ready")?;
        Ok(client.request_text(request).await.is_ok().then_some(()))
    })
    .await?;
    Ok(client)
}

/// A client by this kubeconfig.
pub(crate) async fn client(path: &Utf8Path) -> Result<Client> {
    let kubeconfig = Kubeconfig::read_from(path).with_context(|| format!("cannot read the kubeconfig {path}"))?;
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .with_context(|| format!("cannot use the kubeconfig {path}"))?;
    Client::try_from(config).with_context(|| format!("cannot make a client from {path}"))
}
