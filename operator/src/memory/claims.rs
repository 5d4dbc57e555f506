//! From how many nodes the claims of workspaces can be used: asked for each attempt, and not changed as long as a claim is bound.

use super::lock;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// By `namespace/name`. One that was made again under its name is known as the earlier one for a moment, in which a pod may be kept
/// together with others, or apart from them, without need.
#[derive(Debug, Default)]
pub(crate) struct Claims(Mutex<BTreeMap<String, (Instant, Access)>>);

/// From how many nodes a workspace can be used at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Any number.
    ManyNodes,
    /// One, as far as is known: a claim that waits for its first pod may still become anything.
    OneNode,
}

impl Access {
    /// Whether other nodes can go on where one is lost.
    pub(crate) fn is_shared(self) -> bool {
        self == Self::ManyNodes
    }
}

/// How long a claim is known.
const KNOWN_FOR: Duration = Duration::from_secs(60);

impl Claims {
    /// What a claim was a moment ago.
    pub(crate) fn get(&self, claim: &str) -> Option<Access> {
        let claims = lock(&self.0);
        let (read, access) = claims.get(claim)?;
        (read.elapsed() < KNOWN_FOR).then_some(*access)
    }

    /// What a bound claim is.
    pub(crate) fn put(&self, claim: String, access: Access) {
        let mut claims = lock(&self.0);
        claims.retain(|_, (read, _)| read.elapsed() < KNOWN_FOR);
        claims.insert(claim, (Instant::now(), access));
    }
}
