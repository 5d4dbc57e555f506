//! A cluster from its first process to its last.

use crate::binaries::Binaries;
use crate::certificates::{Certificates, User};
use crate::cgroups::Cgroup;
use crate::control_plane::{self, API_SERVICE, ControlPlane, Endpoints};
use crate::network::Namespace;
use crate::node::{FIRST_ADDRESS, Node, Surroundings};
use crate::operator::{self, OperatorRuns};
use crate::options::{NODES_MAX, NodeLoss, Options};
use crate::phases::Phases;
use crate::processes::{self, Place, Processes};
use crate::state::{Name, State};
use crate::{dns, forwarder, image, kubeconfig, mounts, packages, readiness, storage};
use anyhow::{Context, Result, bail, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use kube::Client;
use serde::{Deserialize, Serialize};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::symlink;

/// A running cluster. Dropping it leaves it running: [`Cluster::down`] ends it, also from another program, by its name.
pub struct Cluster {
    state: State,
    client: Client,
    processes: Processes,
}

impl Cluster {
    /// Brings one up, with a line and its seconds for each phase. What an earlier one of the same name left half done goes first.
    ///
    /// # Errors
    /// When one of that name runs already, when we are not root, and when a part does not come up: then with its last lines. What
    /// has been started stays, to be looked at; [`Cluster::down`], or the next `up`, removes it.
    pub async fn up(options: &Options) -> Result<Self> {
        ensure!(
            options.nodes <= NODES_MAX,
            "a cluster has at most {NODES_MAX} nodes, not {}",
            options.nodes
        );
        ensure!(
            rustix::process::geteuid().is_root(),
            "only root can make the network and the cgroups of a cluster; run this as root"
        );
        let mut phases = Phases::start();
        packages::install_missing()?;
        let binaries = Binaries::built()?;
        let [pause, shell] = image::archives_for_tests(&binaries)?;
        let images: Vec<_> = [pause, shell].into_iter().chain(options.images.clone()).collect();
        phases.done("programs and images");

        let state = State::of(&options.name)?;
        let _lock = state.lock()?;
        if state.ready().exists() {
            bail!(
                "cluster `{}` is up already: bring it down first, or give another name",
                options.name
            );
        }
        tear_down(&state).await?;
        let mut rising = Rising::begin(options, state, binaries)?;
        phases.done("network and certificates");

        let client = rising.control_plane(&images).await?;
        phases.done("control plane and containerd");

        rising.nodes_and_addons(&client).await?;
        phases.done("nodes, DNS, default StorageClass");

        let Rising { state, processes, .. } = rising;
        let summary = Summary {
            nodes: options.nodes,
            node_loss: options.node_loss,
        };
        let summary = serde_json::to_string(&summary).context("a summary has only text keys")?;
        state.write(state.ready(), summary)?;
        eprintln!("{:7.1} s  together", phases.seconds());
        Ok(Self {
            state,
            client,
            processes,
        })
    }

    /// Ends it and removes all that it made.
    pub async fn down(mut self) -> Result<()> {
        let _lock = self.state.lock()?;
        tear_down(&self.state).await?;
        self.processes.reap();
        Ok(())
    }

    /// Ends the cluster of this name, whoever brought it up and however far, and removes all that it made. None is no error.
    pub async fn down_by_name(name: &Name) -> Result<()> {
        let state = State::of(name)?;
        let _lock = state.lock()?;
        tear_down(&state).await
    }

    /// The cluster of this name, which somebody brought up.
    ///
    /// # Errors
    /// When there is none.
    pub async fn running(name: &Name) -> Result<Self> {
        let kubeconfig = kubeconfig_of(name)?;
        let state = State::of(name)?;
        Ok(Self {
            client: control_plane::client(&kubeconfig).await?,
            processes: Processes::of(&state),
            state,
        })
    }

    /// Whether the cluster of this name is up.
    pub fn is_up(name: &Name) -> Result<bool> {
        Ok(State::of(name)?.ready().exists())
    }

    /// Loads images into every real node; one of the same name is replaced.
    pub fn load(&self, archives: &[Utf8PathBuf]) -> Result<()> {
        let binaries = Binaries::built()?;
        for node in self.nodes()? {
            for archive in archives {
                node.import(&binaries, archive)?;
            }
        }
        Ok(())
    }

    /// Puts the operator that is to be tested into it, in place of one that is there.
    pub async fn install_operator(&mut self, runs: OperatorRuns, program: &Utf8Path) -> Result<()> {
        operator::install(&self.state, &mut self.processes, runs, program).await
    }

    /// A client with all rights.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The kubeconfig for everybody on this machine.
    pub fn kubeconfig(&self) -> Utf8PathBuf {
        self.state.kubeconfig()
    }

    /// The kubeconfig for processes in the cluster's own network.
    pub fn inside_kubeconfig(&self) -> Utf8PathBuf {
        self.state.inside_kubeconfig()
    }

    /// The folder with `kubectl`, `helm` and all other programs, for a `PATH`.
    pub fn programs(&self) -> Utf8PathBuf {
        self.state.programs()
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Its real nodes.
    pub(crate) fn nodes(&self) -> Result<Vec<Node>> {
        let path = self.state.ready();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let summary: Summary = serde_json::from_str(&text).with_context(|| format!("{path} is not ours"))?;
        Ok(Node::all(&self.state, summary.nodes))
    }
}

/// What is kept of a cluster's [`Options`].
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    nodes: u8,
    node_loss: NodeLoss,
}

/// The kubeconfig of the cluster of this name, for everybody on this machine. An error when there is no such cluster.
pub fn kubeconfig_of(name: &Name) -> Result<Utf8PathBuf> {
    let state = State::of(name)?;
    ensure!(
        state.ready().exists(),
        "no cluster `{name}` is up; `cargo xtask cluster up` makes one"
    );
    Ok(state.kubeconfig())
}

/// A cluster on its way up.
struct Rising {
    options: Options,
    state: State,
    binaries: Binaries,
    processes: Processes,
    endpoints: Endpoints,
    certificates: Certificates,
    users: Users,
    place: Place,
    nodes: Vec<Node>,
}

/// Everybody whom the API server knows.
struct Users {
    admin: User,
    manager: User,
    scheduler: User,
    proxy: User,
    dns: User,
    provisioner: User,
    kubelets: Vec<User>,
}

impl Users {
    fn new(nodes: &[Node]) -> Result<Self> {
        Ok(Self {
            admin: User::admin()?,
            manager: User::component("kube-controller-manager")?,
            scheduler: User::component("kube-scheduler")?,
            proxy: User::component("kube-proxy")?,
            dns: User::component("coredns")?,
            provisioner: User::component("local-path-provisioner")?,
            kubelets: nodes
                .iter()
                .map(|node| User::node(&node.name()))
                .collect::<Result<_>>()?,
        })
    }

    fn all(&self) -> Vec<&User> {
        let Self {
            admin,
            manager,
            scheduler,
            proxy,
            dns,
            provisioner,
            kubelets,
        } = self;
        let parts = [admin, manager, scheduler, proxy, dns, provisioner];
        parts.into_iter().chain(kubelets).collect()
    }
}

impl Rising {
    /// Folder, network, cgroup, certificates and kubeconfigs: all that is there before the first process.
    fn begin(options: &Options, state: State, binaries: Binaries) -> Result<Self> {
        state.create()?;
        for program in binaries.for_path() {
            let link = state.programs().join(program.file_name().unwrap_or_default());
            symlink(&program, &link).with_context(|| format!("cannot make the link {link}"))?;
        }
        let nodes = Node::all(&state, options.nodes);
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let endpoints = Endpoints {
            api: SocketAddr::from((FIRST_ADDRESS, 6443)),
            outside: forwarder::free_port()?,
            etcd: local(2379),
            etcd_peers: local(2380),
        };
        let users = Users::new(&nodes)?;
        let addresses = [
            endpoints.api.ip().to_string(),
            API_SERVICE.to_owned(),
            "127.0.0.1".to_owned(),
        ];
        let certificates = Certificates::create(&state, &addresses, &users.all())?;
        for (path, server) in [
            (state.kubeconfig(), endpoints.outside),
            (state.inside_kubeconfig(), endpoints.api),
        ] {
            kubeconfig::write(&state, &path, server, &certificates, &users.admin)?;
        }
        let network = Namespace::first_of(&options.name);
        network.create_first(FIRST_ADDRESS)?;
        let cgroup = Cgroup::of_control(&options.name);
        cgroup.create()?;
        Ok(Self {
            options: options.clone(),
            processes: Processes::of(&state),
            place: Place {
                network: Some(network),
                cgroup: Some(cgroup),
            },
            state,
            binaries,
            endpoints,
            certificates,
            users,
            nodes,
        })
    }

    /// The nodes' runtimes start, and load their images, while the API server starts.
    async fn control_plane(&mut self, images: &[Utf8PathBuf]) -> Result<Client> {
        let Self {
            state,
            binaries,
            processes,
            nodes,
            ..
        } = self;
        let plane = ControlPlane {
            state,
            binaries,
            endpoints: self.endpoints,
            certificates: &self.certificates,
            node_loss: self.options.node_loss,
            place: self.place.clone(),
        };
        plane.start_api(processes)?;
        forwarder::start(state, processes, self.endpoints, &self.place)?;
        let around = Surroundings {
            binaries,
            node_loss: self.options.node_loss,
        };
        for node in &*nodes {
            node.start_containers(&around, processes)?;
        }
        for node in &*nodes {
            node.containers_ready(binaries, processes).await?;
            for archive in images {
                node.import(binaries, archive)?;
            }
        }
        let client = control_plane::ready_client(processes, &state.kubeconfig()).await?;
        plane.start_controllers(processes, &self.users.manager, &self.users.scheduler)?;
        if !nodes.is_empty() {
            let proxy = plane.kubeconfig("kubeconfig-kube-proxy", &self.users.proxy)?;
            for (node, user) in nodes.iter().zip(&self.users.kubelets) {
                let kubelet = plane.kubeconfig(&format!("kubeconfig-{}", node.name()), user)?;
                node.join(&around, processes, &kubelet, &proxy)?;
            }
            let kubeconfig = plane.kubeconfig("kubeconfig-coredns", &self.users.dns)?;
            dns::start(&plane, processes, &kubeconfig)?;
            let kubeconfig = plane.kubeconfig("kubeconfig-local-path-provisioner", &self.users.provisioner)?;
            storage::start(&plane, nodes, processes, &kubeconfig)?;
        }
        Ok(client)
    }

    async fn nodes_and_addons(&mut self, client: &Client) -> Result<()> {
        if !self.nodes.is_empty() {
            for object in dns::objects().into_iter().chain(storage::objects(&self.nodes)) {
                readiness::create(client, object).await?;
            }
        }
        readiness::service_account(client, &mut self.processes).await?;
        for node in &self.nodes {
            readiness::node(client, &node.name(), &mut self.processes).await?;
        }
        Ok(())
    }
}

/// Ends and removes what the cluster's folder and the names of its parts lead to; none of it need be there.
async fn tear_down(state: &State) -> Result<()> {
    let name = state.name();
    for cgroup in Cgroup::all_of(name)? {
        cgroup.remove().await?;
    }
    processes::end_recorded(state).await?;
    mounts::remove_below(state.folder())?;
    for network in Namespace::all_of(name)? {
        network.remove()?;
    }
    state.remove()
}
