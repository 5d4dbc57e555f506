//! When a pipeline runs by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trainyard_engine::schedule::{ConcurrencyPolicy, MissedRuns};

/// Times at which runs start. A change never raises times that are past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// Five fields (minute, hour, day of month, month, day of week), or `@hourly`, `@daily`, `@weekly`, `@monthly`.
    #[schemars(length(min = 1, max = 256))]
    pub cron: String,
    /// The IANA time zone in which `cron` is read, as `Europe/Berlin`; `UTC` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,
    /// Whether no run starts by the schedule; false when left out. Times that pass meanwhile are not made up for. The annotation
    /// `trainyard.dev/paused` does the same from outside Git, whatever stands here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// What happens when a run is due while an earlier one still runs: `Forbid` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency_policy: Option<ConcurrencyPolicy>,
    /// Which of the runs start that were missed while nothing could start them: `Latest` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed_runs: Option<MissedRuns>,
    /// How many seconds after its time a missed run may still start: 1 to 31,536,000 (a year); no limit when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 31_536_000))]
    pub starting_deadline_seconds: Option<i64>,
}
