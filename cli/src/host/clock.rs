//! The time, as the engine wants it: the only clock of a run.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use trainyard_engine::Timestamp;

/// Now.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// From `now` to `later`; nothing when it is past.
pub fn until(now: Timestamp, later: Timestamp) -> Duration {
    Duration::from_millis(later.since(now).as_millis())
}
