//! The clock, and the border between the engine's time and Kubernetes'.

use camino::Utf8PathBuf;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff;
use std::time::{Duration, Instant};
use trainyard_engine::Timestamp;

/// How often the clock is looked at, for steps.
const LOOKS_EVERY: Duration = Duration::from_secs(1);
/// A clock that is this far from where it should be was stepped: slower changes come with the next look at a schedule anyway.
const STEP: Duration = Duration::from_secs(2);

/// The clock that schedules go by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    /// Holds the seconds by which it is ahead of the machine's. For tests: no one can step a machine's clock for one program.
    ahead: Option<Utf8PathBuf>,
}

impl Clock {
    /// The machine's, or one that is ahead of it by the seconds in a file.
    pub(crate) fn new(ahead: Option<Utf8PathBuf>) -> Self {
        Self { ahead }
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        let ahead = self.ahead.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
        let seconds: i64 = ahead.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        Timestamp::from_millis(now().as_millis().saturating_add(seconds.saturating_mul(1_000)))
    }

    /// Comes back when the clock was stepped: whoever waits for a time has to look again.
    pub(crate) async fn is_stepped(&self) {
        let (began, clock) = (Instant::now(), self.now());
        loop {
            tokio::time::sleep(LOOKS_EVERY).await;
            let passed = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
            let shown = self.now().as_millis().saturating_sub(clock.as_millis());
            if shown.abs_diff(passed) > u64::try_from(STEP.as_millis()).unwrap_or(u64::MAX) {
                return;
            }
        }
    }
}

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
