//! Real kubectl and helm, as users call them.

use crate::cluster::Cluster;
use std::process::Stdio;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// What a program said, and whether it was content.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) succeeded: bool,
    pub(super) out: String,
    pub(super) errors: String,
}

/// Runs a program of the cluster with `input` to read, as somebody with all rights.
pub(super) async fn run(cluster: &Cluster, program: &str, words: &[&str], input: &str) -> Said {
    let mut child = Command::new(cluster.programs().join(program))
        .args(words)
        .env("KUBECONFIG", cluster.kubeconfig())
        .current_dir(crate::image::build::root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
    if let Some(mut stdin) = child.stdin.take() {
        // A program that reads nothing may have closed it.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    let output = child.wait_with_output().await;
    let output = output.unwrap_or_else(|error| panic!("cannot wait for {program}: {error}"));
    Said {
        succeeded: output.status.success(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
