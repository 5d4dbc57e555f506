//! What was measured, as it is kept beside the page.

use serde::{Deserialize, Serialize};

/// All of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// The API server's version.
    pub kubernetes: String,
    /// Runs beside bare pods.
    pub pairs: Vec<Pair>,
    /// Three Jobs in a row, each awaited by its own status, in seconds.
    pub jobs_by_status: Vec<f64>,
    /// What the operator writes.
    pub writes: Writes,
}

/// One run and three bare pods, in seconds, from the creation of the first object to the end.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pair {
    /// The sample pipeline, from the creation of its run to `finished`.
    pub run: f64,
    /// Three bare pods, one after the other.
    pub bare_pods: f64,
}

/// The operator's attempted writes, by the audit log: from the creation of a run to three seconds after it finished.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Writes {
    /// Of a run of three stages.
    pub three_stages: usize,
    /// Of a run of four stages.
    pub four_stages: usize,
    /// While nothing happened.
    pub at_rest: usize,
    /// For so many seconds.
    pub rest_seconds: u64,
}
