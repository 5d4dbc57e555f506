//! Whose name stands in the Lease: one of its own for every process, with its pod's name before it.

use std::fs;
use std::hash::{BuildHasher, RandomState};

/// Between the pod's name, which has none, and what tells its processes apart.
const SEPARATOR: char = '_';

/// Who a process is, as long as it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// Outside a pod there is none.
    pod: Option<String>,
    name: String,
}

impl Identity {
    pub(super) fn of_this_process() -> Self {
        // The seeds of a hash map come from the system's random numbers.
        let unique = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        match std::env::var("POD_NAME") {
            Ok(pod) if !pod.is_empty() => Self::new(Some(&pod), &pod, &unique),
            _ => {
                let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
                Self::new(None, host.trim(), &unique)
            }
        }
    }

    pub(super) fn new(pod: Option<&str>, prefix: &str, unique: &str) -> Self {
        Self {
            pod: pod.map(str::to_owned),
            name: format!("{prefix}{SEPARATOR}{unique}"),
        }
    }

    /// As it stands in the Lease.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the holder was an earlier process of this very pod: the kubelet starts a container anew when the one before has
    /// ended, so that nobody has to wait until its Lease has run out. Should it live after all, it sees that it holds nothing.
    pub(super) fn is_earlier_self(&self, holder: &str) -> bool {
        let pod = holder.rsplit_once(SEPARATOR).map(|(pod, _)| pod);
        pod.is_some() && pod == self.pod.as_deref() && holder != self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_pod_knows_an_earlier_self() {
        let pod = Identity::new(Some("trainyard-5f-x"), "trainyard-5f-x", "2");
        assert!(pod.is_earlier_self("trainyard-5f-x_1"));
        for other in ["trainyard-5f-x_2", "trainyard-5f-y_1", "trainyard-5f-x", "", "_1"] {
            assert!(!pod.is_earlier_self(other), "{other}");
        }
        let laptop = Identity::new(None, "laptop", "2");
        assert!(!laptop.is_earlier_self("laptop_1"), "two processes may run there");
    }

    #[test]
    fn two_processes_never_have_one_name() {
        assert_ne!(Identity::of_this_process(), Identity::of_this_process());
    }
}
