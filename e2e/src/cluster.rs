//! A cluster from its first process to its last.

use crate::binaries::Binaries;
use crate::certificates::{Certificates, User};
use crate::cgroups::Cgroup;
use crate::command::{command, output};
use crate::control_plane::{self, API_SERVICE, ControlPlane, Endpoints};
use crate::network::Namespace;
use crate::node::{FIRST_ADDRESS, KUBE_PROXY_KUBECONFIG, Node, Surroundings};
use crate::operator::{self, OperatorRuns};
use crate::options::{NODES_MAX, Options};
use crate::phases::Phases;
use crate::processes::{self, Place, Processes};
use crate::state::{Name, State};
use crate::{dns, fake_nodes, forwarder, image, kubeconfig, mounts, packages, readiness, storage};
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
            options.nodes == 0 || is_root(),
            "only root can make the networks and the cgroups of real nodes; run this as root, or ask for fake nodes only: --nodes 0 \
             --fake-nodes 2"
        );
        let mut phases = Phases::start();
        packages::install_missing()?;
        let binaries = Binaries::built()?;
        let mut images = Vec::new();
        if options.nodes > 0 {
            images.extend(image::archives_for_tests(&binaries)?);
            images.extend(options.images.clone());
        }
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
            whose: Whose::Ours,
            nodes: options.nodes,
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

    /// A cluster that somebody else has brought up, by its kubeconfig. What we keep about it goes by [`Self::down_by_name`]; the
    /// cluster stays as it is.
    ///
    /// # Errors
    /// When kubectl cannot read the kubeconfig, or a cluster of this name is up.
    pub async fn adopt(name: &Name, kubeconfig: &Utf8Path) -> Result<Self> {
        let binaries = Binaries::built()?;
        let state = State::of(name)?;
        let _lock = state.lock()?;
        ensure!(
            !state.ready().exists(),
            "cluster `{name}` is up already: give another name"
        );
        tear_down(&state).await?;
        state.create()?;
        link_programs(&state, &binaries)?;
        let view = ["config", "view", "--raw", "--flatten", "--minify", "--output=json"];
        let view = output(command(binaries.program("kubectl"), view).env("KUBECONFIG", kubeconfig));
        let view = view.with_context(|| format!("cannot read the kubeconfig {kubeconfig}"))?;
        for path in [state.kubeconfig(), state.inside_kubeconfig()] {
            state.write(path, &view)?;
        }
        let summary = Summary {
            whose: Whose::Foreign,
            nodes: 0,
        };
        let summary = serde_json::to_string(&summary).context("a summary has only text keys")?;
        state.write(state.ready(), summary)?;
        Self::running(name).await
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

    /// The same cluster once more, for somebody else.
    pub(crate) fn again(&self) -> Self {
        Self {
            client: self.client.clone(),
            processes: Processes::of(&self.state),
            state: self.state.clone(),
        }
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

    /// Its name.
    pub fn name(&self) -> &Name {
        self.state.name()
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Its real nodes; none of a cluster that somebody else has brought up.
    pub(crate) fn nodes(&self) -> Result<Vec<Node>> {
        Ok(Node::all(&self.state, self.summary()?.nodes))
    }

    /// Whether somebody else has brought it up: then we know of it what its API says, and nothing more.
    pub(crate) fn is_foreign(&self) -> Result<bool> {
        Ok(self.summary()?.whose == Whose::Foreign)
    }

    fn summary(&self) -> Result<Summary> {
        let path = self.state.ready();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        serde_json::from_str(&text).with_context(|| format!("{path} is not ours"))
    }
}

/// Who brought a cluster up.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Whose {
    Ours,
    Foreign,
}

/// What a later program has to know of a cluster.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    whose: Whose,
    nodes: u8,
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

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Where the control plane runs: in a network and a cgroup of its own where we may make them, else among everybody's processes.
pub(crate) fn place(cluster: &Name) -> Place {
    if !is_root() {
        return Place::default();
    }
    Place {
        network: Some(Namespace::first_of(cluster)),
        cgroup: Some(Cgroup::of_control(cluster)),
    }
}

/// In a network of its own the ports are always the same; on everybody's loopback they are some that nobody has.
fn endpoints(place: &Place) -> Result<Endpoints> {
    let outside = forwarder::free_port()?;
    if place.network.is_none() {
        return Ok(Endpoints {
            api: outside,
            outside,
            etcd: forwarder::free_port()?,
            etcd_peers: forwarder::free_port()?,
        });
    }
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    Ok(Endpoints {
        api: SocketAddr::from((FIRST_ADDRESS, 6443)),
        outside,
        etcd: local(2379),
        etcd_peers: local(2380),
    })
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
    kwok: User,
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
            kwok: User::component("kwok")?,
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
            kwok,
            kubelets,
        } = self;
        let parts = [admin, manager, scheduler, proxy, dns, provisioner, kwok];
        parts.into_iter().chain(kubelets).collect()
    }
}

