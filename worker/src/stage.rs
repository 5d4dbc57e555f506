//! The stages, one file a kind: each gets the attempt's document and a folder to write into.
//!
//! Not here: the folder's commit, digests, results, signals and logs, which are the same for all ([`crate::attempt`]).

pub mod evaluate;
pub mod extract;
pub mod predict;
pub(crate) mod row_place;
pub mod train;
pub mod validate;

mod chosen_model;

use crate::StageError;
use crate::attempt::{Progress, StopFlag};
use camino::Utf8Path;
use std::collections::BTreeMap;
use trainyard_contract::result::MadeModelVersion;
use trainyard_contract::{StageDocument, StageSpec};

/// What a stage may use besides its document.
#[derive(Clone, Copy)]
pub struct StageContext<'a> {
    /// The attempt's unfinished folder: all files go there and nowhere else. It is committed when the stage succeeds, and also
    /// when it fails or is stopped (without its dataset), so that report and log can be read.
    pub folder: &'a Utf8Path,
    /// To be asked often.
    pub stop: &'a StopFlag,
    /// To be told of rows.
    pub progress: &'a Progress,
    /// How many threads the stage may keep busy, at least 1. The result must not depend on it.
    pub threads: usize,
}

/// What a stage made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StageOutput {
    /// Rows of the dataset that was read or written.
    pub rows: Option<u64>,
    /// Small scalars, as `$(stages.NAME.outputs.KEY)`.
    pub outputs: BTreeMap<String, serde_json::Value>,
    /// Files in the folder whose digest is known since it was computed while they were written. The frame finds and hashes
    /// the others.
    pub files: Vec<WrittenFile>,
    /// The model version that was committed.
    pub model_version: Option<MadeModelVersion>,
    /// What its user should know although it succeeded, and what to do about it.
    pub warning: Option<Warning>,
}

/// Something that is no failure and must not go unseen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What it is.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// A file in the attempt's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    /// Its name in the folder.
    pub name: String,
    /// Hexadecimal sha-256.
    pub sha256: String,
    /// Size.
    pub bytes: u64,
}

/// Does what the document says. Files are written below `context.folder`; a model version goes to its own place.
pub fn run(document: &StageDocument, context: &StageContext) -> Result<StageOutput, StageError> {
    match &document.spec {
        StageSpec::Extract(spec) => extract::run(document, spec, context),
        StageSpec::Validate(spec) => validate::run(document, spec, context),
        StageSpec::Train(spec) => train::run(document, spec, context),
        StageSpec::Evaluate(spec) => evaluate::run(document, spec, context),
        StageSpec::Predict(spec) => predict::run(document, spec, context),
    }
}
