//! How long the sample pipeline takes on a cluster, beside pods that nobody looks after and Jobs that are awaited by their status.
//!
//! The contenders run in turn (A B, B A, …), so that what disturbs the machine disturbs all; a ratio is of one pair. The bare
//! pods are those of a real run, with the same image, claim, document and security context, each created when the one before
//! has Succeeded, by a watch. No test: times depend on who else uses the machine.

mod contenders;
mod figures;
pub mod scale;
mod writes;

pub use figures::{Figures, Pair, Writes};

use crate::cluster::Cluster;
use crate::image::build;
use crate::operator::OperatorRuns;
use crate::options::Options;
use crate::state::Name;
use anyhow::{Context, Result};
use contenders::Contenders;
use std::time::Duration;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Pairs of a run and three bare pods.
    pub pairs: u32,
    /// Rounds of three Jobs awaited by their status.
    pub jobs: u32,
    /// How long the operator is watched while nothing happens.
    pub rest: Duration,
}

impl Default for Extent {
    fn default() -> Self {
        Self {
            pairs: 10,
            jobs: 5,
            rest: Duration::from_secs(30),
        }
    }
}

/// Measures on a cluster of its own, with the operator as the chart installs it.
///
/// # Errors
/// When the cluster does not come up, or a run does not Succeed. The cluster is ended in either case.
pub async fn measure(name: &Name, extent: Extent) -> Result<Figures> {
    let folder = build::target().join("images");
    let [operator, _] = build::write_archives(&folder)?;
    let options = Options {
        name: name.clone(),
        images: build::archives_in(&folder)?,
        ..Options::default()
    };
    let mut cluster = Cluster::up(&options).await?;
    let measured = async {
        cluster.install_operator(OperatorRuns::Pod, &operator).await?;
        on(&cluster, extent).await
    }
    .await;
    Cluster::down_by_name(name).await?;
    measured
}

async fn on(cluster: &Cluster, extent: Extent) -> Result<Figures> {
    let contenders = Contenders::ready(cluster.client()).await?;
    let mut figures = Figures {
        kubernetes: cluster.client().apiserver_version().await?.git_version,
        ..Figures::default()
    };
    for number in 0..extent.pairs {
        // Whoever comes second finds a warmer machine: each is second as often as first.
        let pair = if number.is_multiple_of(2) {
            let run = contenders.run().await?;
            let bare_pods = contenders.bare_pods().await?;
            Pair { run, bare_pods }
        } else {
            let bare_pods = contenders.bare_pods().await?;
            let run = contenders.run().await?;
            Pair { run, bare_pods }
        };
        eprintln!(
            "pair {}: {:.2} s, three bare pods {:.2} s",
            number + 1,
            pair.run,
            pair.bare_pods
        );
        figures.pairs.push(pair);
    }
    for _ in 0..extent.jobs {
        let seconds = contenders.jobs_by_status().await?;
        eprintln!("three Jobs by their status: {seconds:.2} s");
        figures.jobs_by_status.push(seconds);
    }
    figures.writes = writes::measure(&contenders, cluster, extent.rest)
        .await
        .context("cannot count the operator's writes")?;
    eprintln!("writes: {:?}", figures.writes);
    contenders.gone().await?;
    Ok(figures)
}
