//! `cargo xtask cluster` and `cargo xtask images`: what the crate `e2e` can do, without linking its Kubernetes client here.

use crate::step::Checked;
use crate::{command, repository};
use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;
use std::process::ExitCode;

/// What to do with a cluster.
#[derive(clap::Subcommand)]
pub(crate) enum Task {
    /// Brings one up and says how to use it. The first time Kubernetes is built, which takes minutes.
    Up {
        /// Real nodes, with kubelet and containerd.
        #[arg(long, default_value_t = 1)]
        nodes: u8,
        /// Nodes on which no container runs, pods end at once: all that there can be where one is not root.
        #[arg(long, default_value_t = 0)]
        fake_nodes: u8,
        #[command(flatten)]
        which: Which,
    },
    /// Ends one and removes all that it made, also after a crash.
    Down(Which),
    /// Prints the path of one's kubeconfig.
    Kubeconfig(Which),
    /// Runs the tests on a cluster. Builds our images, brings a cluster up where none of the name is, puts the operator into it,
    /// and ends what it brought up.
    Test {
        /// Only tests whose names hold one of these.
        filters: Vec<String>,
        /// Leaves the cluster up, and the namespaces of failed tests in it: what one does while working on them.
        #[arg(long)]
        keep: bool,
        /// Slow tests run too, and tests on faults try all of their cases: an hour instead of minutes.
        #[arg(long)]
        full: bool,
        #[command(flatten)]
        which: Which,
    },
}

/// Which cluster.
#[derive(clap::Args)]
pub(crate) struct Which {
    /// Clusters of different names run beside each other.
    #[arg(long)]
    name: Option<String>,
}

/// What `cargo xtask images` takes.
#[derive(clap::Args)]
pub(crate) struct Images {
    /// Where the archives are written [default: target/images].
    #[arg(long)]
    out: Option<Utf8PathBuf>,
}

/// Does it.
pub(crate) fn run(task: &Task) -> Result<ExitCode> {
    match task {
        Task::Up {
            nodes,
            fake_nodes,
            which,
        } => {
            let (nodes, fake_nodes) = (nodes.to_string(), fake_nodes.to_string());
            let words = ["up", "--nodes", &nodes, "--fake-nodes", &fake_nodes];
            trainyard_cluster(&[&words, &which.words()[..]].concat())
        }
        Task::Down(which) => trainyard_cluster(&[&["down"], &which.words()[..]].concat()),
        Task::Kubeconfig(which) => trainyard_cluster(&[&["kubeconfig"], &which.words()[..]].concat()),
        Task::Test {
            filters,
            keep,
            full,
            which,
        } => {
            let filters: Vec<_> = filters.iter().map(String::as_str).collect();
            let (keep, full) = (keep.then_some("--keep"), full.then_some("--full"));
            let options = [keep.as_slice(), full.as_slice()].concat();
            let words = [&["test"], &which.words()[..], &options, &["--"], &filters].concat();
            trainyard_cluster(&words)
        }
    }
}

/// Builds and writes the images.
pub(crate) fn images(images: &Images) -> Result<ExitCode> {
    let out = images.out.iter().flat_map(|folder| ["--out", folder.as_str()]);
    trainyard_cluster(&["images"].into_iter().chain(out).collect::<Vec<_>>())
}

impl Which {
    fn words(&self) -> Vec<&str> {
        self.name.iter().flat_map(|name| ["--name", name]).collect()
    }
}

/// Its exit code is ours: it has said itself what went wrong, or what it has not checked.
fn trainyard_cluster(arguments: &[&str]) -> Result<ExitCode> {
    let code = ended(arguments)?;
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// With what the harness ends when this machine does not allow what it was asked for; it has said why.
const NOT_HERE: i32 = 77;

/// What a step of `cargo xtask test` asks of the harness.
pub(crate) fn step(arguments: &[&str]) -> Result<Checked> {
    match ended(arguments)? {
        0 => Ok(Checked::Whole),
        NOT_HERE => Ok(Checked::AllBut(
            "what this machine does not allow on a cluster: the lines NOT CHECKED above name it".to_owned(),
        )),
        _ => bail!("`trainyard-cluster {}` has said why above", arguments.join(" ")),
    }
}

/// Builds the harness with the features that the whole workspace has, so that its dependencies are built once, and runs it.
fn ended(arguments: &[&str]) -> Result<i32> {
    let build = [
        "build",
        "--quiet",
        "--locked",
        "--workspace",
        "--bin",
        "trainyard-cluster",
    ];
    command::run(&mut command::cargo(build))?;
    let program = repository::target().join("debug/trainyard-cluster");
    let status = command::command(program, arguments).status();
    let status = status.context("cannot start trainyard-cluster")?;
    Ok(status.code().unwrap_or(1))
}
