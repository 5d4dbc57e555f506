//! `trainyard-cluster`: a Kubernetes for an hour, and our images. `cargo xtask cluster` and `cargo xtask images` call it.
#![expect(clippy::print_stdout, reason = "the path of the kubeconfig is what this is run for")]

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand};
use std::process::ExitCode;
use trainyard_e2e::benchmark::scale::{self, Scale};
use trainyard_e2e::benchmark::{self, Extent};
use trainyard_e2e::image::build;
use trainyard_e2e::{
    Binaries, Cluster, Ended, Name, OPERATOR_RUNS, OperatorRuns, Options, TestRun, Tests, kubeconfig_of,
    missing_for_a_cluster,
};

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
        /// Nodes on which no container runs, pods end at once: all that there can be where one is not root.
        #[arg(long, default_value_t = 0)]
        fake_nodes: u8,
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
    /// Measures the sample pipeline beside bare pods and Jobs, on a cluster of its own; prints the figures as JSON.
    Bench {
        /// Pairs of a run and three bare pods.
        #[arg(long, default_value_t = 10)]
        pairs: u32,
        #[command(flatten)]
        which: Which,
    },
    /// Measures many runs through one operator, and bursts of them; prints the figures as JSON.
    BenchScale {
        /// Runs through one operator, on fake nodes.
        #[arg(long, default_value_t = 10_000)]
        runs: usize,
        /// Rounds of a burst on one kubelet.
        #[arg(long, default_value_t = 3)]
        bursts: u32,
        #[command(flatten)]
        which: Which,
    },
    /// Runs the tests on a cluster: builds our images, brings a cluster up where none of the name is, puts the operator into it.
    Test {
        /// Only tests whose names hold one of these.
        filters: Vec<String>,
        /// Leaves the cluster up, and the namespaces of failed tests in it.
        #[arg(long)]
        keep: bool,
        /// Slow tests run too, and tests on faults try all of their cases: an hour instead of minutes.
        #[arg(long)]
        full: bool,
        /// How the operator runs.
        #[arg(long, value_enum, default_value_t = OPERATOR_RUNS)]
        operator: OperatorRuns,
        #[command(flatten)]
        which: Which,
    },
}

/// Which cluster.
#[derive(Args)]
struct Which {
    /// Clusters of different names run beside each other.
    #[arg(long, default_value_t)]
    name: Name,
}

/// The exit code where this machine does not allow what was asked for. `cargo xtask test` then says what it has not checked.
const NOT_HERE: u8 = 77;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<ExitCode> {
    match Arguments::parse().task {
        Task::Up {
            nodes,
            fake_nodes,
            images,
            which,
        } => {
            let options = Options {
                name: which.name,
                nodes,
                fake_nodes,
                images: if nodes > 0 { our_images(images)? } else { Vec::new() },
                ..Options::default()
            };
            up(&options).await?;
        }
        Task::Down(which) => Cluster::down_by_name(&which.name).await?,
        Task::Kubeconfig(which) => println!("{}", kubeconfig_of(&which.name)?),
        Task::Images { out } => build::write_archives(&out.unwrap_or_else(default_images)).map(drop)?,
        Task::Bench { pairs, which } => {
            let extent = Extent {
                pairs,
                ..Extent::default()
            };
            let figures = benchmark::measure(&which.name, extent).await?;
            println!("{}", serde_json::to_string(&figures)?);
        }
        Task::BenchScale { runs, bursts, which } => {
            let scale = Scale {
                runs,
                jobs: runs.min(Scale::default().jobs),
                bursts,
                ..Scale::default()
            };
            let figures = scale::measure(&which.name, scale).await?;
            println!("{}", serde_json::to_string(&figures)?);
        }
        Task::Binaries => {
            if let Some(reason) = missing_for_a_cluster()? {
                eprintln!("NOT BUILT: {reason}");
                return Ok(ExitCode::from(NOT_HERE));
            }
            Binaries::built().map(drop)?;
        }
        Task::Test {
            filters,
            keep,
            full,
            operator,
            which,
        } => {
            if let Some(reason) = missing_for_a_cluster()? {
                eprintln!("NOT CHECKED: nothing is tested on a cluster: {reason}");
                return Ok(ExitCode::from(NOT_HERE));
            }
            let tests = Tests::here();
            if tests == Tests::FakeNodes {
                eprintln!(
                    "NOT ROOT: only what needs no container is tested, on fake nodes; run this as root for all tests"
                );
            }
            let run = TestRun {
                name: which.name,
                filters,
                keep,
                full,
                operator: if tests == Tests::FakeNodes {
                    OperatorRuns::Process
                } else {
                    operator
                },
                tests,
            };
            return run.run().await.map(|ended| told(&run.tests, &ended));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what was not checked, and gives the exit code. What nobody asked for, being slow, does not change it.
fn told(tests: &Tests, ended: &Ended) -> ExitCode {
    let Ended::Passed { left_out, not_checked } = ended else {
        return ExitCode::FAILURE;
    };
    for line in left_out {
        eprintln!("LEFT OUT {line}");
    }
    for line in not_checked {
        eprintln!("NOT CHECKED {line}");
    }
    if *tests == Tests::FakeNodes {
        eprintln!("NOT CHECKED: everything that needs a container, since only root can start one");
    }
    if not_checked.is_empty() && *tests == Tests::Everything {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NOT_HERE)
    }
}

fn default_images() -> Utf8PathBuf {
    build::target().join("images")
}

fn our_images(folder: Option<Utf8PathBuf>) -> Result<Vec<Utf8PathBuf>> {
    let folder = folder.or_else(|| Some(default_images()).filter(|folder| folder.exists()));
    if let Some(folder) = folder {
        return build::archives_in(&folder);
    }
    eprintln!("no images of Trainyard are loaded: `cargo xtask images` makes them");
    Ok(Vec::new())
}

async fn up(options: &Options) -> Result<()> {
    let cluster = Cluster::up(options).await?;
    println!("export KUBECONFIG={}", cluster.kubeconfig());
    println!("export PATH={}:$PATH", cluster.programs());
    println!(
        "# kubectl get nodes; `cargo xtask cluster down --name {}` ends it",
        options.name
    );
    Ok(())
}
