//! The exit codes of a worker: the class of a failure survives even when its result is lost.

use crate::FailureClass;

/// How a worker process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitCode {
    /// 0: the attempt is committed.
    Done,
    /// 10
    Data,
    /// 11
    Config,
    /// 12
    Transient,
    /// 13
    Internal,
    /// 14: EIO, volume full or not writable.
    Infra,
    /// 15: the worker kept `timeouts.stage` itself.
    Timeout,
    /// 16: an input is not what its digest says; its producer has to run again.
    InputChanged,
    /// 143: stopped by SIGTERM, cleanly.
    Stopped,
}

impl ExitCode {
    /// Every exit code, in the order of the declaration.
    pub const ALL: [Self; 9] = [
        Self::Done,
        Self::Data,
        Self::Config,
        Self::Transient,
        Self::Internal,
        Self::Infra,
        Self::Timeout,
        Self::InputChanged,
        Self::Stopped,
    ];

    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Data => 10,
            Self::Config => 11,
            Self::Transient => 12,
            Self::Internal => 13,
            Self::Infra => 14,
            Self::Timeout => 15,
            Self::InputChanged => 16,
            Self::Stopped => 143,
        }
    }

    /// The exit code of a number; `None` for one that no worker of ours uses.
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|known| i32::from(known.code()) == code)
    }

    /// The exit code of a worker that fails with `class`. A worker never meets `OutOfMemory` (it is killed) and leaves
    /// `Code` to the wrapper of the user's program; both end as `Internal` here.
    pub const fn of_class(class: FailureClass) -> Self {
        match class {
            FailureClass::Data => Self::Data,
            FailureClass::Config => Self::Config,
            FailureClass::Transient => Self::Transient,
            FailureClass::Infra => Self::Infra,
            FailureClass::Timeout => Self::Timeout,
            FailureClass::OutOfMemory | FailureClass::Code | FailureClass::Internal => Self::Internal,
        }
    }
}
