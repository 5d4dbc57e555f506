//! What an attempt's end means: its verdict, and what to say about it.
//!
//! In: how the attempt ended as its host saw it, and what was expected of it (its timeouts, whether the run is being
//! stopped). Out: a [`Verdict`] with its budget. A class comes from where the cause is known, never from a message's text.
//!
//! An attempt that succeeded although it was told to stop has succeeded. Not here: whether it runs again (`retry.rs`).

use crate::status::StopCause;
use crate::{Budget, Ending, Failure, Timestamp, Verdict};
use trainyard_contract::layout::{DATASET_FILE, HOLDOUT_FILE};
use trainyard_contract::result::Outcome;
use trainyard_contract::{Duration, ExitCode, FailureClass, StageResult, StageSpec};

/// An attempt that ended, and what was expected of it.
pub(crate) struct Ended<'a> {
    pub spec: &'a StageSpec,
    pub number: u32,
    pub created: Timestamp,
    pub began: Option<Timestamp>,
    pub at: Timestamp,
    /// How it ended; nothing when it is gone.
    pub ending: Option<&'a Ending>,
    pub stopping: Option<StopCause>,
    pub timeout: Duration,
    pub pending_timeout: Duration,
    /// What it last waited for before its program began, if that was known.
    pub waited_for: Option<FailureClass>,
}

/// What an end means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Classified {
    pub verdict: Verdict,
    pub message: String,
    pub hint: String,
    /// What a success committed.
    pub result: Option<StageResult>,
    /// Whether the attempt itself said how it ended, so that nothing unread can have been committed.
    pub reported: bool,
}

/// Where everything that a worker said stands.
const IN_THE_LOG: &str = "its log says more";

/// The verdict on an attempt.
pub(crate) fn classify(ended: &Ended<'_>) -> Classified {
    match ended.ending {
        None => interrupted(
            ended,
            unread(
                Verdict::Lost,
                "it is gone, as if somebody had deleted it, before its result was read".to_owned(),
            ),
        ),
        Some(Ending::Reported(result)) => reported(ended, result),
        Some(Ending::Silent { exit_code }) => silent(ended, *exit_code),
        Some(Ending::Killed { signal }) => {
            let message = format!("killed by signal {signal}");
            interrupted(ended, unread(failed(FailureClass::Infra, Budget::Limit), message))
        }
        Some(Ending::Evicted { message }) => interrupted(
            ended,
            unread(failed(FailureClass::Infra, Budget::Evictions), message.clone()),
        ),
        Some(Ending::OutOfMemory { message }) => {
            let message = if message.is_empty() {
                "it needed more memory than it had"
            } else {
                message
            };
            let hint = "give it more with `resources`, or let it grow with `retry.memory.max`";
            Classified {
                hint: hint.to_owned(),
                ..unread(failed(FailureClass::OutOfMemory, Budget::Memory), message.to_owned())
            }
        }
        Some(Ending::NotStarted { class, message, hint }) => Classified {
            verdict: failed(*class, Budget::of_class(*class)),
            message: message.clone(),
            hint: hint.clone(),
            result: None,
            reported: true,
        },
    }
}

fn failed(class: FailureClass, budget: Budget) -> Verdict {
    Verdict::Failed(Failure { class, budget })
}

/// An end that the attempt itself said nothing about.
fn unread(verdict: Verdict, message: String) -> Classified {
    Classified {
        verdict,
        message,
        hint: String::new(),
        result: None,
        reported: false,
    }
}

