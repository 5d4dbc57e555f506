//! A registry of images that takes every request and answers none, as one behind a firewall does.

use super::{Namespace, PATIENCE};
use crate::cluster;
use crate::command::{command, succeeds};
use crate::deadline::until;
use crate::network;
use crate::processes::Processes;
use camino::Utf8Path;
use std::time::Duration;

/// Of the loopback in the first node's network. containerd speaks plain HTTP to it: were it to shake hands for TLS first, it would
/// give up after ten seconds.
const ADDRESS: &str = "127.0.0.1:80";
/// Its name among the cluster's processes, and in its logs.
const PROCESS: &str = "registry-that-never-answers";

impl Namespace {
    /// Where such a registry is, for the first part of an image's name. The cluster has one from then on.
    pub async fn registry_that_never_answers(&self) -> &'static str {
        self.cluster().needs("the network of a node");
        let state = self.cluster().state();
        let network = network::Namespace::first_of(state.name());
        let enter = format!("--net={}", network.path());
        let connect = [&enter, "socat", "-u", "OPEN:/dev/null", &format!("TCP:{ADDRESS}")];
        let listens = || succeeds(&mut command("nsenter", connect));
        if !listens() {
            let place = cluster::place(state.name());
            let (address, port) = ADDRESS.split_once(':').unwrap_or((ADDRESS, ""));
            let take = format!("TCP-LISTEN:{port},bind={address},fork,reuseaddr");
            // `-u`: what comes in is thrown away, and nothing ever goes out.
            let arguments = ["-u".to_owned(), take, "OPEN:/dev/null".to_owned()];
            let started = Processes::of(state).start(PROCESS, &place, Utf8Path::new("socat"), &arguments);
            started.unwrap_or_else(|error| panic!("{error:#}"));
        }
        let there = until("the registry listens", Duration::from_secs(PATIENCE), async || {
            Ok(listens().then_some(()))
        });
        there.await.unwrap_or_else(|error| panic!("{error:#}"));
        ADDRESS
    }
}
