//! What the operator under test has logged.

use crate::cluster::Cluster;
use crate::operator;

impl Cluster {
    /// Everything that it has logged since it started: where it began again in its pod, no longer what it had logged before.
    pub fn operator_log(&self) -> String {
        operator::log(self.state())
    }
}
