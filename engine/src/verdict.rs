//! How an attempt ended: written once, and final.

use crate::{Budget, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trainyard_contract::{Duration, FailureClass};

/// How an attempt ended.
// As data it is an object with `outcome`, and with `class` and `budget` where it failed: a field of one type, so that the
// schema of a run's status can say what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "VerdictForm", into = "VerdictForm")]
#[schemars(with = "VerdictForm")]
pub enum Verdict {
    /// Done and committed.
    Succeeded,
    /// Failed, and why.
    Failed(Failure),
    /// An input was not what its digest says: the stage that made it has to run again.
    InputChanged,
    /// It ended, but nobody knows how: the next attempt looks for what was committed.
    Lost,
    /// It was stopped because the run was.
    Stopped,
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it was.
    pub class: FailureClass,
    /// What it is charged to.
    pub budget: Budget,
}

/// A verdict as data.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Verdict")]
struct VerdictForm {
    /// How the attempt ended.
    outcome: VerdictOutcome,
    /// Of a failed attempt: what kind of failure it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<FailureClass>,
    /// Of a failed attempt: what it is charged to, which decides how often the stage may be tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    budget: Option<Budget>,
}

/// The word for a verdict.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
enum VerdictOutcome {
    /// Done and committed.
    Succeeded,
    /// Failed.
    Failed,
    /// Its input was not what its digest says: the stage that made it has to run again.
    InputChanged,
    /// It ended, but its result could not be read: the next attempt looks for what it made.
    Lost,
    /// It was stopped because the run was.
    Stopped,
}

impl From<Verdict> for VerdictForm {
    fn from(verdict: Verdict) -> Self {
        let plain = |outcome| Self {
            outcome,
            class: None,
            budget: None,
        };
        match verdict {
            Verdict::Succeeded => plain(VerdictOutcome::Succeeded),
            Verdict::Failed(Failure { class, budget }) => Self {
                outcome: VerdictOutcome::Failed,
                class: Some(class),
                budget: Some(budget),
            },
            Verdict::InputChanged => plain(VerdictOutcome::InputChanged),
            Verdict::Lost => plain(VerdictOutcome::Lost),
            Verdict::Stopped => plain(VerdictOutcome::Stopped),
        }
    }
}

impl From<VerdictForm> for Verdict {
    fn from(form: VerdictForm) -> Self {
        let VerdictForm { outcome, class, budget } = form;
        match outcome {
            VerdictOutcome::Succeeded => Self::Succeeded,
            VerdictOutcome::Failed => {
                let class = class.unwrap_or(FailureClass::Internal);
                let budget = budget.unwrap_or(Budget::of_class(class));
                Self::Failed(Failure { class, budget })
            }
            VerdictOutcome::InputChanged => Self::InputChanged,
            VerdictOutcome::Lost => Self::Lost,
            VerdictOutcome::Stopped => Self::Stopped,
        }
    }
}

/// What is remembered of a stage's latest attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LatestAttempt {
    /// When it was created, counted from the run's creation. This and the other times stand here while the stage is under way;
    /// at its end the stage's own times say what is of interest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_after: Option<Duration>,
    /// When its program began, counted from the run's creation; left out while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_after: Option<Duration>,
    /// When it ended, counted from the run's creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_after: Option<Duration>,
    /// Which attempt made the dataset that it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_attempt: Option<u32>,
    /// How it ended: written once, and final. Left out while it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

impl LatestAttempt {
    /// An attempt that the host is told to start `now`.
    pub(crate) fn created(run_created: Timestamp, now: Timestamp, input_attempt: Option<u32>) -> Self {
        Self {
            created_after: Some(now.since(run_created)),
            began_after: None,
            ended_after: None,
            input_attempt,
            verdict: None,
        }
    }
}
