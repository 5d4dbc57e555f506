//! A burst of runs on one kubelet, beside as many chains of bare pods.

use super::Scale;
use super::gauge;
use crate::benchmark::contenders::Contenders;
use crate::cluster::Cluster;
use anyhow::Result;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// One round, in seconds from the creation of the first object to the last end.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Burst {
    /// Runs, or chains of three pods.
    pub at_once: u32,
    /// The runs.
    pub runs: f64,
    /// The chains.
    pub bare_pods: f64,
    /// Processor time of the operator for the runs.
    pub operator: f64,
}

/// Measures rounds of it.
pub(super) async fn measure(cluster: &Cluster, scale: Scale) -> Result<Vec<Burst>> {
    let contenders = Contenders::ready(cluster.client()).await?;
    let mut bursts = Vec::new();
    for round in 0..scale.bursts {
        let runs_first = round.is_multiple_of(2);
        let mut burst = Burst {
            at_once: scale.burst,
            runs: 0.0,
            bare_pods: 0.0,
            operator: 0.0,
        };
        for runs in [runs_first, !runs_first] {
            let (began, before) = (Instant::now(), gauge::taken(cluster)?.seconds);
            if runs {
                try_join_all((0..scale.burst).map(|_| contenders.run())).await?;
                burst.runs = began.elapsed().as_secs_f64();
                burst.operator = gauge::taken(cluster)?.seconds - before;
            } else {
                try_join_all((0..scale.burst).map(|_| contenders.bare_pods())).await?;
                burst.bare_pods = began.elapsed().as_secs_f64();
            }
        }
        eprintln!(
            "{} runs at once: {:.1} s, {:.2} s of the operator; bare pods: {:.1} s",
            burst.at_once, burst.runs, burst.operator, burst.bare_pods
        );
        bursts.push(burst);
    }
    contenders.gone().await?;
    Ok(bursts)
}
