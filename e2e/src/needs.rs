//! What a cluster needs of its machine that nothing here can install.

use crate::binaries::Binaries;
use crate::command::{command, succeeds};
use anyhow::Result;

/// What this machine lacks, in a sentence; `None` where the control plane and fake nodes can be brought up.
pub fn missing_for_a_cluster() -> Result<Option<&'static str>> {
    if !Binaries::are_built()? && !succeeds(&mut command("go", ["version"])) {
        return Ok(Some(
            "Kubernetes is not built yet, and `go` is not here; install Go 1.26.6 or newer, https://go.dev/dl",
        ));
    }
    Ok(None)
}
