//! Values: `$(parameters.region)` and its like, which stand in the texts of a stage.
//!
//! A text is read once: what a value puts in is never read again, so that no parameter can smuggle in another value. `$$(` is
//! the way to write the characters `$(`; any other `$` is itself. Only the texts of fields are looked at, not the keys of maps.
//!
//! Not here: which field refuses them (`pipeline/value_places.rs`).

mod substitute;
mod template;

pub(crate) use substitute::{Outputs, resolve, resolve_known, texts_of};
pub(crate) use template::{Piece, Reference, pieces};

use crate::Timestamp;
use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trainyard_contract::RunName;

/// What values stand for in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// Every parameter of the pipeline with its value.
    pub parameters: BTreeMap<String, String>,
    /// The run's name.
    pub run: RunName,
    /// The run's slot, if it has one.
    pub slot: Option<Slot>,
}

/// One due time of a schedule, in the zone of its pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The due time before this one; none where the pipeline has no schedule that would say it.
    start: Option<DateTime<FixedOffset>>,
    /// This due time.
    end: DateTime<FixedOffset>,
}

impl Slot {
    /// The slot that is due at `end`, after one at `start`, as the clocks of `zone` show them.
    pub fn new(start: Option<Timestamp>, end: Timestamp, zone: Tz) -> Self {
        let shown = |time: Timestamp| time.utc().with_timezone(&zone).fixed_offset();
        Self {
            start: start.map(shown),
            end: shown(end),
        }
    }

    /// The due time.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.end.timestamp_millis())
    }

    /// Whether `$(slot.start)` stands for a time.
    pub(crate) fn has_start(&self) -> bool {
        self.start.is_some()
    }

    /// `$(run.slot)`: the due time as RFC 3339 in UTC.
    pub(crate) fn run_slot(&self) -> String {
        self.end
            .with_timezone(&Utc)
            .to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }

    /// `$(slot.date)`: the day of the due time in the pipeline's zone, `2026-11-24`.
    pub(crate) fn date(&self) -> String {
        self.end.format("%Y-%m-%d").to_string()
    }

    /// `$(slot.start)`: the due time before, RFC 3339 with the zone's offset.
    pub(crate) fn start(&self) -> Option<String> {
        Some(self.start?.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    /// `$(slot.end)`: the due time, RFC 3339 with the zone's offset.
    pub(crate) fn end(&self) -> String {
        self.end.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }
}
