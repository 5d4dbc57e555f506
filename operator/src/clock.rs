//! The clock, and the border between the engine's time and Kubernetes'.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff;
use std::time::Duration;
use trainyard_engine::Timestamp;

/// What time it is.
pub(crate) fn now() -> Timestamp {
    timestamp(&Time(jiff::Timestamp::now()))
}

/// Kubernetes' time as the engine's.
pub(crate) fn timestamp(time: &Time) -> Timestamp {
    Timestamp::from_millis(time.0.as_millisecond())
}

/// The engine's time as Kubernetes', which keeps whole seconds in objects.
pub(crate) fn time(timestamp: Timestamp) -> Time {
    Time(jiff::Timestamp::from_millisecond(timestamp.as_millis()).unwrap_or_default())
}

/// How long it is from `now` until `then`; nothing when that is past.
pub(crate) fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::from_millis(then.since(now).as_millis())
}
