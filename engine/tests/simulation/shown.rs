//! What a host is shown of attempts, which is not always how they are.

use super::world::World;
use trainyard_contract::result::Outcome;
use trainyard_engine::{AttemptState, Ending, ObservedAttempt, RunStatus};

/// What the store of pods shows of attempts at their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pods {
    /// Their pods as they are.
    AsTheyAre,
    /// Their pods as they ran: it is behind the store of Jobs.
    Running,
    /// No pods: it is far behind, or somebody has deleted them.
    Missing,
}

impl Pods {
    pub(crate) const ALL: [Self; 3] = [Self::AsTheyAre, Self::Running, Self::Missing];
}

impl World {
    /// What a host is shown that has this status, of attempts that stand so. Those without a verdict it asks for, whatever its stores
    /// show. One that has its verdict it does not miss, and as long as the store of pods does not show its end, its Job alone says
    /// how it ended.
    pub(crate) fn shown(&self, status: &RunStatus, attempts: &[ObservedAttempt], pods: Pods) -> Vec<ObservedAttempt> {
        let shown = attempts.iter().enumerate().filter_map(|(k, attempt)| {
            let known = has_verdict(status, attempt);
            match &attempt.state {
                AttemptState::Gone if known => None,
                AttemptState::Ended { .. } if known && self.deleted.contains(&k) => None,
                AttemptState::Ended { .. } if known => Some(ObservedAttempt {
                    state: as_its_job_says(&attempt.state, pods),
                    ..attempt.clone()
                }),
                _ => Some(attempt.clone()),
            }
        });
        shown.collect()
    }
}

/// Whether the verdict on an attempt is written down.
pub(crate) fn has_verdict(status: &RunStatus, attempt: &ObservedAttempt) -> bool {
    status.stage(&attempt.stage).is_some_and(|stage| {
        let latest = stage.latest.as_ref().and_then(|latest| latest.verdict);
        attempt.attempt < stage.attempts || (attempt.attempt == stage.attempts && latest.is_some())
    })
}

fn as_its_job_says(state: &AttemptState, pods: Pods) -> AttemptState {
    let AttemptState::Ended { began, at, ending } = state else {
        return state.clone();
    };
    let exit_code = match ending {
        Ending::Reported(result) => Some(i32::from(result.outcome != Outcome::Succeeded)),
        Ending::OutOfMemory { message: _ } => Some(137),
        Ending::Silent { exit_code } => *exit_code,
        // The words of the Job's condition say this as well.
        Ending::Evicted { .. } | Ending::Killed { .. } | Ending::NotStarted { .. } => return state.clone(),
    };
    match pods {
        Pods::AsTheyAre => state.clone(),
        Pods::Running | Pods::Missing => AttemptState::Ended {
            began: began.filter(|_| pods == Pods::Running),
            at: *at,
            ending: Ending::Silent { exit_code },
        },
    }
}
