//! One run of the tests on a cluster: our images, a cluster, the operator in it, `cargo test`, and the end of what was brought up.

use crate::cluster::{self, Cluster};
use crate::command::{command, run_shown, succeeds};
use crate::image::build;
use crate::operator::OperatorRuns;
use crate::options::Options;
use crate::phases::Phases;
use crate::state::{Name, State};
use crate::vocabulary::{self, FAKE_NODES};
use crate::{recordings, reliability};
use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use std::fs;

/// How many tests run at once where nobody says it. Most of their time they wait for a kubelet, which looks at its containers once a
/// second.
const TESTS_AT_ONCE: &str = "8";

/// Names a kubeconfig: the tests run on its cluster, which somebody else has brought up (kind, minikube).
pub const KUBECONFIG_VARIABLE: &str = "TRAINYARD_E2E_KUBECONFIG";

/// What to test, and on what.
#[derive(Clone, Debug)]
pub struct TestRun {
    /// The cluster: brought up, and down at the end, unless one of this name is up already.
    pub name: Name,
    /// What stands in the names of the tests that run; all of them where it is empty.
    pub filters: Vec<String>,
    /// Whether the cluster stays up.
    pub keep: bool,
    /// Whether slow tests run too, and tests on faults try all of their cases.
    pub full: bool,
    /// How the operator runs.
    pub operator: OperatorRuns,
    /// Which tests can run here.
    pub tests: Tests,
}

/// Which tests can run on a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tests {
    /// All of them.
    Everything,
    /// Those that need no container: where only root could start one.
    FakeNodes,
    /// Those that ask nothing of the cluster but its API: it is somebody else's, known by this kubeconfig.
    Foreign(Utf8PathBuf),
}

impl Tests {
    /// What this machine allows, and the environment asks for.
    pub fn here() -> Self {
        match std::env::var(KUBECONFIG_VARIABLE) {
            Ok(path) => Self::Foreign(path.into()),
            Err(_) if cluster::is_root() => Self::Everything,
            Err(_) => Self::FakeNodes,
        }
    }

    /// The test programs, in `e2e/tests`.
    fn programs(&self) -> &[&str] {
        match self {
            Self::Everything => &["cluster", "fake_nodes"],
            Self::FakeNodes => &["fake_nodes"],
            Self::Foreign(_) => &["cluster"],
        }
    }
}

/// How the tests ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All of them hold that ran. The others are named, a line each.
    Passed {
        /// Slow ones, which only [`TestRun::full`] runs: each with its reason.
        left_out: Vec<String>,
        /// Those that this machine or this cluster does not allow: each with its reason.
        not_checked: Vec<String>,
    },
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

        let foreign = matches!(self.tests, Tests::Foreign(_));
        let was_up = !foreign && Cluster::is_up(&self.name)?;
        let ended = self.on_cluster(was_up, &ours, &operator).await;
        if matches!(ended, Ok(Ended::Failed) | Err(_)) {
            self.keep_logs()?;
        }
        if was_up || self.keep {
            eprintln!(
                "the cluster stays up; `cargo xtask cluster down --name {}` ends it",
                self.name
            );
        } else {
            // Of somebody else's cluster only our folder about it goes.
            Cluster::down_by_name(&self.name).await?;
        }
        ended
    }

    async fn on_cluster(&self, was_up: bool, images: &[Utf8PathBuf], operator: &Utf8Path) -> Result<Ended> {
        recordings::forget()?;
        let mut cluster = self.cluster(was_up, images).await?;
        let mut phases = Phases::start();
        cluster.install_operator(self.operator, operator).await?;
        phases.done("operator");
        let not_checked = cluster.state().not_checked();
        let faults = cluster.state().faults();
        let left_out = cluster.state().left_out();
        for of_an_earlier_run in [&not_checked, &left_out, &faults] {
            fs::write(of_an_earlier_run, "").with_context(|| format!("cannot write {of_an_earlier_run}"))?;
        }
        let passed = self.cargo_test(
            operator,
            &[
                (vocabulary::NOT_CHECKED_VARIABLE, &not_checked),
                (vocabulary::LEFT_OUT_VARIABLE, &left_out),
                (vocabulary::FAULTS_VARIABLE, &faults),
            ],
        );
        phases.done("tests");
        reliability::tell(&faults)?;
        if !passed {
            return Ok(Ended::Failed);
        }
        recordings::keep(self.filters.is_empty() && self.tests == Tests::Everything)?;
        Ok(Ended::Passed {
            left_out: lines_of(&left_out),
            not_checked: lines_of(&not_checked),
        })
    }

    async fn cluster(&self, was_up: bool, images: &[Utf8PathBuf]) -> Result<Cluster> {
        let fake_only = Options {
            name: self.name.clone(),
            nodes: 0,
            fake_nodes: FAKE_NODES,
            ..Options::default()
        };
        match &self.tests {
            Tests::Foreign(kubeconfig) => {
                let archives: Vec<_> = images.iter().map(|archive| archive.as_str()).collect();
                eprintln!(
                    "the cluster of {kubeconfig} has to have our images: `kind load image-archive`, or `minikube image load`, for each \
                     of {}",
                    archives.join(" ")
                );
                Cluster::adopt(&self.name, kubeconfig).await
            }
            Tests::Everything | Tests::FakeNodes if was_up => {
                let cluster = Cluster::running(&self.name).await?;
                cluster.load(images)?;
                Ok(cluster)
            }
            Tests::FakeNodes => Cluster::up(&fake_only).await,
            Tests::Everything => {
                let options = Options {
                    nodes: 1,
                    images: images.to_owned(),
                    ..fake_only
                };
                Cluster::up(&options).await
            }
        }
    }

    /// `files`: variables, and the files that they name, into which tests write lines.
    fn cargo_test(&self, operator: &Utf8Path, files: &[(&str, &Utf8PathBuf)]) -> bool {
        let test = [
            "test",
            "--locked",
            // With the features that the whole workspace has, so that dependencies are built once.
            "--workspace",
            "--features",
            "trainyard-e2e/cluster",
        ];
        let mut cargo = command(cargo(), test);
        for program in self.tests.programs() {
            cargo.args(["--test", program]);
        }
        cargo
            // A failure in one program of tests does not keep the next from saying what it has to say.
            .args(["--no-fail-fast", "--"])
            .args(&self.filters)
            .current_dir(build::root())
            .env(vocabulary::CLUSTER_VARIABLE, self.name.to_string())
            .env(vocabulary::OPERATOR_VARIABLE, operator)
            .envs(files.iter().copied());
        if std::env::var_os("RUST_TEST_THREADS").is_none() {
            cargo.env("RUST_TEST_THREADS", TESTS_AT_ONCE);
        }
        if self.full {
            cargo.env(vocabulary::FULL_VARIABLE, "1");
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

/// The tests that have written a line there.
fn lines_of(path: &Utf8Path) -> Vec<String> {
    let mut lines: Vec<_> = fs::read_to_string(path)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect();
    // In the order of their names, whichever came first.
    lines.sort_unstable();
    lines
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
