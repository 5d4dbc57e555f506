//! Wall time and peak memory of a command and everything that it starts.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often memory is looked at. A process' own peak is kept by the kernel, so that only who lives at the same time is sampled.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// The most memory (resident set) that a command held, in MiB.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Peak {
    /// All processes that lived at one time, each with its own peak until then: never too low.
    pub(crate) together: f64,
    /// The largest process.
    pub(crate) largest: f64,
}

/// Seconds from the start of the command to its end.
pub(crate) fn wall(command: &mut Command) -> Result<f64> {
    let start = Instant::now();
    let status = quiet(command)
        .status()
        .with_context(|| format!("cannot start {command:?}"))?;
    let seconds = start.elapsed().as_secs_f64();
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(seconds)
}

/// The peak of the command and its descendants.
pub(crate) fn peak_memory(command: &mut Command) -> Result<Peak> {
    let mut child = quiet(command)
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))?;
    let mut peak = Peak::default();
    loop {
        let alive: Vec<f64> = family(child.id()).into_iter().filter_map(high_water_mark).collect();
        peak.together = peak.together.max(alive.iter().sum());
        peak.largest = alive.into_iter().fold(peak.largest, f64::max);
        if let Some(status) = child
            .try_wait()
            .with_context(|| format!("cannot wait for {command:?}"))?
        {
            ensure!(status.success(), "{command:?} ended with {status}");
            return Ok(peak);
        }
        thread::sleep(LOOK_EVERY);
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

/// The process `root` and all below it.
fn family(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        if let Some(parent) = parent(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut family = vec![root];
    let mut next = 0;
    while let Some(pid) = family.get(next) {
        let below = children.remove(pid).unwrap_or_default();
        family.extend(below);
        next += 1;
    }
    family
}

/// The fourth field of `/proc/PID/stat`; the second, the name, may hold anything but ends with the last `)`.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// `VmHWM` of a process, in MiB; none when it has gone.
fn high_water_mark(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_a_child_of_the_command_counts() {
        // The shell cannot become `sleep` here, since it has something to do afterwards.
        // `tail` cannot end before its reader begins: there is time to look at it on a busy machine too.
        let script = "head -c 50000000 /dev/zero | tail -c 40000000 | (sleep 1; cat > /dev/null); true";
        let peak = peak_memory(Command::new("sh").args(["-c", script])).unwrap();
        assert!(peak.largest > 30.0, "{peak:?}");
        assert!(peak.together > peak.largest, "{peak:?}");
    }

    #[test]
    fn a_command_that_fails_is_no_measurement() {
        assert!(wall(&mut Command::new("false")).is_err());
        assert!(peak_memory(&mut Command::new("false")).is_err());
    }
}
