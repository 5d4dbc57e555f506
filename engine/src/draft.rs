//! A pipeline as somebody wrote it: plain data, nothing checked yet. [`Pipeline::new`](crate::Pipeline::new) checks it.

use crate::{RetryPolicy, StageTimeouts, Timeouts};
use serde::{Deserialize, Serialize};
use trainyard_contract::{PipelineName, StageSpec};

/// A pipeline, not checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PipelineDraft {
    /// The pipeline's name.
    pub name: PipelineName,
    /// Its parameters, in the manifest's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<ParameterDraft>,
    /// How failed stages run again, where a stage says nothing else.
    pub retry: RetryPolicy,
    /// How long things may take, where a stage says nothing else.
    pub timeouts: Timeouts,
    /// Its stages, in the manifest's order.
    pub stages: Vec<StageDraft>,
}

/// A parameter, not checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterDraft {
    /// Its name.
    pub name: String,
    /// Its value where a run gives none; without it, a run must give one.
    pub default: Option<String>,
}

/// A stage, not checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageDraft {
    /// Its name.
    pub name: String,
    /// What it does.
    pub spec: StageSpec,
    /// Stages that must have succeeded before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// The stage whose dataset it reads; the one dataset above it when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// How it runs again when it failed; as the pipeline says when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
    /// How long it may take; as the pipeline says where left out.
    #[serde(default)]
    pub timeouts: StageTimeouts,
    /// The memory that an attempt gets, in bytes; nothing when its host sets no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
}

impl StageDraft {
    /// A stage that depends on nothing and leaves everything else to its pipeline.
    pub fn new(name: impl Into<String>, spec: StageSpec) -> Self {
        Self {
            name: name.into(),
            spec,
            depends_on: Vec::new(),
            input: None,
            retry: None,
            timeouts: StageTimeouts::default(),
            memory: None,
        }
    }
}
