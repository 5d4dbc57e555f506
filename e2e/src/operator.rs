//! The operator that is tested, and the two ways in which it may run: tests see no difference. As a process there may be several.

use crate::command::{command, output, run};
use crate::image::build;
use crate::processes::{self, Place, Processes};
use crate::state::State;
use crate::{cache, cluster, forwarder, recordings};
use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::Signal;
use serde_json::{Value, json};
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
pub const OPERATOR_NAMESPACE: &str = "trainyard-system";
/// Under which name it asks.
pub const OPERATOR_ACCOUNT: &str = "system:serviceaccount:trainyard-system:trainyard";
/// How long it may take until it has seen what is there.
const READY_WITHIN: &str = "60s";

/// The Lease by which one of several operators acts, in its namespace.
pub(crate) const LEASE: &str = "trainyard-operator-cluster-wide";
/// The first one's port; the others' follow, in a network of the cluster's own.
const FIRST_PORT: u16 = 8080;

/// Which of several processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(u16);

impl Number {
    /// The one that [`install`] starts.
    pub(crate) const FIRST: Self = Self(1);

    /// From 1 on.
    pub(crate) fn of(number: u16) -> Self {
        Self(number)
    }

    /// What its process is called, and its pod would be.
    pub(crate) fn name(self) -> String {
        if self == Self::FIRST {
            OPERATOR.to_owned()
        } else {
            format!("{OPERATOR}-{}", self.0)
        }
    }
}

/// Whether a process acts only while it holds the Lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Election {
    /// As the chart has it.
    On,
    /// It acts whatever others do.
    Off,
}

/// Puts it into a cluster, in place of one that is there. `program` is what the images were made from.
pub(crate) async fn install(
    state: &State,
    processes: &mut Processes,
    runs: OperatorRuns,
    program: &Utf8Path,
) -> Result<()> {
    // Nobody reads what a pod leaves in its file system.
    let runs = recordings::folder().map_or(runs, |_| OperatorRuns::Process);
    kill_all(state).await?;
    install_chart(state, runs, program)?;
    state.write(record(state), format!("{runs:?}"))?;
    if runs == OperatorRuns::Process {
        symlink_to(state, program)?;
        write_kubeconfig(state)?;
        start(state, processes, Number::FIRST, Election::On)?;
    }
    Ok(())
}

/// Ends a process with SIGKILL, where there is one.
pub(crate) async fn kill(state: &State, number: Number) -> Result<()> {
    processes::end_named(state, &number.name()).await
}

async fn kill_all(state: &State) -> Result<()> {
    for name in processes::names(state)? {
        if name.starts_with(OPERATOR) {
            processes::end_named(state, &name).await?;
        }
    }
    Ok(())
}

/// Sends a signal to a process, where there is one.
pub(crate) fn send(state: &State, number: Number, signal: Signal) -> Result<()> {
    processes::send(state, &number.name(), signal)
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
    let mut command = command(state.programs().join(program), ["--namespace", OPERATOR_NAMESPACE]);
    command.current_dir(build::root()).env("KUBECONFIG", state.kubeconfig());
    command
}

/// The process's kubeconfig: the cluster's own, but with a token of its account, and for its namespace.
fn write_kubeconfig(state: &State) -> Result<()> {
    let token = ["create", "token", RELEASE, "--duration=24h"];
    let token = output(of_cluster(state, "kubectl").args(token)).context("no token for the operator")?;
    let path = state.inside_kubeconfig();
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let mut document: Value = serde_json::from_str(&text).with_context(|| format!("{path} is not ours"))?;
    document["users"][0]["user"]["token"] = token.trim().into();
    document["contexts"][0]["context"]["namespace"] = OPERATOR_NAMESPACE.into();
    state.write(kubeconfig(state), format!("{document:#}\n")).map(drop)
}

fn kubeconfig(state: &State) -> Utf8PathBuf {
    state.folder().join("kubeconfig-operator")
}

/// Holds the seconds by which its clock of schedules is ahead.
pub(crate) fn clock(state: &State) -> Utf8PathBuf {
    state.folder().join("clock")
}

