//! `cargo xtask`: what the repository does to itself: tests, generated files, fuzzing, benchmarks. Nothing of it ships.
//!
//! `cargo xtask test` needs Rust; for the tests on a cluster also root and Go. What else it needs it installs, below [`cache`] or by
//! the distribution's packages. Start with [`test`].

mod bench;
mod cache;
mod churn;
mod cluster;
mod command;
mod crds;
mod deny;
mod fuzz;
mod live;
mod longest_files;
mod python;
mod repository;
mod step;
mod test;
#[cfg(test)]
mod tidy;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Repository tasks.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that must hold: format, lints, tests, generated files, licences, live comparisons. Installs what it needs.
    Test {
        /// Slow tests run too, and tests on faults try all of their cases: an hour instead of minutes.
        #[arg(long)]
        full: bool,
    },
    /// `test`, and a look at the ten longest Rust files.
    Ci,
    /// Measures, and writes docs/benchmarks.md.
    Bench {
        #[command(subcommand)]
        benchmark: bench::Benchmark,
    },
    /// A real Kubernetes on this machine, to try things on.
    Cluster {
        #[command(subcommand)]
        task: cluster::Task,
    },
    /// Builds the images of operator and worker and writes them as archives, without a container engine.
    Images(cluster::Images),
    /// Writes the files that are made from the API types.
    Crds {
        /// Writes nothing; fails when a file is not what the types say.
        #[arg(long)]
        check: bool,
    },
    /// Writes data/churn.csv, the table of the larger example.
    Churn,
    /// Long fuzz runs under libFuzzer; prints executions and coverage.
    Fuzz(fuzz::Arguments),
    /// The live comparisons of `test` alone: our models and tables against scikit-learn, onnxruntime and pandas.
    Live(live::Arguments),
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().task {
        Task::Test { full } => Ok(test::run(full)),
        Task::Ci => {
            let code = test::run(false);
            longest_files::print()?;
            Ok(code)
        }
        Task::Bench { benchmark } => bench::run(&benchmark).map(|()| ExitCode::SUCCESS),
        Task::Cluster { task } => cluster::run(&task),
        Task::Images(images) => cluster::images(&images),
        Task::Crds { check: true } => crds::check().map(|_| ExitCode::SUCCESS),
        Task::Crds { check: false } => crds::write().map(|()| ExitCode::SUCCESS),
        Task::Churn => churn::run().map(|()| ExitCode::SUCCESS),
        Task::Fuzz(arguments) => fuzz::run(&arguments).map(|()| ExitCode::SUCCESS),
        Task::Live(arguments) => live::run(&arguments),
    }
}
