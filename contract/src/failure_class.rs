//! Why an attempt failed, in eight words: what decides whether it runs again and whose fault it was.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The class of a failure. It alone decides whether a stage is tried again, never the text of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum FailureClass {
    /// The data is wrong. Not tried again: the same input would fail the same way.
    Data,
    /// The manifest, or something that it names, is wrong. Not tried again: the same spec would fail the same way.
    Config,
    /// Something outside was briefly not there, such as a server.
    Transient,
    /// The machine, its disk or its volume failed.
    Infra,
    /// The attempt needed more memory than it had.
    OutOfMemory,
    /// The attempt took longer than `timeouts.stage`.
    Timeout,
    /// The user's own program failed.
    Code,
    /// A bug of Trainyard's own. Tried again once.
    Internal,
}

impl FailureClass {
    /// Every class, in the order of the declaration.
    pub const ALL: [Self; 8] = [
        Self::Data,
        Self::Config,
        Self::Transient,
        Self::Infra,
        Self::OutOfMemory,
        Self::Timeout,
        Self::Code,
        Self::Internal,
    ];
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Data => "Data",
            Self::Config => "Config",
            Self::Transient => "Transient",
            Self::Infra => "Infra",
            Self::OutOfMemory => "OutOfMemory",
            Self::Timeout => "Timeout",
            Self::Code => "Code",
            Self::Internal => "Internal",
        })
    }
}
