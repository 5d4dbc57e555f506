//! What a test on faults has counted, and how many it shall make.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;

/// Names the file that takes a JSON line for each test that counts faults.
pub(crate) const FAULTS_VARIABLE: &str = "TRAINYARD_E2E_FAULTS";
/// The seed of what is random in them; another one each time where it is not set.
const SEED_VARIABLE: &str = "TRAINYARD_E2E_SEED";

/// What random choices follow from. It is printed, so that a failure can be repeated.
pub fn seed() -> u64 {
    let given = std::env::var(SEED_VARIABLE).ok();
    let seed = given.map_or_else(
        || fastrand::u64(..),
        |seed| {
            let seed = seed.parse();
            seed.unwrap_or_else(|error| panic!("{SEED_VARIABLE}: {error}"))
        },
    );
    eprintln!("random choices follow from {SEED_VARIABLE}={seed}");
    seed
}

/// What went wrong by order, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    /// What the runs were like, or what happened to them: a line of the table.
    pub what: String,
    /// Each fault, and how often.
    pub faults: BTreeMap<String, u64>,
    /// Runs under which it happened.
    pub runs: u64,
    /// Runs that did not end as they would have without.
    pub ended_otherwise: u64,
    /// Attempts that were created a second time.
    pub attempts_twice: u64,
    /// Model versions that were made and are not listed, and champions that are not what they should be.
    pub models_lost: u64,
}

impl Counted {
    /// Nothing yet.
    pub fn of(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            ..Self::default()
        }
    }

    /// These faults too.
    pub fn add(&mut self, faults: impl IntoIterator<Item = (&'static str, u64)>) {
        for (fault, times) in faults {
            *self.faults.entry(fault.to_owned()).or_default() += times;
        }
    }

    /// Everything that another one has counted.
    pub fn merge(&mut self, other: &Self) {
        for (fault, times) in &other.faults {
            *self.faults.entry(fault.clone()).or_default() += times;
        }
        self.runs += other.runs;
        self.ended_otherwise += other.ended_otherwise;
        self.attempts_twice += other.attempts_twice;
        self.models_lost += other.models_lost;
    }

    /// Writes it down, losses and all.
    pub fn write_down(&self) {
        let line = serde_json::to_string(self).unwrap_or_else(|error| panic!("{error}"));
        eprintln!("FAULTS: {line}");
        if let Ok(path) = std::env::var(FAULTS_VARIABLE) {
            let written = File::options().create(true).append(true).open(&path);
            let written = written.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
            written.unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }

    /// Writes down that these faults happened to so many runs, and that all of them ended as they should: whoever calls it has looked.
    pub fn borne(what: &str, fault: (&'static str, u64), runs: u64) {
        let mut counted = Self::of(what);
        counted.add([fault]);
        counted.runs = runs;
        counted.write_down();
    }

    /// Fails where something was lost.
    pub fn nothing_is_lost(&self) {
        let lost = self.ended_otherwise + self.attempts_twice + self.models_lost;
        assert!(lost == 0, "{self:?}");
    }
}
