//! Drafts that show only what a test is about, and faults as a reader sees them.

use trainyard_contract::stage::{
    CsvSource, ExtractSpec, LogisticRegressionSpec, ModelChoice, ModelUse, PredictSpec, TrainSpec, ValidateSpec,
};
use trainyard_contract::{PipelineName, StageSpec};
use trainyard_engine::{Pipeline, PipelineDraft, RetryPolicy, SpecFault, StageDraft, Timeouts};

pub(crate) fn csv(path: &str) -> StageSpec {
    StageSpec::Extract(ExtractSpec::from(CsvSource {
        path: Some(path.into()),
        ..CsvSource::default()
    }))
}

pub(crate) fn extract(name: &str) -> StageDraft {
    StageDraft::new(name, csv("x.csv"))
}

pub(crate) fn validate(name: &str) -> StageDraft {
    StageDraft::new(name, StageSpec::Validate(ValidateSpec::default()))
}

pub(crate) fn train_on(name: &str, features: &[&str], target: &str) -> StageDraft {
    let spec = TrainSpec {
        features: features.iter().map(|&feature| feature.into()).collect(),
        target: target.into(),
        logistic_regression: Some(LogisticRegressionSpec::default()),
        save: Vec::new(),
        ..TrainSpec::default()
    };
    StageDraft::new(name, StageSpec::Train(spec))
}

pub(crate) fn train(name: &str) -> StageDraft {
    train_on(name, &["age"], "bought")
}

pub(crate) fn predict(name: &str, model_use: ModelUse, version: Option<&str>, pipeline: Option<&str>) -> StageDraft {
    let model = ModelChoice {
        model_use: Some(model_use),
        version: version.map(Into::into),
        pipeline: pipeline.map(Into::into),
    };
    StageDraft::new(
        name,
        StageSpec::Predict(PredictSpec {
            model,
            ..PredictSpec::default()
        }),
    )
}

/// The stage, depending on others.
pub(crate) trait After {
    fn after(self, above: &[&str]) -> Self;
    fn reading(self, input: &str) -> Self;
}

impl After for StageDraft {
    fn after(self, above: &[&str]) -> Self {
        Self {
            depends_on: above.iter().map(|&name| name.into()).collect(),
            ..self
        }
    }

    fn reading(self, input: &str) -> Self {
        Self {
            input: Some(input.into()),
            ..self
        }
    }
}

pub(crate) fn draft(stages: Vec<StageDraft>) -> PipelineDraft {
    PipelineDraft {
        name: PipelineName::parse("shop").expect("a name"),
        parameters: Vec::new(),
        retry: RetryPolicy::default(),
        timeouts: Timeouts::default(),
        stages,
    }
}

/// Every fault as `FIELD: MESSAGE (SUGGESTION)`.
pub(crate) fn told(faults: &[SpecFault]) -> Vec<String> {
    let told = |fault: &SpecFault| match &fault.suggestion {
        Some(suggestion) => format!("{fault} ({suggestion})"),
        None => fault.to_string(),
    };
    faults.iter().map(told).collect()
}

pub(crate) fn faults_of(draft: PipelineDraft) -> Vec<String> {
    Pipeline::new(draft)
        .err()
        .map(|faults| told(&faults))
        .unwrap_or_default()
}

#[track_caller]
pub(crate) fn refuses(stages: Vec<StageDraft>, wanted: &[&str]) {
    assert_eq!(faults_of(draft(stages)), wanted);
}