impl Rising {
    /// Folder, network, cgroup, certificates and kubeconfigs: all that is there before the first process.
    fn begin(options: &Options, state: State, binaries: Binaries) -> Result<Self> {
        state.create()?;
        link_programs(&state, &binaries)?;
        let nodes = Node::all(&state, options.nodes);
        let place = place(&options.name);
        let endpoints = endpoints(&place)?;
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
        if let Some(network) = &place.network {
            network.create_first(FIRST_ADDRESS)?;
        }
        if let Some(cgroup) = &place.cgroup {
            cgroup.create()?;
        }
        Ok(Self {
            options: options.clone(),
            processes: Processes::of(&state),
            place,
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
            unbounded_controllers: self.options.unbounded_controllers || nodes.is_empty(),
            place: self.place.clone(),
        };
        plane.start_api(processes)?;
        if self.place.network.is_some() {
            forwarder::start(state, processes, self.endpoints, &self.place)?;
        }
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
            plane.kubeconfig(KUBE_PROXY_KUBECONFIG, &self.users.proxy)?;
            for (node, user) in nodes.iter().zip(&self.users.kubelets) {
                plane.kubeconfig(&node.kubeconfig(), user)?;
                node.join(&around, processes)?;
            }
            let kubeconfig = plane.kubeconfig("kubeconfig-coredns", &self.users.dns)?;
            dns::start(&plane, processes, &kubeconfig)?;
            let kubeconfig = plane.kubeconfig("kubeconfig-local-path-provisioner", &self.users.provisioner)?;
            storage::start(&plane, nodes, processes, &kubeconfig)?;
        }
        if self.options.fake_nodes > 0 {
            let kubeconfig = plane.kubeconfig("kubeconfig-kwok", &self.users.kwok)?;
            fake_nodes::start(&plane, processes, &kubeconfig)?;
        }
        Ok(client)
    }

    async fn nodes_and_addons(&mut self, client: &Client) -> Result<()> {
        if !self.nodes.is_empty() {
            for object in dns::objects().into_iter().chain(storage::objects(&self.nodes)) {
                readiness::create(client, object).await?;
            }
        }
        for fake in fake_nodes::objects(self.options.fake_nodes) {
            readiness::create(client, fake).await?;
        }
        readiness::service_account(client, &mut self.processes).await?;
        let real = self.nodes.iter().map(Node::name);
        for name in real.chain(fake_nodes::names(self.options.fake_nodes)) {
            readiness::node(client, &name, &mut self.processes).await?;
        }
        Ok(())
    }
}

fn link_programs(state: &State, binaries: &Binaries) -> Result<()> {
    for program in binaries.for_path() {
        let link = state.programs().join(program.file_name().unwrap_or_default());
        symlink(&program, &link).with_context(|| format!("cannot make the link {link}"))?;
    }
    Ok(())
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
