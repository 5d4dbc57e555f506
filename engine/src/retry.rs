//! When a failed stage runs again.
//!
//! In: the stage's [`RetryPolicy`], what its attempts were charged to, how the latest ended, the time. Out: [`Next`]. Pure; the
//! caller brings the clock. The wait after a failure counts from the end of that attempt, so that a host that restarts in
//! between comes to the same second.
//!
//! Not here: which failure is charged to what (`budget.rs`, `classify.rs`); what else a start needs (`plan`).

use crate::budget::{EVICTIONS_MAX, INTERNAL_MAX, RECOVERIES_MAX, REMAKES_MAX};
use crate::{Backoff, Budget, Failure, Spent, Timestamp, Verdict};
use serde::{Deserialize, Serialize};

/// How often, and how patiently, a failed stage is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Attempts after the first that the user pays for: 0 to 10; 2 when left out; 0 switches retrying off.
    pub limit: u32,
    /// The waits between them.
    pub backoff: Backoff,
    /// How memory grows after an attempt that ran out of it; no such attempt is repeated when left out.
    pub memory: Option<MemoryGrowth>,
}

/// How memory grows from attempt to attempt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemoryGrowth {
    /// How many times more the next attempt gets; more than 1. 1.5 when left out.
    pub factor: f64,
    /// The most that an attempt gets, in bytes.
    pub max: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            limit: 2,
            backoff: Backoff::default(),
            memory: None,
        }
    }
}

impl MemoryGrowth {
    /// `factor` when it is left out.
    pub const FACTOR: f64 = 1.5;

    /// What an attempt gets after `failures` that ran out of memory, when the first had `first` bytes: it never shrinks.
    pub fn after(&self, failures: u32, first: u64) -> u64 {
        let exponent = i32::try_from(failures).unwrap_or(i32::MAX);
        let grown = first as f64 * self.factor.powi(exponent);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is positive, and a cast from a float saturates"
        )]
        let grown = grown.ceil() as u64;
        grown.min(self.max).max(first)
    }
}

/// What a stage whose latest attempt ended does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it succeeded.
    Done,
    /// Nothing before this moment.
    WaitUntil(Timestamp),
    /// Another attempt, now.
    Start,
    /// Nothing any more.
    GiveUp(GiveUp),
}

/// Why a stage is not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUp {
    /// Its failure cannot end otherwise.
    NeverRetried,
    /// The budget is spent: this many attempts were charged to it.
    Spent(Budget, u32),
    /// Memory cannot grow: no limit is set, or the largest was not enough.
    NoMoreMemory,
    /// Its input changed more than [`REMAKES_MAX`] times.
    InputKeepsChanging,
    /// More than [`RECOVERIES_MAX`] results were lost.
    ResultsKeepGettingLost,
    /// It was stopped.
    Stopped,
}

/// What a stage does next after its latest attempt ended at `ended` with `verdict`. `spent` includes that attempt, `memory` is
/// what the first attempt had. Total: every history has its answer here.
pub fn next(
    policy: &RetryPolicy,
    memory: Option<u64>,
    spent: &Spent,
    verdict: Verdict,
    ended: Timestamp,
    now: Timestamp,
) -> Next {
    match verdict {
        Verdict::Succeeded => Next::Done,
        Verdict::Stopped => Next::GiveUp(GiveUp::Stopped),
        Verdict::InputChanged if spent.input_changed > REMAKES_MAX => Next::GiveUp(GiveUp::InputKeepsChanging),
        Verdict::Lost if spent.lost > RECOVERIES_MAX => Next::GiveUp(GiveUp::ResultsKeepGettingLost),
        Verdict::InputChanged | Verdict::Lost => Next::Start,
        Verdict::Failed(Failure { class: _, budget }) => match budget {
            Budget::Never => Next::GiveUp(GiveUp::NeverRetried),
            Budget::Limit => counted(policy, budget, spent.limit, policy.limit, ended, now),
            Budget::Evictions => counted(policy, budget, spent.evictions, EVICTIONS_MAX, ended, now),
            Budget::Internal => counted(policy, budget, spent.internal, INTERNAL_MAX, ended, now),
            Budget::Memory => with_more_memory(policy, memory, spent.memory),
        },
    }
}

fn counted(policy: &RetryPolicy, budget: Budget, spent: u32, limit: u32, ended: Timestamp, now: Timestamp) -> Next {
    if spent > limit {
        return Next::GiveUp(GiveUp::Spent(budget, spent));
    }
    let due = ended.plus(policy.backoff.after(spent));
    if now < due { Next::WaitUntil(due) } else { Next::Start }
}

