//! Why a stage did not succeed, in words for the person who has to act.
//!
//! In: what a step of a stage met. Out: [`StageError`], from which the frame makes the result, the exit code and the log
//! line. The class decides about retries, so it is chosen where the cause is known, never from a text.

use crate::attempt::StopReason;
use std::error::Error;
use std::fmt;
use std::io;
use trainyard_contract::FailureClass;

/// How a stage ended, if not well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It failed, and this is whose fault it was.
    Failed(FailureClass),
    /// An input is not what its digest says, or is gone: its producer has to run again.
    InputChanged,
    /// SIGTERM stopped it.
    Stopped,
}

/// A stage that did not succeed: what happened and where, and what to do.
#[derive(Debug)]
pub struct StageError {
    ending: Ending,
    message: String,
    hint: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StageError {
    /// A failure of `class`. `message` says what happened and where, in one line without a full stop at its end.
    pub fn failed(class: FailureClass, message: impl Into<String>) -> Self {
        Self::new(Ending::Failed(class), message)
    }

    /// The data is wrong.
    pub fn data(message: impl Into<String>) -> Self {
        Self::failed(FailureClass::Data, message)
    }

    /// The manifest is wrong.
    pub fn config(message: impl Into<String>) -> Self {
        Self::failed(FailureClass::Config, message)
    }

    /// A bug of ours.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::failed(FailureClass::Internal, message)
            .hint("this is a bug of Trainyard's: please report it with stage.log")
    }

    /// An input is gone or not what its digest says.
    pub fn input_changed(message: impl Into<String>) -> Self {
        Self::new(Ending::InputChanged, message)
    }

    /// The stage was asked to end early.
    pub fn stopped(reason: StopReason) -> Self {
        match reason {
            StopReason::Signal => Self::new(Ending::Stopped, "stopped by a signal"),
            StopReason::Timeout(timeout) => Self::failed(
                FailureClass::Timeout,
                format!(
                    "not done after {} s, which is the stage's timeout",
                    timeout.as_secs_f64()
                ),
            )
            .hint("give it longer in timeouts.stage"),
        }
    }

    /// The workspace could not be worked with: `doing` says what was tried, as in ``write `runs/…/data.arrow` ``.
    pub fn workspace(doing: &str, cause: io::Error) -> Self {
        Self::failed(FailureClass::Infra, format!("cannot {doing}: {cause}"))
            .hint(workspace_hint(&cause))
            .caused_by(cause)
    }

    fn new(ending: Ending, message: impl Into<String>) -> Self {
        Self {
            ending,
            message: message.into(),
            hint: String::new(),
            source: None,
        }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same with its cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// How the stage ended.
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// Why it failed; `None` for an ending that is no failure of its own.
    pub fn class(&self) -> Option<FailureClass> {
        match self.ending {
            Ending::Failed(class) => Some(class),
            Ending::InputChanged | Ending::Stopped => None,
        }
    }

    /// What happened and where.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do; empty where nobody knows.
    pub fn hint_text(&self) -> &str {
        &self.hint
    }
}

impl fmt::Display for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for StageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// What to do about a workspace that does not work.
fn workspace_hint(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the volume is full: remove old runs or models from it, or make it larger"
        }
        io::ErrorKind::ReadOnlyFilesystem => "the volume is mounted read-only: mount it with write access",
        io::ErrorKind::PermissionDenied => "give the user that runs Trainyard the right to write there",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists | io::ErrorKind::IsADirectory => {
            "something else stands where Trainyard keeps its folders: move it away, or choose another workspace"
        }
        io::ErrorKind::NotFound => "something removed it while the stage ran: leave the workspace alone during a run",
        _ => "look at the machine's disk and its system log",
    }
}
