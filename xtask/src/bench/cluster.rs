//! The sample pipeline on a real cluster, beside three bare pods and three Jobs; what the operator writes. The crate `e2e`
//! measures; here it is written down.

use super::figures::{self, Machine, median};
use super::keep;
use crate::command;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// How much is measured.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Pairs of a run and three bare pods, in turn.
    #[arg(long, default_value_t = 10)]
    pairs: u32,
}

/// A run against three bare pods.
const RATIO_AT_MOST: f64 = 1.15;
/// Attempted writes that one more stage costs.
const WRITES_AT_MOST: u64 = 3;
/// Argo Workflows v4.0.5, its controller beside the cluster as here, three steps that do nothing; measured once on a machine of
/// this kind, 2026-11-24.
const ARGO: &str = "Argo Workflows v4.0.5, three steps in a row that do nothing, on a machine of this kind (2026-11-24): 30.1 s as shipped, \
                    14 to 18 s with `DEFAULT_REQUEUE_TIME=1s`.";

/// Everything that was measured.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClusterFigures {
    machine: Machine,
    measured: Measured,
}

/// What `e2e` says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Measured {
    kubernetes: String,
    pairs: Vec<Pair>,
    jobs_by_status: Vec<f64>,
    writes: Writes,
}

/// Seconds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pair {
    run: f64,
    bare_pods: f64,
}

/// Attempted writes of the operator's account.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Writes {
    three_stages: u64,
    four_stages: u64,
    at_rest: u64,
    rest_seconds: u64,
}

/// Measures on a cluster of its own and keeps the raw figures.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let pairs = arguments.pairs.to_string();
    let mut command = command::cargo([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "trainyard-e2e",
        "--bin",
        "trainyard-cluster",
        "--",
        "bench",
        "--pairs",
        &pairs,
    ]);
    let text = command::output(&mut command)?;
    let measured: Measured = serde_json::from_str(&text).context("the figures of the cluster")?;
    ensure!(!measured.pairs.is_empty(), "nothing was measured");
    let figures = ClusterFigures {
        machine: figures::machine()?,
        measured,
    };
    keep("cluster.json", &figures)
}

/// The section of the page.
pub(crate) fn write(page: &mut String, figures: &ClusterFigures) -> std::fmt::Result {
    let ClusterFigures { machine, measured } = figures;
    let kubernetes = &measured.kubernetes;
    let ratios: Vec<f64> = measured.pairs.iter().map(|pair| pair.run / pair.bare_pods).collect();
    let (least, most) = ratios.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), r| {
        (least.min(*r), most.max(*r))
    });
    let ratio = median(ratios.iter().copied());
    let one_more = measured.writes.four_stages.saturating_sub(measured.writes.three_stages);
    writeln!(
        page,
        "\n## The sample pipeline on a cluster\n\nMade by `cargo xtask bench cluster`; the raw figures are in \
         [benchmarks/cluster.json](benchmarks/cluster.json). Kubernetes {kubernetes}, one node, images present, volume bound, the \
         operator in its pod. The bare pods are those of a run: same image, claim, document and security context, each created when \
         the one before has Succeeded, seen by a watch. {} pairs, in turn; a ratio is of one pair.\n",
        measured.pairs.len()
    )?;
    writeln!(
        page,
        "Machine: {} cores of {}; {}; commit {}.\n",
        machine.cores, machine.processor, machine.rustc, machine.commit
    )?;
    writeln!(page, "| what | promise | measured | kept |\n|---|---|---|---|")?;
    let kept = |kept: bool| if kept { "yes" } else { "**no**" };
    writeln!(
        page,
        "| a run against three bare pods | at most {RATIO_AT_MOST} x | {ratio:.2} x ({least:.2} to {most:.2}) | {} |",
        kept(ratio <= RATIO_AT_MOST)
    )?;
    writeln!(
        page,
        "| attempted API writes that one more stage costs | at most {WRITES_AT_MOST} | {one_more} | {} |",
        kept(one_more <= WRITES_AT_MOST)
    )?;
    writeln!(
        page,
        "| writes of a resting operator besides its Lease, {} s | 0 | {} | {} |\n",
        measured.writes.rest_seconds,
        measured.writes.at_rest,
        kept(measured.writes.at_rest == 0)
    )?;
    let seconds = |values: &mut dyn Iterator<Item = f64>| median(values);
    writeln!(page, "| three stages, seconds (median) | |\n|---|---|")?;
    let runs = seconds(&mut measured.pairs.iter().map(|pair| pair.run));
    let bare = seconds(&mut measured.pairs.iter().map(|pair| pair.bare_pods));
    let jobs = seconds(&mut measured.jobs_by_status.iter().copied());
    writeln!(page, "| a run of the sample pipeline | {runs:.2} |")?;
    writeln!(page, "| three bare pods | {bare:.2} |")?;
    writeln!(page, "| three Jobs, each awaited by its status | {jobs:.2} |\n")?;
    writeln!(
        page,
        "A run of three stages attempts {} writes in all, from its creation to three seconds after its end.\n\n{ARGO}",
        measured.writes.three_stages
    )
}
