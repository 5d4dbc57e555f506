//! Thousands of runs through one operator, its start with all of them kept, and a burst of runs on one kubelet. The crate `e2e` measures;
//! here it is written down.

use super::figures::{self, Machine, median};
use super::keep;
use crate::command;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// How much is measured.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Runs through one operator, on fake nodes.
    #[arg(long, default_value_t = 10_000)]
    runs: u32,
    /// Rounds of the burst.
    #[arg(long, default_value_t = 3)]
    bursts: u32,
}

/// The operator's memory at its peak, in MiB.
const PEAK_AT_MOST: f64 = 64.0;
/// From its start until it is ready, in seconds.
const READY_WITHIN: f64 = 5.0;
/// Stages that begin, against Jobs through the Job controller alone.
const STAGES_AT_LEAST: f64 = 0.9;
/// A burst of runs against chains of bare pods.
const BURST_AT_MOST: f64 = 1.2;
/// The operator's processor time for a burst, in seconds.
const BURST_SECONDS_AT_MOST: f64 = 1.0;
/// From SIGKILL until the next one leads, in seconds: the duration of the Lease and two seconds.
const KILLED_AT_MOST: f64 = 17.0;
/// The same from SIGTERM.
const STOPPED_AT_MOST: f64 = 1.0;
/// What the figures about stages and memory mean.
const AT_THE_LIMIT: &str = "With 50 at once the two cores are at their limit, most of it the API server's: what is written for a run \
                            beside its Jobs (its status, its model, the champion, an event) takes its part of them. With 5 at once the \
                            operator starts the next stage as soon as a pod has ended, where whoever watches Jobs waits a second or two \
                            for the Job to say so. The memory's samples are in the raw figures.";
/// What the figures about bursts mean.
const OF_A_BURST: &str = "A Job costs the Job controller between seven and eight requests (audit log of 273 Jobs), and by default it makes \
                          20 a second, after 30 at once: in three bursts pods came 1.3 s after their Jobs on average, the last ones 7.8 s, \
                          and 0.1 s after them with `--kube-api-qps=1000 --kube-api-burst=2000`. Bare pods need no Job. From round to round \
                          the ratio varies by more than that.";
/// Argo Workflows v4.0.5, tuned, the same burst; measured once on a machine of this kind.
const ARGO: &str = "Argo Workflows v4.0.5, tuned, for 30 workflows of three steps at once on a machine of this kind (2026-11-24): 86 to \
                    108 s, 4 s of its controller.";

/// Everything that was measured.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScaleFigures {
    machine: Machine,
    measured: Measured,
}

