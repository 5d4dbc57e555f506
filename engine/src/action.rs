//! What a host is asked to do, in Trainyard's words. Each is repeatable: doing it a second time changes nothing.

use crate::{Given, Pipeline, Run, RunPhase, RunStatus, StagePhase, Timestamp};
use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use trainyard_contract::document::{ColumnNeeds, InputDataset, InputModel, NextChampion, SourceFile, Tidy};
use trainyard_contract::result::MadeModelVersion;
use trainyard_contract::{Duration, FailureClass, PipelineName, StageDocument, StageName, StageSpec};

/// What [`plan`](crate::plan) decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What to do, in this order, before the status is kept.
    pub actions: Vec<Action>,
    /// What is known now; to be kept after the actions are done, and given to the next [`plan`](crate::plan).
    pub status: RunStatus,
    /// What happened since the last status, for people; to be told after the status is safe. Losing one is harmless.
    pub events: Vec<Event>,
    /// When to ask again even if nothing is observed until then; nothing when only an observation can change anything.
    pub wake_at: Option<Timestamp>,
}

/// What a host is asked to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Start an attempt. One that was created already (by stage and number) is left alone, whatever became of it.
    StartAttempt(Box<StartAttempt>),
    /// Stop an attempt: ask it to end, and kill it after a time of grace. It is asked for again until the end is observed.
    StopAttempt {
        /// Of which stage.
        stage: StageName,
        /// Which attempt.
        attempt: u32,
        /// Why.
        reason: StopReason,
    },
    /// Make a new model version known (on Kubernetes: a `ModelVersion` object).
    RegisterModelVersion {
        /// The stage that made it.
        stage: StageName,
        /// The version.
        made: MadeModelVersion,
    },
    /// Make a version the champion of its pipeline. Only ever asked for when the whole run succeeded.
    MoveChampion {
        /// The version.
        made: MadeModelVersion,
    },
}

/// Why an attempt is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StopReason {
    /// The run's user asked for it.
    Requested,
    /// The run took longer than `timeouts.run`.
    RunTimeout,
    /// The attempt took longer than `timeouts.stage` (which its worker should have noticed by itself).
    StageTimeout,
    /// The attempt did not begin within `timeouts.pending`.
    PendingTimeout,
}

/// One attempt to start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartAttempt {
    /// Of which stage.
    pub stage: StageName,
    /// Its number, from 1.
    pub attempt: u32,
    /// What to do, with all values resolved.
    pub spec: StageSpec,
    /// The dataset to read.
    pub input: Option<InputDataset>,
    /// The model to read.
    pub model: Option<ModelSource>,
    /// What later stages need of the columns.
    pub columns: ColumnNeeds,
    /// What the host keeps beside the attempt and brings back in [`ObservedAttempt`](crate::ObservedAttempt).
    pub given: Given,
    /// An earlier attempt may have committed a result that nobody read: report that instead of making it again.
    pub recover: bool,
    /// The earlier attempts that worked on the same inputs.
    pub earlier_attempts: Vec<u32>,
    /// The longest that it may run.
    pub timeout: Duration,
    /// The memory that it gets, in bytes; nothing when the pipeline sets none.
    pub memory: Option<u64>,
}

/// Which model an attempt reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelSource {
    /// This one. The digest is missing when another run made it.
    Version(InputModel),
    /// The champion of this pipeline, which the host looks up when it starts the attempt.
    ChampionOf(PipelineName),
}

/// What only a host knows of an attempt that it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPlaces {
    /// The root of the workspace, absolute.
    pub workspace: Utf8PathBuf,
    /// For `extract`: the file to read.
    pub source: Option<SourceFile>,
    /// For [`ModelSource::ChampionOf`]: the champion.
    pub champion: Option<InputModel>,
    /// What the attempt tidies before it begins.
    pub tidy: Option<Tidy>,
    /// Where the champion's link leads once it has succeeded.
    pub next_champion: Option<NextChampion>,
}

impl StartAttempt {
    /// The document that the worker of this attempt gets.
    pub fn document(&self, run: &Run, pipeline: &Pipeline, host: HostPlaces) -> StageDocument {
        let HostPlaces {
            workspace,
            source,
            champion,
            tidy,
            next_champion,
        } = host;
        StageDocument {
            run: run.name.clone(),
            run_uid: run.uid.clone(),
            pipeline: pipeline.name().clone(),
            stage: self.stage.clone(),
            attempt: self.attempt,
            spec: self.spec.clone(),
            workspace,
            source,
            input: self.input.clone(),
            model: match &self.model {
                Some(ModelSource::Version(model)) => Some(model.clone()),
                Some(ModelSource::ChampionOf(_)) => champion,
                None => None,
            },
            model_version: self.given.model_version.clone(),
            columns: self.columns.clone(),
            timeout: Some(self.timeout),
            recover: self.recover,
            tidy,
            next_champion,
            earlier_attempts: self.earlier_attempts.clone(),
        }
    }
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A stage is in another phase.
    Stage {
        /// Which stage.
        stage: StageName,
        /// Its new phase.
        phase: StagePhase,
        /// The attempt that it is about; 0 where there was none.
        attempt: u32,
        /// Why it or its last attempt failed.
        class: Option<FailureClass>,
        /// What happened, or why it is skipped; empty where the phase says it all.
        message: String,
        /// When the next attempt is due, in phase `Retrying`.
        next: Option<Timestamp>,
    },
    /// The run is in another phase.
    Run {
        /// Its new phase.
        phase: RunPhase,
        /// What happened; empty where the phase says it all.
        message: String,
    },
}
