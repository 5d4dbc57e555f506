//! Why a pass over an object could not be finished. Each variant is a label of a metric, and decides when the next pass is.

use std::time::Duration;

/// Why a pass was cut off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The API server refused a request.
    #[error("cannot {doing}: {message}")]
    Refused {
        /// What was being done.
        doing: &'static str,
        /// What it said.
        message: String,
    },
    /// The API server could not be reached, or its answer could not be read.
    #[error("cannot {doing}")]
    Kube {
        /// What was being done.
        doing: &'static str,
        /// Why it did not work.
        source: Box<kube::Error>,
    },
    /// Somebody else changed the object first: it is read again.
    #[error("cannot {doing}: it was changed meanwhile")]
    Conflict {
        /// What was being done.
        doing: &'static str,
    },
    /// An object of a name that is ours belongs to somebody else, or to an earlier run that is being deleted.
    #[error("{kind} `{name}` is there already and belongs to somebody else")]
    NameTaken {
        /// Its kind.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// The revision that a run names is not there.
    #[error(
        "the revision `{0}` of the run is gone: somebody deleted it, and what the run was to do is not known any more"
    )]
    RevisionGone(String),
    /// The revision that a run names cannot be read by this version.
    #[error("the revision `{name}` cannot be read: {cause}")]
    RevisionUnreadable {
        /// Its name.
        name: String,
        /// Why.
        cause: String,
    },
    /// What cannot be.
    #[error("{0}; this is a bug of Trainyard's")]
    Internal(String),
}

impl Error {
    /// Turns an API error into one of ours, for `map_err`.
    pub(crate) fn kube(doing: &'static str) -> impl FnOnce(kube::Error) -> Self {
        move |source| match &source {
            kube::Error::Api(status) if status.code == 409 => Self::Conflict { doing },
            kube::Error::Api(status) => Self::Refused {
                doing,
                message: status.message.clone(),
            },
            _ => Self::Kube {
                doing,
                source: Box::new(source),
            },
        }
    }

    /// The label of the metric, one of [`REASONS`].
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "Refused",
            Self::Kube { .. } => "ApiServer",
            Self::Conflict { .. } => "Conflict",
            Self::NameTaken { .. } => "NameTaken",
            Self::RevisionGone(_) => "RevisionGone",
            Self::RevisionUnreadable { .. } => "RevisionUnreadable",
            Self::Internal(_) => "Internal",
        }
    }

    /// When to try again after `failures` passes in a row that were cut off: a conflict at once, the rest ever more rarely.
    pub(crate) fn retry_after(&self, failures: u32) -> Duration {
        const LONGEST: Duration = Duration::from_secs(60);
        let first = match self {
            Self::Conflict { .. } => Duration::from_millis(100),
            Self::Refused { .. } | Self::Kube { .. } | Self::NameTaken { .. } => Duration::from_secs(1),
            Self::RevisionGone(_) | Self::RevisionUnreadable { .. } | Self::Internal(_) => Duration::from_secs(10),
        };
        first
            .saturating_mul(1 << failures.saturating_sub(1).min(10))
            .min(LONGEST)
    }
}

/// Every label that [`Error::reason`] gives.
#[cfg(test)]
pub(crate) const REASONS: [&str; 7] = [
    "Refused",
    "ApiServer",
    "Conflict",
    "NameTaken",
    "RevisionGone",
    "RevisionUnreadable",
    "Internal",
];

/// An error with all its causes, in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
