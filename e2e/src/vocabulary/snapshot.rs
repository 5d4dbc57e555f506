//! A run as it was at one moment.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use trainyard_contract::FailureClass;
use trainyard_crds::PipelineRun;
use trainyard_crds::v1alpha1::PipelineRunStatus;
use trainyard_engine::{RunPhase, StagePhase, StageStatus};

/// A run as it was at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    object: PipelineRun,
    status: PipelineRunStatus,
}

impl Snapshot {
    pub(super) fn of(object: PipelineRun) -> Self {
        let status = object.status.clone().unwrap_or_default();
        Self { object, status }
    }

    /// The whole object.
    pub fn object(&self) -> &PipelineRun {
        &self.object
    }

    /// Its status.
    pub fn status(&self) -> &PipelineRunStatus {
        &self.status
    }

    /// How far it is.
    pub fn phase(&self) -> RunPhase {
        self.status.phase
    }

    /// What happened or what it waits for.
    pub fn message(&self) -> &str {
        &self.status.message
    }

    /// Why it failed.
    pub fn class(&self) -> Option<FailureClass> {
        self.status.failure_class
    }

    /// Whether it is at its end.
    pub fn is_finished(&self) -> bool {
        self.status.finished
    }

    /// What is known of a stage.
    pub fn stage(&self, name: &str) -> &StageStatus {
        let mut stages = self.status.stages.iter();
        let found = stages.find(|stage| stage.known.name.as_str() == name);
        let found = found.unwrap_or_else(|| panic!("the run's status has no stage `{name}`: {:?}", self.status));
        &found.known
    }

    /// How far a stage is; `None` while the status does not have it.
    pub fn phase_of(&self, stage: &str) -> Option<StagePhase> {
        let mut stages = self.status.stages.iter();
        stages
            .find(|known| known.known.name.as_str() == stage)
            .map(|known| known.known.phase)
    }

    /// Each stage and how far it is, in the pipeline's order.
    pub fn phases(&self) -> Vec<(&str, StagePhase)> {
        let stages = self.status.stages.iter();
        stages
            .map(|stage| (stage.known.name.as_str(), stage.known.phase))
            .collect()
    }

    /// Each stage and how many attempts it had, in the pipeline's order.
    pub fn attempts(&self) -> Vec<(&str, u32)> {
        let stages = self.status.stages.iter();
        stages
            .map(|stage| (stage.known.name.as_str(), stage.known.attempts))
            .collect()
    }

    /// The model version that it made.
    pub fn model(&self) -> &str {
        match &self.status.model_version {
            Some(model) => model.as_str(),
            None => panic!("the run made no model: {:?}", self.status),
        }
    }

    /// A condition.
    pub fn condition(&self, type_: &str) -> &Condition {
        let mut conditions = self.status.conditions.iter();
        let found = conditions.find(|condition| condition.type_ == type_);
        found.unwrap_or_else(|| panic!("no condition {type_}: {:?}", self.status.conditions))
    }
}
