//! The cluster's own processes: started so that they outlive us, written down so that a later program can end them.
//!
//! A process is written down by itself before it becomes what it shall be: its line of `/proc/PID/stat`, which holds its number
//! and when it started. So one that is killed between two of our lines leaves no process that nobody knows, and a number that
//! belongs to somebody else by now is left alone.

use crate::cgroups::Cgroup;
use crate::deadline::until;
use crate::network::Namespace;
use crate::state::State;
use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Enters the cgroup of `$2` (none when it is empty), writes itself down in `$1`, and becomes the rest.
const START: &str = r#"record=$1 entrance=$2; shift 2
if [ -n "$entrance" ]; then echo $$ > "$entrance" || exit 1; fi
read -r line < /proc/$$/stat && printf '%s\n' "$line" > "$record" || exit 1
exec "$@""#;
/// How many of its last lines a program shows that ended when it should not.
const LAST_LINES: usize = 15;
/// From SIGKILL to the end.
const END_WITHIN: Duration = Duration::from_secs(20);

/// In which network and in which cgroup a process runs; none of them where we are not root.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) network: Option<Namespace>,
    pub(crate) cgroup: Option<Cgroup>,
}

/// Starts processes, and knows which of them still run.
pub(crate) struct Processes {
    state: State,
    started: Vec<(String, Child)>,
}

impl Processes {
    pub(crate) fn of(state: &State) -> Self {
        Self {
            state: state.clone(),
            started: Vec::new(),
        }
    }

    /// Starts `program` in `place`, its output in the log file that is called as it is.
    pub(crate) fn start(&mut self, name: &str, place: &Place, program: &Utf8Path, arguments: &[String]) -> Result<()> {
        let record = self.state.processes().join(name);
        let entrance = place.cgroup.as_ref().map(Cgroup::entrance).unwrap_or_default();
        let log = self.log(name);
        let open = File::options().create(true).append(true).open(&log);
        let output = open.with_context(|| format!("cannot open {log}"))?;
        let errors = output.try_clone().with_context(|| format!("cannot open {log}"))?;
        let mut command = Command::new("sh");
        command.args(["-c", START, "sh", record.as_str(), entrance.as_str()]);
        if let Some(network) = &place.network {
            command.args(["nsenter".to_owned(), format!("--net={}", network.path())]);
        }
        command
            .arg(program)
            .args(arguments)
            .current_dir(self.state.folder())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            // Apart from the terminal's group: Ctrl-C ends us, not the cluster.
            .process_group(0);
        let child = command.spawn().with_context(|| format!("cannot start {program}"))?;
        self.started.push((name.to_owned(), child));
        Ok(())
    }

    /// An error, with its last lines, when one of them has ended.
    pub(crate) fn all_run(&mut self) -> Result<()> {
        for (name, child) in &mut self.started {
            if let Some(status) = child.try_wait().with_context(|| format!("cannot look after {name}"))? {
                let log = self.state.logs().join(format!("{name}.log"));
                bail!("{name} ended with {status}; {log} ends:\n{}", last_lines(&log));
            }
        }
        Ok(())
    }

    /// The exit code of one of them, once it has ended by itself; none where a signal ended it.
    pub(crate) fn ended(&mut self, name: &str) -> Result<Option<ExitStatus>> {
        let child = self.started.iter_mut().rfind(|(started, _)| started == name);
        let (_, child) = child.with_context(|| format!("{name} was not started here"))?;
        child.try_wait().with_context(|| format!("cannot look after {name}"))
    }

    /// What a process wrote.
    pub(crate) fn log(&self, name: &str) -> Utf8PathBuf {
        self.state.logs().join(format!("{name}.log"))
    }

    /// The number of a process that was started here.
    pub(crate) fn number_of(&self, name: &str) -> Option<Pid> {
        let mut started = self.started.iter().rev();
        let (_, child) = started.find(|(started, _)| started == name)?;
        i32::try_from(child.id()).ok().and_then(Pid::from_raw)
    }

    /// Lets the kernel forget those that ended after us, their parent.
    pub(crate) fn reap(&mut self) {
        for (_, child) in &mut self.started {
            // It has been killed; there is nothing to do about an error.
            let _ = child.wait();
        }
        self.started.clear();
    }
}