/// The same of one that looks after this namespace only.
pub(crate) fn clock_of(state: &State, namespace: &str) -> Utf8PathBuf {
    state.folder().join(format!("clock-of-{namespace}"))
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

/// Starts a process, after [`install`] has prepared it, and waits until it has seen what is there. Under one number it is the same
/// pod to itself and others, as a container that is started again.
pub(crate) fn start(state: &State, processes: &mut Processes, number: Number, election: Election) -> Result<()> {
    let place = cluster::place(state.name());
    let program = program(state);
    let worker = build::name_of("trainyard-worker");
    // In a network of its own nobody else has a port; else it is any that is free.
    let pages = if place.network.is_some() {
        SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST_PORT + number.0 - Number::FIRST.0))
    } else {
        forwarder::free_port()?
    };
    let mut arguments = vec![
        // For `env`, which becomes the program that follows.
        format!("KUBECONFIG={}", kubeconfig(state)),
        format!("POD_NAME={}", number.name()),
        program.to_string(),
        "--cluster-wide".to_owned(),
        format!("--worker-image={worker}"),
        "--worker-image-pull-policy=Never".to_owned(),
        format!("--listen={pages}"),
        format!("--test-clock={}", clock(state)),
    ];
    if election == Election::On {
        arguments.push("--leader-election".to_owned());
    }
    arguments.extend(recording());
    processes.start(&number.name(), &place, Utf8Path::new("env"), &arguments)?;
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

/// Starts one more, for one namespace only, which finds its API server at `server`. [`install`] has prepared its account.
pub(crate) fn start_for(processes: &mut Processes, state: &State, namespace: &str, server: &str) -> Result<String> {
    let name = format!("{OPERATOR}-{namespace}");
    let kubeconfig = state.folder().join(format!("kubeconfig-{name}"));
    if !kubeconfig.exists() {
        let text = fs::read_to_string(self::kubeconfig(state)).context("no operator was installed as a process")?;
        let mut document: Value = serde_json::from_str(&text).context("its kubeconfig is not ours")?;
        document["clusters"][0]["cluster"] = json!({ "server": server });
        state.write(&kubeconfig, document.to_string())?;
    }
    // On everybody's loopback, where its server is.
    let place = Place {
        network: None,
        ..cluster::place(state.name())
    };
    let mut arguments = vec![
        format!("KUBECONFIG={kubeconfig}"),
        program(state).to_string(),
        format!("--namespace={namespace}"),
        format!("--worker-image={}", build::name_of("trainyard-worker")),
        "--worker-image-pull-policy=Never".to_owned(),
        format!("--test-clock={}", clock_of(state, namespace)),
    ];
    arguments.extend(recording());
    processes.start(&name, &place, Utf8Path::new("env"), &arguments)?;
    Ok(name)
}

/// What makes it record its passes, where that is asked for.
fn recording() -> Option<String> {
    recordings::folder().map(|folder| format!("--record-passes={folder}"))
}

/// How it runs, for whoever comes later.
fn record(state: &State) -> Utf8PathBuf {
    state.folder().join("operator")
}

/// What it has logged so far, where there are several processes all of them; nothing where there is none.
pub(crate) fn log(state: &State) -> String {
    let runs = fs::read_to_string(record(state)).unwrap_or_default();
    if runs == format!("{:?}", OperatorRuns::Pod) {
        return log_of_pod(state);
    }
    let mut names = processes::names(state).unwrap_or_default();
    names.retain(|name| name.starts_with(OPERATOR));
    names.iter().map(|name| log_of_process(state, name)).collect()
}

/// What the processes of this number have logged so far, one after the other.
pub(crate) fn log_of(state: &State, number: Number) -> String {
    log_of_process(state, &number.name())
}

fn log_of_process(state: &State, name: &str) -> String {
    let path = state.logs().join(format!("{name}.log"));
    fs::read_to_string(path).unwrap_or_default()
}

fn log_of_pod(state: &State) -> String {
    let logs = ["logs", "--tail=-1", "--prefix=false"];
    let deployment = format!("deployment/{RELEASE}");
    let said = output(of_cluster(state, "kubectl").args(logs).arg(deployment));
    said.unwrap_or_else(|error| format!("its log cannot be read: {error:#}"))
}