fn reported(ended: &Ended<'_>, result: &StageResult) -> Classified {
    let said = |verdict, result: &StageResult| Classified {
        verdict,
        message: result.message.clone(),
        hint: result.hint.clone(),
        result: None,
        reported: true,
    };
    match result.outcome {
        Outcome::Succeeded => match missing_in(ended, result) {
            None => Classified {
                result: Some(result.clone()),
                ..said(Verdict::Succeeded, result)
            },
            Some(missing) => Classified {
                verdict: failed(FailureClass::Internal, Budget::Internal),
                message: format!("it says that it succeeded, but its result names no {missing}"),
                hint: "this is a bug of Trainyard's; please report it with the stage's log".to_owned(),
                result: None,
                reported: false,
            },
        },
        Outcome::Failed => {
            let class = result.class.unwrap_or(FailureClass::Internal);
            said(failed(class, Budget::of_class(class)), result)
        }
        Outcome::InputChanged => said(Verdict::InputChanged, result),
        Outcome::Stopped => Classified {
            reported: true,
            ..interrupted(ended, stopped_from_outside())
        },
    }
}

/// What a success must name and this one does not: consumers get it from here, never by listing a folder.
fn missing_in(ended: &Ended<'_>, result: &StageResult) -> Option<&'static str> {
    if result.attempt == 0 || result.attempt > ended.number {
        return Some("attempt that committed");
    }
    match ended.spec {
        StageSpec::Extract(_) | StageSpec::Predict(_) => {
            dataset_digest(ended.spec, result).is_none().then_some("dataset")
        }
        StageSpec::Train(_) if result.model_version.is_none() => Some("model version"),
        StageSpec::Train(train) => {
            let lacks_rows = train.split.is_some() && dataset_digest(ended.spec, result).is_none();
            lacks_rows.then_some("table of held-out rows")
        }
        StageSpec::Validate(_) | StageSpec::Evaluate(_) => None,
    }
}

/// The digest of the table that a result names: the dataset that the stage yields, or the rows that `train` held out.
pub(crate) fn dataset_digest<'a>(spec: &StageSpec, result: &'a StageResult) -> Option<&'a str> {
    let file = match spec {
        StageSpec::Train(_) => HOLDOUT_FILE,
        StageSpec::Extract(_) | StageSpec::Validate(_) | StageSpec::Evaluate(_) | StageSpec::Predict(_) => DATASET_FILE,
    };
    result
        .artifacts
        .iter()
        .find(|artifact| artifact.path == file)
        .map(|artifact| artifact.sha256.as_str())
}

/// An exit code is all that is left. Those of our worker keep the class.
fn silent(ended: &Ended<'_>, exit_code: Option<i32>) -> Classified {
    let Some(code) = exit_code else {
        return interrupted(
            ended,
            unread(Verdict::Lost, "it left no result and no exit code".to_owned()),
        );
    };
    let of = |class| failed(class, Budget::of_class(class));
    let message = format!("exit code {code}, and no result could be read");
    let verdict = match ExitCode::from_code(code) {
        Some(ExitCode::Done) => {
            return interrupted(
                ended,
                unread(Verdict::Lost, "it is done, but its result was lost".to_owned()),
            );
        }
        Some(ExitCode::Stopped) => return interrupted(ended, stopped_from_outside()),
        Some(ExitCode::Data) => of(FailureClass::Data),
        Some(ExitCode::Config) => of(FailureClass::Config),
        Some(ExitCode::Transient) => of(FailureClass::Transient),
        Some(ExitCode::Infra) => of(FailureClass::Infra),
        Some(ExitCode::Timeout) => of(FailureClass::Timeout),
        Some(ExitCode::InputChanged) => Verdict::InputChanged,
        None if code == KILLED => return interrupted(ended, unread(of(FailureClass::Infra), message)),
        Some(ExitCode::Internal) | None => of(FailureClass::Internal),
    };
    Classified {
        hint: IN_THE_LOG.to_owned(),
        ..unread(verdict, message)
    }
}

/// 128 + SIGKILL, as a shell and the kubelet say it.
const KILLED: i32 = 137;

fn stopped_from_outside() -> Classified {
    unread(
        failed(FailureClass::Infra, Budget::Limit),
        "it was stopped from outside".to_owned(),
    )
}

