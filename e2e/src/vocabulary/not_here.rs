//! What cannot be asked of a cluster that somebody else has brought up: its tests are named at the end, not passed in silence.

use crate::cluster::Cluster;
use std::any::Any;
use std::fs::File;
use std::io::Write as _;
use std::panic::resume_unwind;

/// Names the file that takes a line for each test that could not be checked.
pub(crate) const NOT_CHECKED_VARIABLE: &str = "TRAINYARD_E2E_NOT_CHECKED";

/// Why a test cannot go on.
struct NotHere(&'static str);

impl Cluster {
    /// Ends the test, as one that was not checked, where the cluster is somebody else's: it needs `what`.
    pub(super) fn needs(&self, what: &'static str) {
        let foreign = self.is_foreign();
        if foreign.unwrap_or_else(|error| panic!("{error:#}")) {
            // Not a panic: nothing is wrong.
            resume_unwind(Box::new(NotHere(what)));
        }
    }
}

/// Whether a test ended because of [`Cluster::needs`]: then it is written down.
pub(super) fn was_not_checked(ended: &(dyn Any + Send), test: &str) -> bool {
    let Some(NotHere(what)) = ended.downcast_ref() else {
        return false;
    };
    let line = format!("{test}: it needs {what}\n");
    eprint!("NOT CHECKED: {line}");
    write_down(NOT_CHECKED_VARIABLE, &line);
    true
}

/// Adds a line to the file that a variable names, where it names one.
pub(super) fn write_down(variable: &str, line: &str) {
    if let Ok(path) = std::env::var(variable) {
        let written = File::options().create(true).append(true).open(&path);
        let written = written.and_then(|mut file| file.write_all(line.as_bytes()));
        written.unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}
