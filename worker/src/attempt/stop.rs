//! How a stage learns that it has to end early: by a signal or by its own timeout.
//!
//! Asking costs an atomic load and, with a timeout, a look at the clock: once a block of rows, not once a row.

use crate::StageError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Why a stage has to end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// SIGTERM or SIGINT came.
    Signal,
    /// The attempt has run for this long, which is all that it may.
    Timeout(Duration),
}

/// Says whether a stage has to end early. Shared by all threads of an attempt.
#[derive(Clone, Debug, Default)]
pub struct StopFlag {
    signal: Arc<AtomicBool>,
    deadline: Option<(Instant, Duration)>,
}

impl StopFlag {
    /// A flag that is set by `signal`, and by itself once `timeout` has passed from now.
    pub fn new(signal: Arc<AtomicBool>, timeout: Option<Duration>) -> Self {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout).map(|at| (at, timeout)));
        Self { signal, deadline }
    }

    /// The reason to stop, if there is one.
    pub fn reason(&self) -> Option<StopReason> {
        if self.signal.load(Ordering::Relaxed) {
            return Some(StopReason::Signal);
        }
        let (at, timeout) = self.deadline?;
        (Instant::now() >= at).then_some(StopReason::Timeout(timeout))
    }

    /// `Ok` to go on; an error that ends the stage otherwise. To be asked at least every few tens of milliseconds.
    pub fn check(&self) -> Result<(), StageError> {
        self.reason().map_or(Ok(()), |reason| Err(StageError::stopped(reason)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_set_by_a_signal_or_by_time() {
        let signal = Arc::new(AtomicBool::new(false));
        let flag = StopFlag::new(Arc::clone(&signal), Some(Duration::from_secs(3_600)));
        assert_eq!(flag.reason(), None);
        signal.store(true, Ordering::Relaxed);
        assert_eq!(flag.reason(), Some(StopReason::Signal));

        let late = StopFlag::new(Arc::default(), Some(Duration::ZERO));
        assert_eq!(late.reason(), Some(StopReason::Timeout(Duration::ZERO)));
        assert_eq!(StopFlag::default().reason(), None);
    }
}