fn last_lines(log: &Utf8Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

/// A process that was written down.
#[derive(Debug, PartialEq, Eq)]
struct Recorded {
    number: i32,
    /// In ticks since the machine started.
    started: u64,
}

impl Recorded {
    /// From a file of ours. Half a line is nobody: it was killed while it wrote, before it became anything.
    fn read(file: &Utf8Path) -> Result<Option<Self>> {
        let line = fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
        Ok(Self::parse(&line))
    }

    /// From a line of `/proc/PID/stat`. The program's name is the second field, in brackets, and may hold anything.
    fn parse(line: &str) -> Option<Self> {
        /// Of the fields behind the name.
        const STARTED: usize = 19;
        let number = line.split(' ').next()?.parse().ok()?;
        let behind_name = line.rsplit_once(')')?.1.trim_start();
        let started = behind_name.split(' ').nth(STARTED)?.parse().ok()?;
        Some(Self { number, started })
    }

    fn runs(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.number)).unwrap_or_default();
        let ended = stat
            .rsplit_once(')')
            .is_none_or(|(_, fields)| fields.trim_start().starts_with('Z'));
        let ours = Self::parse(&stat).is_some_and(|now| now == *self);
        ours && (!ended || self.threads() > 1)
    }

    /// The first thread of a process may be at its end while others still hold its files and ports.
    fn threads(&self) -> usize {
        let threads = fs::read_dir(format!("/proc/{}/task", self.number));
        threads.map_or(0, Iterator::count)
    }
}

/// Ends with SIGKILL every process that was written down and is still the same: the API server hangs on SIGTERM once etcd is gone.
pub(crate) async fn end_recorded(state: &State) -> Result<()> {
    let mut recorded = Vec::new();
    let folder = state.processes();
    if folder.exists() {
        for entry in folder
            .read_dir_utf8()
            .with_context(|| format!("cannot list {folder}"))?
        {
            let entry = entry.with_context(|| format!("cannot list {folder}"))?;
            recorded.extend(Recorded::read(entry.path())?);
        }
    }
    end(&recorded).await
}

/// Ends the process of this name, if one was written down and is still the same.
pub(crate) async fn end_named(state: &State, name: &str) -> Result<()> {
    end(named(state, name)?.as_slice()).await
}

/// Sends a signal to the process of this name, if one was written down and is still the same.
pub(crate) fn send(state: &State, name: &str, signal: Signal) -> Result<()> {
    let named = named(state, name)?.filter(Recorded::runs);
    if let Some(number) = named.and_then(|process| Pid::from_raw(process.number)) {
        kill_process(number, signal).with_context(|| format!("no signal to {name}"))?;
    }
    Ok(())
}

/// The number of the process of this name, if one was written down and is still the same.
pub(crate) fn number(state: &State, name: &str) -> Result<Option<i32>> {
    let running = named(state, name)?.filter(Recorded::runs);
    Ok(running.map(|process| process.number))
}

/// Those that were written down, in order of their names, whether they run or not.
pub(crate) fn names(state: &State) -> Result<Vec<String>> {
    let folder = state.processes();
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let cannot = || format!("cannot list {folder}");
    let entries = folder.read_dir_utf8().with_context(cannot)?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_owned()));
    let mut names = names.collect::<Result<Vec<_>, _>>().with_context(cannot)?;
    names.sort_unstable();
    Ok(names)
}

fn named(state: &State, name: &str) -> Result<Option<Recorded>> {
    let record = state.processes().join(name);
    if record.exists() {
        Recorded::read(&record)
    } else {
        Ok(None)
    }
}

/// The program and the arguments of a process that was written down and runs.
pub(crate) fn command_line(state: &State, name: &str) -> Result<Vec<String>> {
    let recorded = Recorded::read(&state.processes().join(name))?;
    let recorded = recorded
        .filter(Recorded::runs)
        .with_context(|| format!("{name} does not run"))?;
    let path = format!("/proc/{}/cmdline", recorded.number);
    let line = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    Ok(line.split_terminator('\0').map(str::to_owned).collect())
}

async fn end(recorded: &[Recorded]) -> Result<()> {
    until("the end of the cluster's processes", END_WITHIN, async || {
        let mut left = recorded.iter().filter(|process| process.runs()).peekable();
        let ended = left.peek().is_none();
        for process in left {
            if let Some(number) = Pid::from_raw(process.number) {
                // One that has just ended by itself is no error.
                let _ = kill_process(number, Signal::KILL);
            }
        }
        Ok(ended.then_some(()))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_number_and_its_start_whatever_its_name() {
        let line = "17 (a) b (c) S 1 17 17 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 4242 1000 10 18446744073709551615";
        let recorded = Recorded::parse(line);
        assert_eq!(
            recorded,
            Some(Recorded {
                number: 17,
                started: 4242
            })
        );
        assert_eq!(Recorded::parse("17 (half"), None);
    }

    #[test]
    fn a_number_that_another_process_has_by_now_is_not_ours() {
        let stat = fs::read_to_string("/proc/self/stat").expect("our own line");
        let ours = Recorded::parse(&stat).expect("a whole line");
        assert!(ours.runs());
        let earlier = Recorded {
            started: ours.started - 1,
            ..ours
        };
        assert!(!earlier.runs());
    }
}
