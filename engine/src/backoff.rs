//! How long a failed stage waits before it runs again.
//!
//! The wait after the n-th failure is `min(max, initial * factor^(n-1))`, counted from the end of that attempt, so that a host
//! that restarts in between comes to the same moment.

use serde::{Deserialize, Serialize};
use trainyard_contract::Duration;

/// Growing waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backoff {
    /// The first wait; 1 s when left out.
    pub initial: Duration,
    /// How many times longer each wait is than the one before, at least 1; 2 when left out.
    pub factor: u32,
    /// The longest wait; 5 min when left out.
    pub max: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            factor: 2,
            max: Duration::from_secs(5 * 60),
        }
    }
}

impl Backoff {
    /// The wait after the `failures`-th failure, which counts from 1.
    pub fn after(&self, failures: u32) -> Duration {
        let growth = u64::from(self.factor).saturating_pow(failures.saturating_sub(1));
        Duration::from_millis(self.initial.as_millis().saturating_mul(growth)).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_table() {
        let steady = Backoff {
            factor: 1,
            ..Backoff::default()
        };
        let none = Backoff {
            initial: Duration::from_millis(0),
            ..Backoff::default()
        };
        let capped_at_once = Backoff {
            initial: Duration::from_secs(9),
            max: Duration::from_secs(4),
            factor: 3,
        };
        for (backoff, failures, seconds) in [
            (Backoff::default(), 1, 1),
            (Backoff::default(), 2, 2),
            (Backoff::default(), 3, 4),
            (Backoff::default(), 9, 256),
            (Backoff::default(), 10, 300),
            (Backoff::default(), u32::MAX, 300),
            (Backoff::default(), 0, 1),
            (steady, 7, 1),
            (none, 7, 0),
            (capped_at_once, 1, 4),
        ] {
            assert_eq!(
                backoff.after(failures),
                Duration::from_secs(seconds),
                "{backoff:?} {failures}"
            );
        }
    }
}
