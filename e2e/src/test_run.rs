//! One run of the tests on a cluster: our images, a cluster, the operator in it, `cargo test`, and the end of what was brought up.

use crate::cluster::Cluster;
use crate::command::{command, run_shown, succeeds};
use crate::image::build;
use crate::operator::OperatorRuns;
use crate::options::Options;
use crate::phases::Phases;
use crate::state::{Name, State};
use crate::vocabulary;
use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use std::fs;

/// How many tests run at once where nobody says it. Most of their time they wait for a kubelet, which looks at its containers once a
/// second.
const TESTS_AT_ONCE: &str = "8";

/// What to test, and on what.
#[derive(Clone, Debug)]
pub struct TestRun {
    /// The cluster: brought up, and down at the end, unless one of this name is up already.
    pub name: Name,
    /// What stands in the names of the tests that run; all of them where it is empty.
    pub filters: Vec<String>,
    /// Whether the cluster stays up.
    pub keep: bool,
    /// How the operator runs.
    pub operator: OperatorRuns,
}

/// How the tests ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All of them hold.
    Passed,
    /// They have said themselves what does not hold.
    Failed,
}

impl TestRun {
    /// Runs them.
    ///
    /// # Errors
    /// When they could not be run: an image cannot be built, the cluster or the operator does not come up.
    pub async fn run(&self) -> Result<Ended> {
        let mut phases = Phases::start();
        let [operator, worker] = build::write_archives(&images())?;
        let test_worker = build::write_test_archive(&build::target().join("test-images"), &worker)?;
        build_trainyard()?;
        phases.done("our programs and images");
        let ours = [build::archives_in(&images())?, vec![test_worker]].concat();

        let was_up = Cluster::is_up(&self.name)?;
        let ended = self.on_cluster(was_up, &ours, &operator).await;
        if !matches!(ended, Ok(Ended::Passed)) {
            self.keep_logs()?;
        }
        if was_up || self.keep {
            eprintln!(
                "the cluster stays up; `cargo xtask cluster down --name {}` ends it",
                self.name
            );
        } else {
            Cluster::down_by_name(&self.name).await?;
        }
        ended
    }

    async fn on_cluster(&self, was_up: bool, images: &[Utf8PathBuf], operator: &Utf8Path) -> Result<Ended> {
        let mut cluster = if was_up {
            let cluster = Cluster::running(&self.name).await?;
            cluster.load(images)?;
            cluster
        } else {
            let options = Options {
                name: self.name.clone(),
                images: images.to_owned(),
                ..Options::default()
            };
            Cluster::up(&options).await?
        };
        let mut phases = Phases::start();
        cluster.install_operator(self.operator, operator).await?;
        phases.done("operator");
        let passed = self.cargo_test();
        phases.done("tests");
        Ok(if passed { Ended::Passed } else { Ended::Failed })
    }

    fn cargo_test(&self) -> bool {
        let test = [
            "test",
            "--locked",
            // With the features that the whole workspace has, so that dependencies are built once.
            "--workspace",
            "--features",
            "trainyard-e2e/cluster",
        ];
        let mut cargo = command(cargo(), test);
        cargo
            .args(["--test", "cluster", "--"])
            .args(&self.filters)
            .current_dir(build::root())
            .env(vocabulary::CLUSTER_VARIABLE, self.name.to_string());
        if std::env::var_os("RUST_TEST_THREADS").is_none() {
            cargo.env("RUST_TEST_THREADS", TESTS_AT_ONCE);
        }
        if self.keep {
            cargo.env(vocabulary::KEEP_VARIABLE, "1");
        }
        run_shown(&mut cargo).is_ok()
    }

    /// What the cluster's processes wrote outlives it where the tests failed.
    fn keep_logs(&self) -> Result<()> {
        let from = State::of(&self.name)?.logs();
        let to = build::target().join("cluster-logs").join(self.name.to_string());
        if to.exists() {
            fs::remove_dir_all(&to).with_context(|| format!("cannot remove {to}"))?;
        }
        fs::create_dir_all(&to).with_context(|| format!("cannot make {to}"))?;
        let copied = succeeds(&mut command("cp", ["-r", from.as_str(), to.as_str()]));
        if copied {
            eprintln!("the logs of the cluster's processes, and its audit log, are in {to}/logs");
        }
        Ok(())
    }
}

fn images() -> Utf8PathBuf {
    build::target().join("images")
}

/// The command of a laptop, with the features that the whole workspace has, so that its dependencies are built once: what it makes of a manifest is compared with what the cluster makes of it.
fn build_trainyard() -> Result<()> {
    let build = ["build", "--locked", "--quiet", "--workspace", "--bin", "trainyard"];
    run_shown(command(cargo(), build).current_dir(build::root()))
}

fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}
