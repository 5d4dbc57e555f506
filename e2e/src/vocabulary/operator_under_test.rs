//! The operator under test: what it has logged; and, where it is a process, its end and its next start.

use super::{Namespace, PATIENCE};
use crate::cluster::Cluster;
use crate::deadline::until;
use crate::operator::{self, Election, Number};
use crate::processes::Processes;
use camino::Utf8Path;
use k8s_openapi::jiff::Timestamp;
use rustix::process::Signal;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An operator as a process beside the control plane; of several one.
pub struct Operator<'c> {
    cluster: &'c Cluster,
    number: Number,
    processes: Processes,
}

impl Cluster {
    /// Everything that it has logged since it started: where it began again in its pod, no longer what it had logged before.
    pub fn operator_log(&self) -> String {
        operator::log(self.state())
    }

    /// Ends it with SIGKILL, as a power cut does. It must run as a process.
    pub async fn kill_operator(&self) {
        self.operator(1).kill().await;
    }

    /// Sets the clock that its schedules go by, which goes on from there. It must run as a process.
    pub fn set_clock(&self, time: &str) {
        set_clock(&operator::clock(self.state()), time);
    }

    /// Starts it again, and waits until it has seen what is there.
    pub fn start_operator(&self) {
        self.operator(1).start(Election::On);
    }

    /// The operator of this number, from 1 on: the first is the one that was installed, any other is there once it is started.
    pub fn operator(&self, number: u16) -> Operator<'_> {
        Operator {
            cluster: self,
            number: Number::of(number),
            processes: Processes::of(self.state()),
        }
    }
}

impl Namespace {
    /// Sets the clock of an operator that looks after this namespace only.
    pub fn set_clock(&self, time: &str) {
        set_clock(&operator::clock_of(self.cluster().state(), self.name()), time);
    }
}

fn set_clock(file: &Utf8Path, time: &str) {
    let wanted: Timestamp = time.parse().unwrap_or_else(|error| panic!("{error}"));
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let seconds = wanted.as_second() - i64::try_from(now).unwrap_or(i64::MAX);
    // By a rename: nobody reads half of it.
    let new = file.with_extension("new");
    let written = fs::write(&new, seconds.to_string()).and_then(|()| fs::rename(&new, file));
    written.unwrap_or_else(|error| panic!("the clock is not set: {error}"));
}

impl Operator<'_> {
    /// Starts it, and waits until it has seen what is there: it may have to wait for its turn then.
    pub fn start(&mut self, election: Election) {
        let started = operator::start(self.cluster.state(), &mut self.processes, self.number, election);
        started.unwrap_or_else(|error| panic!("{} does not start: {error:#}", self.name()));
    }

    /// Ends it with SIGKILL, as a power cut does.
    pub async fn kill(&self) {
        let killed = operator::kill(self.cluster.state(), self.number).await;
        killed.unwrap_or_else(|error| panic!("{} is not killed: {error:#}", self.name()));
    }

    /// Asks it to stop, by SIGTERM, and waits for its end. Gives its exit code.
    pub async fn stop(&mut self) -> Option<i32> {
        self.send(Signal::TERM);
        self.ends().await
    }

    /// Lets it stand still, by SIGSTOP, as a machine does that has no time for it.
    pub fn stand_still(&self) {
        self.send(Signal::STOP);
    }

    /// Lets it go on from where it stood still.
    pub fn go_on(&self) {
        self.send(Signal::CONT);
    }

    fn send(&self, signal: Signal) {
        let sent = operator::send(self.cluster.state(), self.number, signal);
        sent.unwrap_or_else(|error| panic!("{}: {error:#}", self.name()));
    }

    /// Waits until it ends, which it must do by itself. Gives its exit code.
    pub async fn ends(&mut self) -> Option<i32> {
        let name = self.name();
        let within = Duration::from_secs(PATIENCE);
        let ended = until("its end", within, async || self.processes.ended(&name)).await;
        ended.unwrap_or_else(|error| panic!("{name}: {error:#}")).code()
    }

    /// Waits until the Lease says that it leads.
    pub async fn leads(&self) {
        let own = format!("{}_", self.name());
        let holds = |holder: Option<&str>| holder.is_some_and(|holder| holder.starts_with(&own));
        self.cluster
            .wait_for_leader(&format!("{} leads", self.name()), holds)
            .await;
    }

    /// Waits until it logs a line with these words after `since`, and gives the line's time.
    pub async fn says_after(&self, since: Timestamp, words: &str) -> Timestamp {
        let time = |line: &str| line.split_whitespace().next()?.parse().ok();
        let what = format!("{} says `{}`", self.name(), words.trim());
        let said = until(&what, Duration::from_secs(PATIENCE), async || {
            let log = self.log();
            let mut times = log.lines().filter(|line| line.contains(words)).filter_map(time);
            Ok(times.next_back().filter(|said| *said > since))
        });
        said.await
            .unwrap_or_else(|error| panic!("{error:#}; its log:\n{}", self.log()))
    }

    /// All that it has logged, each time that it ran.
    pub fn log(&self) -> String {
        operator::log_of(self.cluster.state(), self.number)
    }

    /// What its process is called.
    pub fn name(&self) -> String {
        self.number.name()
    }
}
