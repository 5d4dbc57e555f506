//! What a host gives a worker: one JSON document an attempt.

use crate::{Duration, ModelVersionName, PipelineName, RunName, RunUid, StageName, StageSpec};
use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Everything that one attempt needs to know. Values (`$(parameters.x)`) are resolved in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageDocument {
    /// The run's name.
    pub run: RunName,
    /// The run's uid.
    pub run_uid: RunUid,
    /// The pipeline's name.
    pub pipeline: PipelineName,
    /// The stage's name.
    pub stage: StageName,
    /// Which try of the stage this is, from 1.
    pub attempt: u32,
    /// What to do.
    pub spec: StageSpec,
    /// The root of the workspace, absolute. All other paths are relative to it unless absolute.
    pub workspace: Utf8PathBuf,
    /// For `extract`: the file to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceFile>,
    /// The dataset that the stage reads, if its kind reads one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputDataset>,
    /// The model that the stage reads, if its kind reads one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<InputModel>,
    /// For `train`: the version to make, minted by the engine when the stage first starts; the same for every attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_version: Option<ModelVersionName>,
    /// What later stages need of the columns.
    #[serde(default)]
    pub columns: ColumnNeeds,
    /// The longest that the attempt may run; no limit when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// An earlier attempt's result was lost: what was committed is to be reported again, not made again.
    #[serde(default)]
    pub recover: bool,
    /// What is to be tidied in the workspace before the stage begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tidy: Option<Tidy>,
    /// The version that the champion's link leads to once the stage has succeeded: it is the last of its run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_champion: Option<NextChampion>,
    /// The earlier attempts of this stage whose folders may hold a committed result; looked at when `recover` is set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_attempts: Vec<u32>,
}

/// What the first attempt of a run does for the workspace. Nothing of it makes the stage fail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tidy {
    /// Folders in `runs/`, each `<run>-<uid8>`, of runs that are no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<String>,
    /// Versions of this pipeline that are no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<ModelVersionName>,
    /// The version in use, as the host knows it: the link is a copy of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub champion: Option<ModelVersionName>,
}

/// The version in use after a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NextChampion {
    /// The one that this very stage makes.
    Made,
    /// One that an earlier stage of the run made.
    Version(ModelVersionName),
}

/// A file from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceFile {
    /// Where it is: absolute, or below the workspace, which neither `..` nor a link may then lead out of.
    pub path: Utf8PathBuf,
    /// How people know it, for messages: the path as the manifest says it, or `CONFIGMAP/KEY`.
    pub name: String,
}

/// The table of a stage that is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DatasetPart {
    /// The dataset that the stage yields: `data.arrow` and `dataset.json`.
    #[default]
    Whole,
    /// The rows that `train` held out: `holdout.arrow` and `holdout.json`.
    Holdout,
}

impl DatasetPart {
    /// Whether it is the dataset that the stage yields.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

/// A dataset that an earlier stage committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputDataset {
    /// The stage that made it.
    pub stage: StageName,
    /// The folder that holds the table and its description.
    pub folder: Utf8PathBuf,
    /// Which of the folder's tables it is.
    #[serde(default, skip_serializing_if = "DatasetPart::is_whole")]
    pub part: DatasetPart,
    /// Hexadecimal sha-256 of the table; a consumer that finds another ends with `InputChanged`.
    pub sha256: String,
}

/// A model version that an earlier stage or run committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputModel {
    /// Its name.
    pub version: ModelVersionName,
    /// Its folder.
    pub folder: Utf8PathBuf,
    /// Hexadecimal sha-256 of its `manifest.json`, where the host knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// What later stages need of a dataset's columns; worked out by the engine from the whole pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ColumnNeeds {
    /// Columns that are needed as numbers (features), sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<String>,
    /// Columns that are used at all (features, targets, columns of splits and filters), sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<String>,
    /// Those of `used` in which cells may be missing: a model fills them (`preprocess`), or such rows do not count (`where`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_be_null: Vec<String>,
    /// Columns whose values are classes (targets), sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
}

impl ColumnNeeds {
    /// What both need: a cell may be missing only where neither minds.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let both = |mine: &[String], others: &[String]| -> Vec<String> {
            let all: BTreeSet<&String> = mine.iter().chain(others).collect();
            all.into_iter().cloned().collect()
        };
        let used = both(&self.used, &other.used);
        let minds = |needs: &Self, name: &String| {
            needs.used.binary_search(name).is_ok() && needs.may_be_null.binary_search(name).is_err()
        };
        Self {
            numbers: both(&self.numbers, &other.numbers),
            may_be_null: used
                .iter()
                .filter(|name| !minds(self, name) && !minds(other, name))
                .cloned()
                .collect(),
            used,
            targets: both(&self.targets, &other.targets),
        }
    }
}
