//! The operator that is tested, and the two ways in which it may run: tests see no difference.

use crate::cgroups::Cgroup;
use crate::command::{command, run};
use crate::image::build;
use crate::network::Namespace;
use crate::processes::{self, Place, Processes};
use crate::state::State;
use anyhow::{Context, Result};
use camino::Utf8Path;
use std::fs;

/// How the operator runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OperatorRuns {
    /// As a process in the cluster's network, with all rights: what is tried out a minute after it was written.
    Process,
}

/// What the tests run it as.
pub const OPERATOR_RUNS: OperatorRuns = OperatorRuns::Process;
/// Its name: of the program, of the process, and of the one who asks, in the audit log.
pub(crate) const OPERATOR: &str = "trainyard-operator";
/// Where it tells how it does. Nobody else is in the cluster's network.
const PAGES: &str = "127.0.0.1:8080";
/// How long it may take until it has seen what is there.
const READY_WITHIN: &str = "60s";

/// Puts it into a cluster, in place of one that is there.
pub(crate) async fn install(
    state: &State,
    processes: &mut Processes,
    runs: OperatorRuns,
    program: &Utf8Path,
) -> Result<()> {
    processes::end_named(state, OPERATOR).await?;
    match runs {
        OperatorRuns::Process => start(state, processes, program),
    }
}

fn start(state: &State, processes: &mut Processes, program: &Utf8Path) -> Result<()> {
    let definitions = build::root().join("crds/yaml");
    let kubeconfig = format!("--kubeconfig={}", state.kubeconfig());
    let kubectl = state.programs().join("kubectl");
    let apply = [
        &kubeconfig,
        "apply",
        "--server-side",
        "--force-conflicts",
        "--filename",
        definitions.as_str(),
    ];
    run(&mut command(&kubectl, apply)).context("the definitions of our kinds")?;
    let wait = [
        &kubeconfig,
        "wait",
        "--for=condition=Established",
        "crd",
        "--all",
        "--timeout=30s",
    ];
    run(&mut command(&kubectl, wait)).context("the definitions of our kinds")?;

    let network = Namespace::first_of(state.name());
    let place = Place {
        cgroup: Some(Cgroup::of_control(state.name())),
        network: Some(network.clone()),
    };
    let worker = build::name_of("trainyard-worker");
    let arguments = [
        // For `env`, which becomes the program that follows.
        format!("KUBECONFIG={}", state.inside_kubeconfig()),
        program.to_string(),
        "--cluster-wide".to_owned(),
        format!("--worker-image={worker}"),
        "--worker-image-pull-policy=Never".to_owned(),
        format!("--listen={PAGES}"),
    ];
    processes.start(OPERATOR, &place, Utf8Path::new("env"), &arguments)?;
    let ask = [
        format!("--net={}", network.path()),
        program.to_string(),
        "probe".to_owned(),
        format!("http://{PAGES}/readyz"),
        format!("--within={READY_WITHIN}"),
    ];
    let ready = run(&mut command("nsenter", ask));
    if ready.is_err() {
        // Its end, with its last lines, is the better explanation.
        processes.all_run()?;
    }
    ready.context("the operator is not ready")
}

/// What it has logged so far.
pub(crate) fn log(state: &State) -> String {
    let path = state.logs().join(format!("{OPERATOR}.log"));
    fs::read_to_string(path).unwrap_or_default()
}
