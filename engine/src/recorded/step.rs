//! What an attempt looks like in one pass and in the next: its steps, by kind.

use crate::{AttemptState, Ending, ObservedAttempt};
use std::collections::BTreeMap;
use std::fmt;
use trainyard_contract::result::Outcome;
use trainyard_contract::{FailureClass, StageName};

/// What an attempt looks like to a host: its state, without times and texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// It was not seen so far.
    Unseen,
    /// It has not begun, and nobody says why.
    Pending,
    /// It has not begun, since it waits for something of this class.
    Waits(FailureClass),
    /// It runs.
    Running,
    /// It has ended.
    Ended {
        /// Whether it is known when it began.
        began: bool,
        /// In which way.
        how: How,
    },
    /// It has ended, in whatever way: what follows an end is the same for each, also that it looks like another end.
    AtItsEnd,
    /// It is known to be gone.
    Gone,
    /// It was seen, and is not any more.
    Missing,
}

/// How an attempt ended: an [`Ending`] without its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// It reported a success.
    Succeeded,
    /// It reported a failure.
    Failed(FailureClass),
    /// It reported an input that had changed.
    InputChanged,
    /// It reported that it was stopped.
    Stopped,
    /// It said nothing and ended with exit code 0.
    SilentlyWell,
    /// It said nothing and ended with another exit code.
    SilentlyIll,
    /// Nothing is known of its end.
    Silently,
    /// [`Ending::Killed`]
    Killed,
    /// [`Ending::Evicted`]
    Evicted,
    /// [`Ending::OutOfMemory`]
    OutOfMemory,
    /// [`Ending::NotStarted`]
    NotStarted(FailureClass),
}

/// How an attempt looked, and how it looks in the next pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// In the pass before.
    pub from: View,
    /// In this one.
    pub to: View,
}

/// What one host has seen of a run's attempts so far.
#[derive(Clone, Debug, Default)]
pub struct Sight(BTreeMap<(StageName, u32), View>);

impl View {
    /// What an attempt looks like.
    pub fn of(attempt: &ObservedAttempt) -> Self {
        match &attempt.state {
            AttemptState::Pending { waits_for: None } => Self::Pending,
            AttemptState::Pending {
                waits_for: Some(obstacle),
            } => Self::Waits(obstacle.class),
            AttemptState::Running { began: _ } => Self::Running,
            AttemptState::Ended { began, at: _, ending } => Self::Ended {
                began: began.is_some(),
                how: How::of(ending),
            },
            AttemptState::Gone => Self::Gone,
        }
    }

    /// Whether it may go on: it is there and has not ended.
    pub fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::Waits(_) | Self::Running => true,
            Self::Unseen | Self::Ended { .. } | Self::AtItsEnd | Self::Gone | Self::Missing => false,
        }
    }
}

impl How {
    fn of(ending: &Ending) -> Self {
        match ending {
            Ending::Reported(result) => match result.outcome {
                Outcome::Succeeded => Self::Succeeded,
                Outcome::Failed => Self::Failed(result.class.unwrap_or(FailureClass::Internal)),
                Outcome::InputChanged => Self::InputChanged,
                Outcome::Stopped => Self::Stopped,
            },
            Ending::Silent { exit_code: Some(0) } => Self::SilentlyWell,
            Ending::Silent { exit_code: Some(_) } => Self::SilentlyIll,
            Ending::Silent { exit_code: None } => Self::Silently,
            Ending::Killed { signal: _ } => Self::Killed,
            Ending::Evicted { message: _ } => Self::Evicted,
            Ending::OutOfMemory { message: _ } => Self::OutOfMemory,
            Ending::NotStarted {
                class,
                message: _,
                hint: _,
            } => Self::NotStarted(*class),
        }
    }
}

impl Step {
    fn of_any_end(self) -> Self {
        let Self { from, to } = self;
        match (from, to) {
            (View::Ended { .. }, View::Ended { .. }) => Self {
                from: View::AtItsEnd,
                to: View::AtItsEnd,
            },
            (View::Ended { .. }, to) => Self {
                from: View::AtItsEnd,
                to,
            },
            (from, to) => Self { from, to },
        }
    }
}

impl Sight {
    /// The steps that lead to what is observed now.
    pub fn look(&mut self, observed: &[ObservedAttempt]) -> Vec<Step> {
        let mut now: BTreeMap<_, _> = self.0.keys().map(|known| (known.clone(), View::Missing)).collect();
        for attempt in observed {
            now.insert((attempt.stage.clone(), attempt.attempt), View::of(attempt));
        }
        let steps = now.iter().map(|(attempt, &to)| Step {
            from: self.0.get(attempt).copied().unwrap_or(View::Unseen),
            to,
        });
        let steps = steps
            .filter(|step| step.from != step.to)
            .map(Step::of_any_end)
            .collect();
        self.0 = now;
        steps
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{from} -> {to}")
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unseen => f.write_str("unseen"),
            Self::Pending => f.write_str("Pending"),
            Self::Waits(class) => write!(f, "Pending ({class})"),
            Self::Running => f.write_str("Running"),
            Self::Ended { began: true, how } => write!(f, "{how}"),
            Self::Ended { began: false, how } => write!(f, "{how}, begin unknown"),
            Self::AtItsEnd => f.write_str("ended"),
            Self::Gone => f.write_str("Gone"),
            Self::Missing => f.write_str("no longer seen"),
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succeeded => f.write_str("Succeeded"),
            Self::Failed(class) => write!(f, "Failed ({class})"),
            Self::InputChanged => f.write_str("InputChanged"),
            Self::Stopped => f.write_str("Stopped"),
            Self::SilentlyWell => f.write_str("exit code 0 without a result"),
            Self::SilentlyIll => f.write_str("another exit code without a result"),
            Self::Silently => f.write_str("no exit code, no result"),
            Self::Killed => f.write_str("Killed"),
            Self::Evicted => f.write_str("Evicted"),
            Self::OutOfMemory => f.write_str("OutOfMemory"),
            Self::NotStarted(class) => write!(f, "NotStarted ({class})"),
        }
    }
}