/// An attempt that did not end by itself: by a stop of the run or a timeout where there was one, else `otherwise`.
fn interrupted(ended: &Ended<'_>, otherwise: Classified) -> Classified {
    let cause = match (ended.stopping, ended.began) {
        (Some(StopCause::Requested), _) => (Verdict::Stopped, String::new(), ""),
        (Some(StopCause::Timeout), _) => (
            failed(FailureClass::Timeout, Budget::Never),
            "stopped because the run took longer than `timeouts.run`".to_owned(),
            "",
        ),
        (None, Some(began)) if ended.at.since(began) >= ended.timeout => (
            failed(FailureClass::Timeout, Budget::Limit),
            format!("it took longer than {} (`timeouts.stage`)", ended.timeout),
            "raise `timeouts.stage`",
        ),
        (None, None) if ended.at.since(ended.created) >= ended.pending_timeout => (
            failed(ended.waited_for.unwrap_or(FailureClass::Infra), Budget::Never),
            format!("it did not begin within {} (`timeouts.pending`)", ended.pending_timeout),
            "",
        ),
        (None, _) => return otherwise,
    };
    let (verdict, message, hint) = cause;
    Classified {
        verdict,
        message,
        hint: hint.to_owned(),
        ..otherwise
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FailureClass::{Config, Data, Infra, Internal, OutOfMemory, Timeout, Transient};
    use trainyard_contract::result::Artifact;
    use trainyard_contract::stage::{ExtractSpec, ValidateSpec};

    fn s(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    /// The verdict on attempt 2 of an `extract` stage that ended at second 9 with `result`.
    fn extracted(result: StageResult) -> Classified {
        classify(&Ended {
            spec: &StageSpec::Extract(ExtractSpec::default()),
            number: 2,
            created: s(1),
            began: None,
            at: s(9),
            ending: Some(&Ending::Reported(result)),
            stopping: None,
            timeout: Duration::from_secs(60),
            pending_timeout: Duration::from_secs(20),
            waited_for: None,
        })
    }

    /// The verdict on attempt 2 of a stage that began at second 5 and may run for 60 s, as it ended at second `at`.
    fn verdict_at(at: i64, ending: Option<&Ending>, stopping: Option<StopCause>) -> Classified {
        classify(&Ended {
            spec: &StageSpec::Validate(ValidateSpec::default()),
            number: 2,
            created: s(1),
            began: Some(s(5)),
            at: s(at),
            ending,
            stopping,
            timeout: Duration::from_secs(60),
            pending_timeout: Duration::from_secs(20),
            waited_for: None,
        })
    }

    fn silent_with(exit_code: i32) -> Ending {
        Ending::Silent {
            exit_code: Some(exit_code),
        }
    }

    fn says(outcome: Outcome) -> Ending {
        Ending::Reported(StageResult {
            attempt: 2,
            ..StageResult::ended(outcome)
        })
    }

    #[test]
    fn what_an_attempt_says_counts_and_then_its_exit_code() {
        let fails = |class| Ending::Reported(StageResult::failed(class, "x", ""));
        let killed = Ending::Killed { signal: 9 };
        for (ending, want) in [
            (says(Outcome::Succeeded), Verdict::Succeeded),
            (says(Outcome::InputChanged), Verdict::InputChanged),
            (says(Outcome::Failed), failed(Internal, Budget::Internal)),
            (says(Outcome::Stopped), failed(Infra, Budget::Limit)),
            (fails(Data), failed(Data, Budget::Never)),
            (fails(Transient), failed(Transient, Budget::Limit)),
            (fails(Infra), failed(Infra, Budget::Limit)),
            (fails(OutOfMemory), failed(OutOfMemory, Budget::Memory)),
            (silent_with(0), Verdict::Lost),
            (silent_with(10), failed(Data, Budget::Never)),
            (silent_with(11), failed(Config, Budget::Never)),
            (silent_with(12), failed(Transient, Budget::Limit)),
            (silent_with(13), failed(Internal, Budget::Internal)),
            (silent_with(14), failed(Infra, Budget::Limit)),
            (silent_with(15), failed(Timeout, Budget::Limit)),
            (silent_with(16), Verdict::InputChanged),
            (silent_with(101), failed(Internal, Budget::Internal)),
            (silent_with(137), failed(Infra, Budget::Limit)),
            (silent_with(143), failed(Infra, Budget::Limit)),
            (Ending::Silent { exit_code: None }, Verdict::Lost),
            (killed, failed(Infra, Budget::Limit)),
            (
                Ending::Evicted { message: "x".into() },
                failed(Infra, Budget::Evictions),
            ),
            (
                Ending::OutOfMemory { message: String::new() },
                failed(OutOfMemory, Budget::Memory),
            ),
        ] {
            assert_eq!(verdict_at(9, Some(&ending), None).verdict, want, "{ending:?}");
        }
        assert_eq!(verdict_at(9, None, None).verdict, Verdict::Lost, "gone");
    }

    #[test]
    fn an_interruption_is_laid_to_its_cause() {
        let requested = Some(StopCause::Requested);
        let run_timeout = Some(StopCause::Timeout);
        let (stopped, killed) = (says(Outcome::Stopped), Ending::Killed { signal: 15 });
        let own_failure = Ending::Reported(StageResult::failed(Data, "x", ""));
        for (ending, at, stopping, want) in [
            (&stopped, 9, requested, Verdict::Stopped),
            (&killed, 9, requested, Verdict::Stopped),
            (&silent_with(143), 9, requested, Verdict::Stopped),
            (&stopped, 9, run_timeout, failed(Timeout, Budget::Never)),
            (&killed, 65, None, failed(Timeout, Budget::Limit)),
            (&killed, 64, None, failed(Infra, Budget::Limit)),
            (&own_failure, 65, requested, failed(Data, Budget::Never)),
            (&says(Outcome::Succeeded), 99, requested, Verdict::Succeeded),
        ] {
            assert_eq!(
                verdict_at(at, Some(ending), stopping).verdict,
                want,
                "{ending:?} at {at}, {stopping:?}"
            );
        }
    }

    #[test]
    fn an_attempt_that_never_began_in_time_is_not_retried() {
        for (waited_for, at, want) in [
            (Some(Config), 21, failed(Config, Budget::Never)),
            (None, 21, failed(Infra, Budget::Never)),
            (None, 20, Verdict::Lost),
        ] {
            let classified = classify(&Ended {
                spec: &StageSpec::Validate(ValidateSpec::default()),
                number: 1,
                created: s(1),
                began: None,
                at: s(at),
                ending: Some(&Ending::Silent { exit_code: None }),
                stopping: None,
                timeout: Duration::from_secs(60),
                pending_timeout: Duration::from_secs(20),
                waited_for,
            });
            assert_eq!(classified.verdict, want, "{waited_for:?} at {at}");
        }
    }

    #[test]
    fn a_success_without_what_its_kind_yields_is_our_bug() {
        let dataset = |path: &str| Artifact {
            path: path.into(),
            sha256: "d".into(),
            bytes: 1,
        };
        for (attempt, artifact, wanted) in [
            (2, DATASET_FILE, ""),
            (1, DATASET_FILE, ""),
            (2, "other", "it says that it succeeded, but its result names no dataset"),
            (
                0,
                DATASET_FILE,
                "it says that it succeeded, but its result names no attempt that committed",
            ),
            (
                3,
                DATASET_FILE,
                "it says that it succeeded, but its result names no attempt that committed",
            ),
        ] {
            let result = StageResult {
                attempt,
                artifacts: vec![dataset(artifact)],
                ..StageResult::ended(Outcome::Succeeded)
            };
            let classified = extracted(result);
            assert_eq!(classified.message, wanted, "{attempt} {artifact}");
            assert_eq!(
                classified.verdict == Verdict::Succeeded,
                wanted.is_empty(),
                "{attempt} {artifact}"
            );
        }
    }
}
