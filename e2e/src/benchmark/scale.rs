//! How the operator bears many runs: its memory, its processor time and its writes over thousands of runs on fake nodes, beside the Job
//! controller alone; its next start with all of them kept, and how fast another one follows it; and a burst of runs on one kubelet, beside bare pods.

mod alone;
mod burst;
mod flood;
mod gauge;
mod recovery;

pub use burst::Burst;
pub use flood::{Flood, Pace, Sample};
pub use recovery::Recovery;

use crate::cluster::Cluster;
use crate::image::build;
use crate::operator::OperatorRuns;
use crate::options::Options;
use crate::state::Name;
use anyhow::Result;
use camino::Utf8Path;
use serde::{Deserialize, Serialize};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Runs through one operator, on fake nodes.
    pub runs: usize,
    /// Pipelines that they are of.
    pub pipelines: usize,
    /// Runs, or Jobs, under way at once.
    pub at_once: usize,
    /// Of them at once where the machine is not at its limit.
    pub few_at_once: usize,
    /// Jobs through the Job controller alone, and stages beside them, where so many are under way at once.
    pub jobs: usize,
    /// Rounds of a burst on one kubelet.
    pub bursts: u32,
    /// Runs of a burst.
    pub burst: u32,
    /// Due times of a schedule that are watched.
    pub minutes: usize,
}

impl Default for Scale {
    fn default() -> Self {
        Self {
            runs: 10_000,
            pipelines: 100,
            at_once: 50,
            few_at_once: 5,
            jobs: 1_500,
            bursts: 3,
            burst: 30,
            minutes: 2,
        }
    }
}

impl Scale {
    /// Runs of each measured pace, fewer where fewer are under way: their stages are as many as the Jobs alone.
    fn runs_of_pace(self, at_once: usize) -> usize {
        self.jobs * at_once / self.at_once / flood::STAGES
    }
}

/// What was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScaleFigures {
    /// The API server's version.
    pub kubernetes: String,
    /// Many runs through one operator.
    pub flood: Flood,
    /// The next leader, with all runs of the flood kept.
    pub recovery: Recovery,
    /// Bursts on one kubelet.
    pub bursts: Vec<Burst>,
    /// The same where the Job controller may ask the API server as often as it likes.
    pub unbounded_bursts: Vec<Burst>,
}

/// Fake nodes: each takes 250 pods.
const FAKE_NODES: u8 = 8;

/// Measures, on clusters of its own.
///
/// # Errors
/// When a cluster does not come up, or a run does not Succeed. The clusters are ended in either case.
pub async fn measure(name: &Name, scale: Scale) -> Result<ScaleFigures> {
    let folder = build::target().join("images");
    let [operator, _] = build::write_archives(&folder)?;
    let fake = Options {
        name: name.clone(),
        nodes: 0,
        fake_nodes: FAKE_NODES,
        ..Options::default()
    };
    let (kubernetes, flood, recovery) = on(&fake, &operator, async |cluster| {
        let version = cluster.client().apiserver_version().await?.git_version;
        let flood = flood::measure(cluster, scale).await?;
        Ok((version, flood, recovery::measure(cluster).await?))
    })
    .await?;
    let mut bursts = [Vec::new(), Vec::new()];
    for (bursts, unbounded_controllers) in bursts.iter_mut().zip([false, true]) {
        let real = Options {
            name: name.clone(),
            images: build::archives_in(&folder)?,
            unbounded_controllers,
            ..Options::default()
        };
        *bursts = on(&real, &operator, async |cluster| burst::measure(cluster, scale).await).await?;
    }
    let [bursts, unbounded_bursts] = bursts;
    Ok(ScaleFigures {
        kubernetes,
        flood,
        recovery,
        bursts,
        unbounded_bursts,
    })
}

/// On a cluster with the operator as a process, whose memory and time can be seen.
async fn on<T>(options: &Options, operator: &Utf8Path, measured: impl AsyncFnOnce(&Cluster) -> Result<T>) -> Result<T> {
    Cluster::down_by_name(&options.name).await?;
    let mut cluster = Cluster::up(options).await?;
    let measured = async {
        cluster.install_operator(OperatorRuns::Process, operator).await?;
        measured(&cluster).await
    }
    .await;
    Cluster::down_by_name(&options.name).await?;
    measured
}
