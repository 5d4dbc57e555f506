//! The operator that is tested, and the two ways in which it may run: tests see no difference.

use crate::cache;
use crate::cgroups::Cgroup;
use crate::command::{command, output, run};
use crate::image::build;
use crate::network::Namespace;
use crate::processes::{self, Place, Processes};
use crate::state::State;
use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use std::fs;
use std::process::Command;

/// How the operator runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OperatorRuns {
    /// In its pod, as the chart installs it for all namespaces: under its own account, with the rights that it has at users.
    Pod,
    /// As a process in the cluster's network, with all rights: it can be looked at, and killed, from outside.
    Process,
}

/// What the tests run it as.
pub const OPERATOR_RUNS: OperatorRuns = OperatorRuns::Pod;
/// Its name: of the program, of the process, and of the one who asks, in the audit log.
pub(crate) const OPERATOR: &str = "trainyard-operator";
/// The release of the chart.
const RELEASE: &str = "trainyard";
/// The namespace of that release.
const NAMESPACE: &str = "trainyard-system";
/// Under which name it asks, where it runs in its pod.
pub const OPERATOR_ACCOUNT: &str = "system:serviceaccount:trainyard-system:trainyard";
/// Where the process tells how it does. Nobody else is in the cluster's network.
const PAGES: &str = "127.0.0.1:8080";
/// How long it may take until it has seen what is there.
const READY_WITHIN: &str = "60s";

/// Puts it into a cluster, in place of one that is there. `program` is what the images were made from.
pub(crate) async fn install(
    state: &State,
    processes: &mut Processes,
    runs: OperatorRuns,
    program: &Utf8Path,
) -> Result<()> {
    processes::end_named(state, OPERATOR).await?;
    match runs {
        OperatorRuns::Pod => install_chart(state, program)?,
        OperatorRuns::Process => {
            let uninstall = ["uninstall", RELEASE, "--ignore-not-found", "--wait"];
            run(helm(state).args(uninstall)).context("the operator that is there")?;
            define(state)?;
            start(state, processes, program)?;
        }
    }
    state.write(record(state), format!("{runs:?}")).map(drop)
}

fn install_chart(state: &State, program: &Utf8Path) -> Result<()> {
    let content = fs::read(program).with_context(|| format!("cannot read {program}"))?;
    let mut values = vec![
        "clusterWide=true".to_owned(),
        // The tag stays the same: this makes a new pod where the image is another one.
        format!(
            "operator.podAnnotations.trainyard\\.dev/program=p{}",
            cache::fingerprint([content])
        ),
    ];
    for (part, program) in ["operator", "worker"].into_iter().zip(build::PROGRAMS) {
        let name = build::name_of(program);
        let (repository, tag) = name.rsplit_once(':').unwrap_or((&name, ""));
        for (key, value) in [("repository", repository), ("tag", tag), ("pullPolicy", "Never")] {
            values.push(format!("{part}.image.{key}={value}"));
        }
    }
    let upgrade = [
        "upgrade",
        RELEASE,
        "charts/trainyard",
        "--install",
        "--create-namespace",
        "--wait",
        "--timeout",
        READY_WITHIN,
        "--set",
        &values.join(","),
    ];
    let installed = run(helm(state).args(upgrade));
    installed.with_context(|| format!("the chart is not installed; the operator says:\n{}", log_of_pod(state)))
}

/// helm and kubectl, for the release.
fn helm(state: &State) -> Command {
    of_cluster(state, "helm", NAMESPACE)
}

fn of_cluster(state: &State, program: &str, namespace: &str) -> Command {
    let mut command = command(state.programs().join(program), ["--namespace", namespace]);
    command.current_dir(build::root()).env("KUBECONFIG", state.kubeconfig());
    command
}

/// The chart brings the definitions along; the process does not.
fn define(state: &State) -> Result<()> {
    let definitions = build::root().join("crds/yaml");
    let apply = ["apply", "--server-side", "--force-conflicts", "--filename"];
    let mut kubectl = of_cluster(state, "kubectl", NAMESPACE);
    run(kubectl.args(apply).arg(definitions)).context("the definitions of our kinds")?;
    let wait = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"];
    run(of_cluster(state, "kubectl", NAMESPACE).args(wait)).context("the definitions of our kinds")
}

fn start(state: &State, processes: &mut Processes, program: &Utf8Path) -> Result<()> {
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

/// How it runs, for whoever comes later.
fn record(state: &State) -> Utf8PathBuf {
    state.folder().join("operator")
}

/// What it has logged so far; nothing where there is none.
pub(crate) fn log(state: &State) -> String {
    let runs = fs::read_to_string(record(state)).unwrap_or_default();
    if runs == format!("{:?}", OperatorRuns::Pod) {
        return log_of_pod(state);
    }
    let path = state.logs().join(format!("{OPERATOR}.log"));
    fs::read_to_string(path).unwrap_or_default()
}

fn log_of_pod(state: &State) -> String {
    let logs = ["logs", "--tail=-1", "--prefix=false"];
    let deployment = format!("deployment/{RELEASE}");
    let said = output(of_cluster(state, "kubectl", NAMESPACE).args(logs).arg(deployment));
    said.unwrap_or_else(|error| format!("its log cannot be read: {error:#}"))
}
