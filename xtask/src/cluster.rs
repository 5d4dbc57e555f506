//! `cargo xtask cluster` and `cargo xtask images`: what the crate `e2e` can do, without linking its Kubernetes client here.

use crate::command;
use anyhow::{Context, Result};
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
        #[command(flatten)]
        which: Which,
    },
    /// Ends one and removes all that it made, also after a crash.
    Down(Which),
    /// Prints the path of one's kubeconfig.
    Kubeconfig(Which),
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
        Task::Up { nodes, which } => {
            let nodes = nodes.to_string();
            trainyard_cluster(&[&["up", "--nodes", &nodes], &which.words()[..]].concat())
        }
        Task::Down(which) => trainyard_cluster(&[&["down"], &which.words()[..]].concat()),
        Task::Kubeconfig(which) => trainyard_cluster(&[&["kubeconfig"], &which.words()[..]].concat()),
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

/// Its exit code is ours: it has said itself what went wrong.
fn trainyard_cluster(arguments: &[&str]) -> Result<ExitCode> {
    let cargo = [
        "run",
        "--quiet",
        "--locked",
        "--package",
        "trainyard-e2e",
        "--bin",
        "trainyard-cluster",
        "--",
    ];
    let status = command::cargo([&cargo, arguments].concat())
        .status()
        .context("cannot start cargo")?;
    Ok(ExitCode::from(u8::from(!status.success())))
}
