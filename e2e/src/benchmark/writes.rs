//! What the operator writes, by the API server's audit log.

use super::Writes;
use super::contenders::Contenders;
use crate::cluster::Cluster;
use anyhow::Result;
use std::time::Duration;
use tokio::time::sleep;

/// How long after the end of a run its writes still count.
const AFTERWARDS: Duration = Duration::from_secs(3);

/// Counts them for a run of three stages, for one of four, and for a time in which nothing happens.
pub(super) async fn measure(contenders: &Contenders, cluster: &Cluster, rest: Duration) -> Result<Writes> {
    let three_stages = of_run(contenders, cluster, false).await?;
    let four_stages = of_run(contenders, cluster, true).await?;
    let before = so_far(cluster);
    sleep(rest).await;
    Ok(Writes {
        three_stages,
        four_stages,
        at_rest: so_far(cluster) - before,
        rest_seconds: rest.as_secs(),
    })
}

async fn of_run(contenders: &Contenders, cluster: &Cluster, four_stages: bool) -> Result<usize> {
    let before = so_far(cluster);
    contenders.run_of(four_stages).await?;
    sleep(AFTERWARDS).await;
    Ok(so_far(cluster) - before)
}

/// Attempted writes, also those that were refused; but not of its Lease, which it renews whatever happens.
fn so_far(cluster: &Cluster) -> usize {
    let requests = cluster.audit();
    requests
        .iter()
        .filter(|request| request.by_operator() && request.writes() && !request.is_of_lease())
        .count()
}
