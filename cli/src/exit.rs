//! How the command ends: the numbers that scripts look at.

use std::process::ExitCode;

/// An exit code of `trainyard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done; for `run`, the run Succeeded.
    Done,
    /// 1: the run Failed, or what was asked for could not be done.
    Failed,
    /// 2: the manifest or the command line is wrong; nothing was started.
    Usage,
    /// 130: Ctrl-C stopped the run.
    Interrupted,
    /// 143: SIGTERM (or a closed terminal) stopped the run.
    Terminated,
}

impl Exit {
    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
