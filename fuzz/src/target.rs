//! The targets, by name.

mod csv;
mod manifest;
mod result;

use std::fmt;

/// What is fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A CSV file.
    Csv,
    /// A manifest file.
    Manifest,
    /// The result that a worker gives back.
    Result,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Manifest, Self::Result];

    /// The target's name, which is also its corpus' folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Manifest => "manifest",
            Self::Result => "result",
        }
    }

    /// The target of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    /// Gives it these bytes. Panics where the code under test breaks a promise.
    pub fn feed(self, bytes: &[u8]) {
        match self {
            Self::Csv => csv::feed(bytes),
            Self::Manifest => manifest::feed(bytes),
            Self::Result => result::feed(bytes),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
