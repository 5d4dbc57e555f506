//! The operator under test: what it has logged; and, where it is a process, its sudden end and its next start.

use crate::cluster::Cluster;
use crate::operator;
use crate::processes::Processes;

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

    /// Starts it again, and waits until it has seen what is there.
    pub fn start_operator(&self) {
        let started = operator::start(self.state(), &mut Processes::of(self.state()));
        started.unwrap_or_else(|error| panic!("the operator does not start: {error:#}"));
    }
}
