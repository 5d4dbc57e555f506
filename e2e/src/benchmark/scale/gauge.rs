//! What the operator's process takes: from `/proc`.

use crate::cluster::Cluster;
use crate::operator::OPERATOR;
use crate::processes;
use anyhow::{Context, Result};
use std::fs;

/// Ticks of a processor's time in a second, as Linux tells them to programs.
const TICKS: f64 = 100.0;
/// Fields of `/proc/PID/stat` behind the name: time in the program, and in the kernel for it.
const TIMES: [usize; 2] = [11, 12];

/// Memory now and at its peak, in MiB; processor time since the start, in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) memory: f64,
    pub(super) peak: f64,
    pub(super) seconds: f64,
}

/// What the operator takes.
pub(super) fn taken(cluster: &Cluster) -> Result<Taken> {
    let pid = processes::number(cluster.state(), OPERATOR)?.context("no operator was started")?;
    let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).context("the operator has ended");
    let status = read("status")?;
    let mebibytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: f64 = line.trim_start_matches(':').trim().split(' ').next()?.parse().ok()?;
        Some(kibibytes / 1_024.0)
    };
    let stat = read("stat")?;
    let fields = stat
        .rsplit_once(')')
        .map(|(_, fields)| fields.trim_start())
        .unwrap_or_default();
    let tick = |place: usize| fields.split(' ').nth(place).and_then(|field| field.parse::<f64>().ok());
    Ok(Taken {
        memory: mebibytes("VmRSS").context("no memory is told")?,
        peak: mebibytes("VmHWM").context("no peak is told")?,
        seconds: TIMES.iter().filter_map(|place| tick(*place)).sum::<f64>() / TICKS,
    })
}