/// More memory is worth a try at once: nothing gets better by waiting.
fn with_more_memory(policy: &RetryPolicy, first: Option<u64>, failures: u32) -> Next {
    let (Some(growth), Some(first)) = (policy.memory, first) else {
        return Next::GiveUp(GiveUp::NoMoreMemory);
    };
    let had = growth.after(failures.saturating_sub(1), first);
    if policy.limit > 0 && growth.after(failures, first) > had {
        Next::Start
    } else {
        Next::GiveUp(GiveUp::NoMoreMemory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trainyard_contract::{Duration, FailureClass};

    fn s(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn failed(class: FailureClass) -> Verdict {
        Verdict::Failed(Failure {
            class,
            budget: Budget::of_class(class),
        })
    }

    fn evicted() -> Verdict {
        Verdict::Failed(Failure {
            class: FailureClass::Infra,
            budget: Budget::Evictions,
        })
    }

    /// What follows on `verdict` at `now`, when it ended at second 10, by the default policy.
    fn after(spent: Spent, verdict: Verdict, now: Timestamp) -> Next {
        next(&RetryPolicy::default(), None, &spent, verdict, s(10), now)
    }

    #[test]
    fn what_cannot_end_otherwise_is_final() {
        let never = Next::GiveUp(GiveUp::NeverRetried);
        for (name, verdict, want) in [
            ("success", Verdict::Succeeded, Next::Done),
            ("bad data", failed(FailureClass::Data), never),
            ("a bad spec", failed(FailureClass::Config), never),
            ("a stop", Verdict::Stopped, Next::GiveUp(GiveUp::Stopped)),
        ] {
            assert_eq!(after(Spent::default(), verdict, s(99)), want, "{name}");
        }
    }

    #[test]
    fn the_users_budget_table() {
        use FailureClass::{Code, Infra, Timeout, Transient};
        let given_up = Next::GiveUp(GiveUp::Spent(Budget::Limit, 3));
        for (name, limit, class, now, want) in [
            ("a second too early", 1, Transient, s(10), Next::WaitUntil(s(11))),
            ("at the very second", 1, Transient, s(11), Next::Start),
            ("the clock went back", 1, Transient, s(2), Next::WaitUntil(s(11))),
            ("the second wait is longer", 2, Code, s(11), Next::WaitUntil(s(12))),
            ("third failure, two retries", 3, Timeout, s(99), given_up),
            ("the worker's own infra is the user's", 3, Infra, s(99), given_up),
        ] {
            assert_eq!(
                after(
                    Spent {
                        limit,
                        ..Spent::default()
                    },
                    failed(class),
                    now
                ),
                want,
                "{name}"
            );
        }
    }

    #[test]
    fn budgets_are_apart_table() {
        let none = Spent::default();
        let evictions = |evictions| Spent { evictions, ..none };
        let spent = |budget, n| Next::GiveUp(GiveUp::Spent(budget, n));
        let bug = failed(FailureClass::Internal);
        let lost = Next::GiveUp(GiveUp::ResultsKeepGettingLost);
        let changed = Next::GiveUp(GiveUp::InputKeepsChanging);
        for (name, so_far, verdict, want) in [
            ("three nodes lost", evictions(3), evicted(), Next::Start),
            ("ten nodes lost", evictions(10), evicted(), Next::Start),
            ("an eleventh", evictions(11), evicted(), spent(Budget::Evictions, 11)),
            (
                "evicted, the limit spent",
                Spent {
                    limit: 2,
                    ..evictions(1)
                },
                evicted(),
                Next::Start,
            ),
            ("our bug once", Spent { internal: 1, ..none }, bug, Next::Start),
            (
                "our bug twice",
                Spent { internal: 2, ..none },
                bug,
                spent(Budget::Internal, 2),
            ),
            ("a lost result", Spent { lost: 3, ..none }, Verdict::Lost, Next::Start),
            ("every result is lost", Spent { lost: 4, ..none }, Verdict::Lost, lost),
            (
                "a changed input",
                Spent {
                    input_changed: 2,
                    ..none
                },
                Verdict::InputChanged,
                Next::Start,
            ),
            (
                "an input that keeps changing",
                Spent {
                    input_changed: 3,
                    ..none
                },
                Verdict::InputChanged,
                changed,
            ),
        ] {
            assert_eq!(after(so_far, verdict, s(9_999)), want, "{name}");
        }
    }

    #[test]
    fn memory_grows_until_its_maximum_was_not_enough() {
        let grows = RetryPolicy {
            memory: Some(MemoryGrowth {
                factor: 1.5,
                max: 4_000,
            }),
            ..RetryPolicy::default()
        };
        let fixed = RetryPolicy::default();
        let never = RetryPolicy { limit: 0, ..grows };
        let no_more = Next::GiveUp(GiveUp::NoMoreMemory);
        for (name, policy, first, failures, want) in [
            ("1000 to 1500", grows, Some(1_000), 1, Next::Start),
            ("3375 to 4000", grows, Some(1_000), 4, Next::Start),
            ("4000 was not enough", grows, Some(1_000), 5, no_more),
            ("more than the maximum already", grows, Some(5_000), 1, no_more),
            ("the first is not known", grows, None, 1, no_more),
            ("no growth is set", fixed, Some(1_000), 1, no_more),
            ("retrying is off", never, Some(1_000), 1, no_more),
        ] {
            let spent = Spent {
                memory: failures,
                ..Spent::default()
            };
            assert_eq!(
                next(&policy, first, &spent, failed(FailureClass::OutOfMemory), s(1), s(1)),
                want,
                "{name}"
            );
        }
        let growth = MemoryGrowth {
            factor: 1.5,
            max: 4_000,
        };
        assert_eq!(
            [0, 1, 2, 3, 4, 9].map(|n| growth.after(n, 1_000)),
            [1_000, 1_500, 2_250, 3_375, 4_000, 4_000]
        );
        assert_eq!(growth.after(u32::MAX, 1), 4_000);
    }

    #[test]
    fn no_wait_is_longer_than_the_policy_says() {
        let policy = RetryPolicy {
            limit: 10,
            ..RetryPolicy::default()
        };
        let spent = Spent {
            limit: 10,
            ..Spent::default()
        };
        let due = s(10).plus(Duration::from_secs(300));
        let verdict = failed(FailureClass::Transient);
        assert_eq!(next(&policy, None, &spent, verdict, s(10), s(10)), Next::WaitUntil(due));
    }
}