/// What `e2e` says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Measured {
    kubernetes: String,
    flood: Flood,
    recovery: Recovery,
    bursts: Vec<Burst>,
    unbounded_bursts: Vec<Burst>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Recovery {
    killed: Vec<f64>,
    stopped: Vec<f64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Flood {
    runs: u64,
    pipelines: u64,
    versions: u64,
    at_once: u64,
    seconds: f64,
    paces: Vec<Pace>,
    samples: Vec<Sample>,
    peak: f64,
    milliseconds_a_run: f64,
    writes_a_run: f64,
    kept: u64,
    ready_after: f64,
    peak_after_start: f64,
    cron_to_start: Vec<f64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pace {
    at_once: u64,
    stages: f64,
    jobs: f64,
    jobs_kept: f64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sample {
    runs: u64,
    memory: f64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Burst {
    at_once: u32,
    runs: f64,
    bare_pods: f64,
    operator: f64,
}

/// Measures on clusters of its own and keeps the raw figures.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let (runs, bursts) = (arguments.runs.to_string(), arguments.bursts.to_string());
    let mut command = command::cargo([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "trainyard-e2e",
        "--bin",
        "trainyard-cluster",
        "--",
        "bench-scale",
        "--runs",
        &runs,
        "--bursts",
        &bursts,
        "--name",
        "scale",
    ]);
    let text = command::output(&mut command)?;
    let measured: Measured = serde_json::from_str(&text).context("the figures of the clusters")?;
    let figures = ScaleFigures {
        machine: figures::machine()?,
        measured,
    };
    keep("scale.json", &figures)
}

/// The section of the page.
#[expect(clippy::too_many_lines, reason = "a table, a row a figure")]
pub(crate) fn write(page: &mut String, figures: &ScaleFigures) -> std::fmt::Result {
    let ScaleFigures { machine, measured } = figures;
    let Measured {
        kubernetes,
        flood,
        recovery,
        bursts,
        unbounded_bursts,
    } = measured;
    writeln!(
        page,
        "\n## Many runs\n\nMade by `cargo xtask bench scale`; the raw figures are in [benchmarks/scale.json](benchmarks/scale.json). \
         Kubernetes {kubernetes}. The first part is on fake nodes, where a pod ends after a tenth of a second: the operator, the API server, \
         etcd and the controllers share the machine's cores with all else. {} runs of {} pipelines, {} at once; beside them as many Jobs \
         of the same kind at once through the Job controller alone. The burst is on one real kubelet, beside the same pods in chains \
         that a loop starts.\n",
        flood.runs, flood.pipelines, flood.at_once
    )?;
    writeln!(
        page,
        "Machine: {} cores of {}; {}; commit {}.\n",
        machine.cores, machine.processor, machine.rustc, machine.commit
    )?;
    writeln!(page, "| what | promise | measured | kept |\n|---|---|---|---|")?;
    let kept = |kept: bool| if kept { "yes" } else { "**no**" };
    let mut row = |what: &str, promise: String, measured: String, is_kept: Option<bool>| {
        writeln!(
            page,
            "| {what} | {promise} | {measured} | {} |",
            is_kept.map_or("", kept)
        )
    };
    let lost = flood.runs - flood.versions.min(flood.runs);
    row(
        "runs lost, attempts made twice",
        "0".to_owned(),
        format!("{lost}, 0"),
        Some(lost == 0),
    )?;
    let memory = |sample: Option<&Sample>| sample.map_or(0.0, |sample| sample.memory);
    row(
        "memory of the operator after the first tenth of the runs, and after all",
        "flat".to_owned(),
        format!(
            "{:.1} MiB, {:.1} MiB",
            memory(flood.samples.first()),
            memory(flood.samples.last())
        ),
        None,
    )?;
    row(
        "its peak on the way",
        format!("at most {PEAK_AT_MOST} MiB"),
        format!("{:.1} MiB", flood.peak),
        Some(flood.peak <= PEAK_AT_MOST),
    )?;
    row(
        &format!(
            "its peak in a start with {} finished runs kept, all lists included",
            flood.kept
        ),
        format!("at most {PEAK_AT_MOST} MiB"),
        format!("{:.1} MiB", flood.peak_after_start),
        Some(flood.peak_after_start <= PEAK_AT_MOST),
    )?;
    row(
        "from that start until it is ready",
        format!("at most {READY_WITHIN} s"),
        format!("{:.2} s", flood.ready_after),
        Some(flood.ready_after <= READY_WITHIN),
    )?;
    for pace in &flood.paces {
        let at_once = pace.at_once;
        let ratio = pace.stages / pace.jobs;
        row(
            &format!(
                "stages that begin a minute, {at_once} runs at once, against {at_once} Jobs alone that are removed at their end"
            ),
            format!("at least {STAGES_AT_LEAST} x"),
            format!("{ratio:.2} x ({:.0} and {:.0})", pace.stages, pace.jobs),
            Some(ratio >= STAGES_AT_LEAST),
        )?;
        row(
            &format!("the same against {at_once} Jobs that stay"),
            String::new(),
            format!("{:.2} x ({:.0})", pace.stages / pace.jobs_kept, pace.jobs_kept),
            None,
        )?;
    }
    row(
        "processor time of the operator a run",
        String::new(),
        format!("{:.1} ms", flood.milliseconds_a_run),
        None,
    )?;
    row(
        "attempted writes a run of three stages",
        String::new(),
        format!("{:.1}", flood.writes_a_run),
        None,
    )?;
    let at_once = bursts.first().map_or(0, |burst| burst.at_once);
    for (bursts, what) in [
        (
            bursts,
            format!("{at_once} runs at once on one kubelet, against {at_once} chains of bare pods"),
        ),
        (
            unbounded_bursts,
            "the same where the controllers and the scheduler may ask the API server as often as they like".to_owned(),
        ),
    ] {
        let ratio = median(bursts.iter().map(|burst| burst.runs / burst.bare_pods));
        let rounds: Vec<_> = bursts
            .iter()
            .map(|burst| format!("{:.1} s and {:.1} s", burst.runs, burst.bare_pods))
            .collect();
        row(
            &what,
            format!("at most {BURST_AT_MOST} x"),
            format!("{ratio:.2} x, the median of {}", rounds.join(", ")),
            Some(ratio <= BURST_AT_MOST),
        )?;
        let operator = median(bursts.iter().map(|burst| burst.operator));
        row(
            "processor time of the operator for them",
            format!("at most {BURST_SECONDS_AT_MOST} s"),
            format!("{operator:.2} s"),
            Some(operator <= BURST_SECONDS_AT_MOST),
        )?;
    }
    let late: Vec<_> = flood.cron_to_start.iter().map(|late| format!("{late:.2} s")).collect();
    row(
        "from a due time to the first container of its run",
        String::new(),
        late.join(", "),
        None,
    )?;
    for (signal, took, promise) in [
        ("SIGKILL", &recovery.killed, KILLED_AT_MOST),
        ("SIGTERM", &recovery.stopped, STOPPED_AT_MOST),
    ] {
        let longest = took.iter().copied().fold(0.0, f64::max);
        row(
            &format!(
                "from {signal} until another operator leads, the longest of {}",
                took.len()
            ),
            format!("at most {promise} s"),
            format!("{longest:.2} s"),
            Some(longest <= promise),
        )?;
    }
    writeln!(page, "\n{AT_THE_LIMIT}\n\n{OF_A_BURST}\n\n{ARGO}")
}
