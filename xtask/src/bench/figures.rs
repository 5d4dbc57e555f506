//! The raw figures of a benchmark, as they are written beside the page.

use super::measure::Peak;
use crate::command;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;

/// Everything that was measured.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figures {
    pub(crate) machine: Machine,
    pub(crate) rows: u64,
    pub(crate) memory: Memory,
    pub(crate) rounds: Vec<Round>,
    pub(crate) huge: Option<Huge>,
    pub(crate) cold: Cold,
    pub(crate) chain: Chain,
    /// What the peer said of its run with `--scale`.
    pub(crate) peer: Value,
}

/// Where it was measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) rustc: String,
    /// The commit that was measured, with `-dirty` when files had been changed since.
    pub(crate) commit: String,
}

/// Peaks, in MiB.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Memory {
    pub(crate) trainyard: Peak,
    pub(crate) peer_scaled: Peak,
    pub(crate) peer_raw: Peak,
}

/// Wall seconds of one round.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Round {
    pub(crate) peer_scaled: f64,
    pub(crate) trainyard: f64,
    pub(crate) peer_raw: f64,
    /// Seconds of each of our stages, in a further run.
    pub(crate) stages: Value,
}

/// Ours on many more rows.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Huge {
    pub(crate) rows: u64,
    pub(crate) seconds: f64,
    pub(crate) memory: Peak,
}

/// The seed pipeline from nothing, and Python's imports alone; wall seconds, in turn.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Cold {
    pub(crate) imports: Vec<f64>,
    pub(crate) seed: Vec<f64>,
}

/// A chain of stages that do nothing; wall seconds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Chain {
    pub(crate) stages: usize,
    pub(crate) seconds: Vec<f64>,
}

/// This machine.
pub(crate) fn machine() -> Result<Machine> {
    let cpus = fs::read_to_string("/proc/cpuinfo").context("cannot read /proc/cpuinfo")?;
    let named = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let text = |program: &str, arguments: &[&str]| {
        command::output(&mut command::command(program, arguments)).map(|text| text.trim().to_owned())
    };
    Ok(Machine {
        processor: named.map_or("unknown", |(_, name)| name).to_owned(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        rustc: text("rustc", &["--version"])?,
        commit: text("git", &["describe", "--always", "--dirty"])?,
    })
}

/// The middle of the values; the mean of both middles for an even number of them. Not a number for none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_table() {
        for (values, wanted) in [(vec![3.0, 1.0, 2.0], 2.0), (vec![4.0, 1.0], 2.5), (vec![7.0], 7.0)] {
            assert_eq!(median(values).to_bits(), f64::to_bits(wanted));
        }
        assert!(median([]).is_nan());
    }
}
