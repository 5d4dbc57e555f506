//! How long the parts of an election take, all from one figure: the Lease's duration.

use std::time::Duration;

/// Below this an API server that is a little slow would end a term.
pub(crate) const LEASE_SHORTEST: Duration = Duration::from_secs(3);
/// Nobody acts for so long after a leader has died.
pub(crate) const LEASE_LONGEST: Duration = Duration::from_secs(300);
/// After a request without an answer, before the next one.
const RETRY: Duration = Duration::from_secs(1);

/// How long the parts of an election take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// How long the Lease is good without a renewal: 15 s, as for Kubernetes' own controllers.
    pub lease: Duration,
    /// From a renewal until its leader stops all writes: two thirds, so that a write that is under way then ends before another
    /// one leads.
    pub deadline: Duration,
    /// From a renewal to the next: a third.
    pub renew: Duration,
    /// How long a request may take: half of the deadline, so that one that is lost on its way is followed by another.
    pub request: Duration,
    /// After a request without an answer, before the next one.
    pub retry: Duration,
}

impl Times {
    pub(super) fn of(lease: Duration) -> Self {
        Self {
            lease,
            deadline: lease * 2 / 3,
            renew: lease / 3,
            request: lease / 3,
            retry: RETRY.min(lease / 15),
        }
    }
}
