//! The operator that is tested, and the two ways in which it may run: tests see no difference.

use crate::command::{command, output, run};
use crate::image::build;
use crate::processes::{self, Processes};
use crate::state::State;
use crate::{cache, cluster, forwarder};
use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::symlink;
use std::process::Command;

/// How the operator runs. Either way the chart is installed for all namespaces, and it runs as the account, with the rights, that it
/// has at users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OperatorRuns {
    /// In its pod, as at users.
    Pod,
    /// As a process beside the control plane, with a token of its account: it needs no real node, and can be killed from outside.
    Process,
}

/// What the tests run it as, where there is a real node.
pub const OPERATOR_RUNS: OperatorRuns = OperatorRuns::Pod;
/// Its name: of the program, of the process, and of the one who asks, in the audit log.
pub(crate) const OPERATOR: &str = "trainyard-operator";
/// The release of the chart.
const RELEASE: &str = "trainyard";
/// The namespace of that release.
const NAMESPACE: &str = "trainyard-system";
/// Under which name it asks.
pub const OPERATOR_ACCOUNT: &str = "system:serviceaccount:trainyard-system:trainyard";
/// How long it may take until it has seen what is there.
const READY_WITHIN: &str = "60s";

/// Puts it into a cluster, in place of one that is there. `program` is what the images were made from.
pub(crate) async fn install(
    state: &State,
    processes: &mut Processes,
    runs: OperatorRuns,
    program: &Utf8Path,
) -> Result<()> {
    kill(state).await?;
    install_chart(state, runs, program)?;
    state.write(record(state), format!("{runs:?}"))?;
    if runs == OperatorRuns::Process {
        symlink_to(state, program)?;
        write_kubeconfig(state)?;
        start(state, processes)?;
    }
    Ok(())
}

/// Ends the process with SIGKILL, where there is one.
pub(crate) async fn kill(state: &State) -> Result<()> {
    processes::end_named(state, OPERATOR).await
}

fn install_chart(state: &State, runs: OperatorRuns, program: &Utf8Path) -> Result<()> {
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
    let mut upgrade = vec![
        "upgrade",
        RELEASE,
        "charts/trainyard",
        "--install",
        "--create-namespace",
    ];
    match runs {
        OperatorRuns::Pod => upgrade.extend(["--wait", "--timeout", READY_WITHIN]),
        // No node has it: the pod stays Pending, and the process takes its place.
        OperatorRuns::Process => values.push("operator.nodeSelector.trainyard\\.dev/runs-as=process".to_owned()),
    }
    let values = values.join(",");
    upgrade.extend(["--set", &values]);
    let installed = run(of_cluster(state, "helm").args(upgrade));
    installed.with_context(|| format!("the chart is not installed; the operator says:\n{}", log_of_pod(state)))
}

/// helm and kubectl, for the release.
fn of_cluster(state: &State, program: &str) -> Command {
    let mut command = command(state.programs().join(program), ["--namespace", NAMESPACE]);
    command.current_dir(build::root()).env("KUBECONFIG", state.kubeconfig());
    command
}

/// The process's kubeconfig: the cluster's own, but with a token of its account.
fn write_kubeconfig(state: &State) -> Result<()> {
    let token = ["create", "token", RELEASE, "--duration=24h"];
    let token = output(of_cluster(state, "kubectl").args(token)).context("no token for the operator")?;
    let path = state.inside_kubeconfig();
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let mut document: Value = serde_json::from_str(&text).with_context(|| format!("{path} is not ours"))?;
    document["users"][0]["user"]["token"] = token.trim().into();
    state.write(kubeconfig(state), format!("{document:#}\n")).map(drop)
}

fn kubeconfig(state: &State) -> Utf8PathBuf {
    state.folder().join("kubeconfig-operator")
}

/// Holds the seconds by which its clock of schedules is ahead.
pub(crate) fn clock(state: &State) -> Utf8PathBuf {
    state.folder().join("clock")
}

/// The program under test, for [`start`].
fn program(state: &State) -> Utf8PathBuf {
    state.programs().join(OPERATOR)
}

fn symlink_to(state: &State, built: &Utf8Path) -> Result<()> {
    let link = program(state);
    if link.symlink_metadata().is_ok() {
        fs::remove_file(&link).with_context(|| format!("cannot remove {link}"))?;
    }
    symlink(built, &link).with_context(|| format!("cannot make the link {link}"))
}

/// Starts the process, after [`install`] has prepared it, and waits until it has seen what is there.
pub(crate) fn start(state: &State, processes: &mut Processes) -> Result<()> {
    let place = cluster::place(state.name());
    let program = program(state);
    let worker = build::name_of("trainyard-worker");
    // In a network of its own nobody else has a port; else it is any that is free.
    let pages = if place.network.is_some() {
        SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))
    } else {
        forwarder::free_port()?
    };
    let arguments = [
        // For `env`, which becomes the program that follows.
        format!("KUBECONFIG={}", kubeconfig(state)),
        program.to_string(),
        "--cluster-wide".to_owned(),
        format!("--worker-image={worker}"),
        "--worker-image-pull-policy=Never".to_owned(),
        format!("--listen={pages}"),
        format!("--test-clock={}", clock(state)),
    ];
    processes.start(OPERATOR, &place, Utf8Path::new("env"), &arguments)?;
    let mut ask = vec![
        program.to_string(),
        "probe".to_owned(),
        format!("http://{pages}/readyz"),
        format!("--within={READY_WITHIN}"),
    ];
    if let Some(network) = &place.network {
        ask.splice(0..0, ["nsenter".to_owned(), format!("--net={}", network.path())]);
    }
    let ready = run(&mut command(&ask[0], &ask[1..]));
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
    let said = output(of_cluster(state, "kubectl").args(logs).arg(deployment));
    said.unwrap_or_else(|error| format!("its log cannot be read: {error:#}"))
}
