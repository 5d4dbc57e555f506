//! How long nobody acts when the operator that does is gone: killed, and told to stop. Another one waits beside it.

use crate::cluster::Cluster;
use crate::deadline::until;
use crate::operator::{self, Election, LEASE, Number, OPERATOR_NAMESPACE};
use crate::processes::Processes;
use anyhow::{Context, Result};
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Nobody waits longer for a Lease.
const LONGEST: Duration = Duration::from_secs(60);
/// How often it is done.
const ROUNDS: usize = 3;

/// From the signal until the other one has the Lease, in seconds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recovery {
    /// After SIGKILL.
    pub killed: Vec<f64>,
    /// After SIGTERM.
    pub stopped: Vec<f64>,
}

/// Measures it; the first one leads, before and after.
pub(super) async fn measure(cluster: &Cluster) -> Result<Recovery> {
    let (first, second) = (Number::FIRST, Number::of(2));
    let state = cluster.state();
    let start = |number| operator::start(state, &mut Processes::of(state), number, Election::On);
    let mut recovery = Recovery::default();
    for _ in 0..ROUNDS {
        start(second)?;
        let leader = holder(cluster).await?.context("nobody leads")?;
        let began = Instant::now();
        operator::kill(state, first).await?;
        let leader = followed(cluster, &leader).await?;
        recovery.killed.push(began.elapsed().as_secs_f64());

        start(first)?;
        let began = Instant::now();
        operator::send(state, second, Signal::TERM)?;
        followed(cluster, &leader).await?;
        recovery.stopped.push(began.elapsed().as_secs_f64());
        operator::kill(state, second).await?;
    }
    Ok(recovery)
}

/// Who has the Lease after this one.
async fn followed(cluster: &Cluster, leader: &str) -> Result<String> {
    until("another operator leads", LONGEST, async || {
        let holder = holder(cluster).await?;
        Ok(holder.filter(|holder| holder != leader))
    })
    .await
}

/// Who has it; nobody where it was given back.
async fn holder(cluster: &Cluster) -> Result<Option<String>> {
    let leases: Api<Lease> = Api::namespaced(cluster.client(), OPERATOR_NAMESPACE);
    let lease = leases.get(LEASE).await?;
    let holder = lease.spec.and_then(|spec| spec.holder_identity);
    Ok(holder.filter(|holder| !holder.is_empty()))
}
