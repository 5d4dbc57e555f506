//! How long a run, a stage and a start may take.

use serde::{Deserialize, Serialize};
use trainyard_contract::Duration;

/// `6h`: a run that is not done after it is stopped.
const RUN: Duration = Duration::from_secs(6 * 60 * 60);
/// `1h`: an attempt that runs longer is stopped.
const STAGE: Duration = Duration::from_secs(60 * 60);
/// `10m`: an attempt that does not begin in this time is given up.
const PENDING: Duration = Duration::from_secs(10 * 60);

/// How much longer than `timeouts.stage` an attempt is left alone: its worker keeps that timeout by itself and reports what it
/// did until then; only one that hangs is stopped from outside.
pub(crate) const STAGE_GRACE: Duration = Duration::from_secs(30);

/// The timeouts of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// From the run's creation to its end; `6h` when left out. Time in which the run is suspended counts.
    pub run: Duration,
    /// From an attempt's begin to its end; `1h` when left out.
    pub stage: Duration,
    /// From an attempt's creation to its begin; `10m` when left out.
    pub pending: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            run: RUN,
            stage: STAGE,
            pending: PENDING,
        }
    }
}

/// What one stage sets apart from its pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTimeouts {
    /// From an attempt's begin to its end; the pipeline's when left out.
    pub stage: Option<Duration>,
    /// From an attempt's creation to its begin; the pipeline's when left out.
    pub pending: Option<Duration>,
}
