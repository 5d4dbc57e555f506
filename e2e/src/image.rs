//! Images without a container engine: files in one layer, in an archive that `ctr images import` and `docker load` take.

mod archive;
pub mod build;
#[cfg(test)]
mod dockerfile;
mod for_tests;

pub(crate) use for_tests::archives as archives_for_tests;

/// Holds a pod's namespaces open.
pub const PAUSE: &str = "localhost/pause:1";
/// Busybox, as root: for the provisioner of volumes, and for tests that need a shell. Names resolve in it.
pub const SHELL: &str = "localhost/busybox:1";
/// The real worker behind a script that misbehaves as the variable `MISBEHAVE` says: `e2e/images/misbehave.sh`.
pub const TEST_WORKER: &str = "localhost/trainyard-test-worker:1";
