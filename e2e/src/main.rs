//! `trainyard-cluster`: a Kubernetes for an hour, and our images. `cargo xtask cluster` and `cargo xtask images` call it.
#![expect(clippy::print_stdout, reason = "the path of the kubeconfig is what this is run for")]

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand};
use std::process::ExitCode;
use trainyard_e2e::image::build;
use trainyard_e2e::{Binaries, Cluster, Name, Options, kubeconfig_of};

/// A real Kubernetes on this machine, and Trainyard's images.
#[derive(Parser)]
#[command(name = "trainyard-cluster")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Brings a cluster up and says how to use it.
    Up {
        /// Real nodes, with kubelet and containerd.
        #[arg(long, default_value_t = 1)]
        nodes: u8,
        /// A folder: every archive `*.tar` in it is loaded into each node [default: target/images, where it is there].
        #[arg(long)]
        images: Option<Utf8PathBuf>,
        #[command(flatten)]
        which: Which,
    },
    /// Ends a cluster and removes all that it made, also after a crash.
    Down(Which),
    /// Prints the path of a cluster's kubeconfig.
    Kubeconfig(Which),
    /// Builds trainyard-operator and trainyard-worker and writes their images as archives.
    Images {
        /// Where to [default: target/images].
        #[arg(long)]
        out: Option<Utf8PathBuf>,
    },
    /// Builds Kubernetes and what belongs to it, where the cache does not have it.
    Binaries,
}

/// Which cluster.
#[derive(Args)]
struct Which {
    /// Clusters of different names run beside each other.
    #[arg(long, default_value_t)]
    name: Name,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    match Arguments::parse().task {
        Task::Up { nodes, images, which } => up(nodes, images, which.name).await,
        Task::Down(which) => Cluster::down_by_name(&which.name).await,
        Task::Kubeconfig(which) => {
            println!("{}", kubeconfig_of(&which.name)?);
            Ok(())
        }
        Task::Images { out } => build::write_archives(&out.unwrap_or_else(default_images)),
        Task::Binaries => Binaries::built().map(drop),
    }
}

fn default_images() -> Utf8PathBuf {
    build::target().join("images")
}

async fn up(nodes: u8, images: Option<Utf8PathBuf>, name: Name) -> Result<()> {
    let images = match images {
        Some(folder) => build::archives_in(&folder)?,
        None if default_images().exists() => build::archives_in(&default_images())?,
        None => {
            eprintln!("no images of Trainyard are loaded: `cargo xtask images` makes them");
            Vec::new()
        }
    };
    let options = Options {
        name,
        nodes,
        images,
        ..Options::default()
    };
    let cluster = Cluster::up(&options).await?;
    println!("export KUBECONFIG={}", cluster.kubeconfig());
    println!("export PATH={}:$PATH", cluster.programs());
    println!(
        "# kubectl get nodes; `cargo xtask cluster down --name {}` ends it",
        options.name
    );
    Ok(())
}
