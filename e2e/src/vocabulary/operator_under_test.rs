//! The operator under test: what it has logged; and, where it is a process, its sudden end and its next start.

use crate::cluster::Cluster;
use crate::operator;
use crate::processes::Processes;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};
use trainyard_engine::Timestamp;

impl Cluster {
    /// Everything that it has logged since it started: where it began again in its pod, no longer what it had logged before.
    pub fn operator_log(&self) -> String {
        operator::log(self.state())
    }

    /// Ends it with SIGKILL, as a power cut does. It must run as a process.
    pub async fn kill_operator(&self) {
        let killed = operator::kill(self.state()).await;
        killed.unwrap_or_else(|error| panic!("the operator is not killed: {error:#}"));
    }

    /// Sets the clock that its schedules go by, which goes on from there. It must run as a process.
    pub fn set_clock(&self, time: &str) {
        let wanted = Timestamp::parse(time).unwrap_or_else(|error| panic!("{error}"));
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let seconds = wanted.as_millis() / 1_000 - i64::try_from(now).unwrap_or(i64::MAX);
        // By a rename: nobody reads half of it.
        let file = operator::clock(self.state());
        let new = file.with_extension("new");
        let written = fs::write(&new, seconds.to_string()).and_then(|()| fs::rename(&new, &file));
        written.unwrap_or_else(|error| panic!("the clock is not set: {error}"));
    }

    /// Starts it again, and waits until it has seen what is there.
    pub fn start_operator(&self) {
        let started = operator::start(self.state(), &mut Processes::of(self.state()));
        started.unwrap_or_else(|error| panic!("the operator does not start: {error:#}"));
    }
}
