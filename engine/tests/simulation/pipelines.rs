//! The pipelines that are simulated: stages by kind and by the stages that each names.

use trainyard_contract::stage::{
    CsvSource, EvaluateSpec, ExtractSpec, LogisticRegressionSpec, PredictSpec, RandomSplit, Split, TrainSpec,
    ValidateSpec,
};
use trainyard_contract::{Duration, PipelineName, StageSpec};
use trainyard_engine::{Backoff, MemoryGrowth, Pipeline, PipelineDraft, RetryPolicy, StageDraft, Timeouts};

/// A kind of stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Extract,
    Validate,
    /// Holds some rows out.
    Train,
    /// Reads the held-out rows.
    Evaluate,
    Predict,
}

/// A stage to be: its kind, and the numbers of the stages before it that it names.
pub(crate) type Shape = (Kind, Vec<usize>);

/// Retried once by the user's budget, without waits; memory grows from 100 by 2 to 200 bytes.
pub(crate) fn quick_retry() -> RetryPolicy {
    RetryPolicy {
        limit: 1,
        backoff: Backoff {
            initial: Duration::from_millis(0),
            ..Backoff::default()
        },
        memory: Some(MemoryGrowth { factor: 2.0, max: 200 }),
    }
}

fn spec(kind: Kind) -> StageSpec {
    match kind {
        Kind::Extract => StageSpec::Extract(ExtractSpec::from(CsvSource {
            path: Some("x.csv".into()),
            ..CsvSource::default()
        })),
        Kind::Validate => StageSpec::Validate(ValidateSpec::default()),
        Kind::Train => StageSpec::Train(TrainSpec {
            features: vec!["age".into()],
            target: "target".into(),
            split: Some(Split {
                holdout: 0.2,
                hash: None,
                time: None,
                random: Some(RandomSplit::default()),
            }),
            logistic_regression: Some(LogisticRegressionSpec::default()),
            save: Vec::new(),
            ..TrainSpec::default()
        }),
        Kind::Evaluate => StageSpec::Evaluate(EvaluateSpec::default()),
        Kind::Predict => StageSpec::Predict(PredictSpec::default()),
    }
}

/// The pipeline of these stages, called `s0`, `s1` and so on, if it is one. A stage that could read several datasets reads
/// that of the last stage it names.
pub(crate) fn pipeline(shapes: &[Shape], retry: RetryPolicy, timeouts: Timeouts) -> Option<Pipeline> {
    let stages = shapes.iter().enumerate().map(|(i, (kind, named))| StageDraft {
        depends_on: named.iter().map(|above| format!("s{above}")).collect(),
        memory: Some(100),
        ..StageDraft::new(format!("s{i}"), spec(*kind))
    });
    let draft = PipelineDraft {
        name: PipelineName::parse("simulated").expect("a name"),
        parameters: Vec::new(),
        retry,
        timeouts,
        stages: stages.collect(),
    };
    Pipeline::new(draft.clone())
        .ok()
        .or_else(|| Pipeline::new(with_inputs(draft, shapes)).ok())
}

fn with_inputs(mut draft: PipelineDraft, shapes: &[Shape]) -> PipelineDraft {
    for (stage, (kind, named)) in draft.stages.iter_mut().zip(shapes) {
        let yields = |above: &&usize| !matches!(shapes[**above].0, Kind::Train | Kind::Evaluate);
        let readable = named.iter().rev().find(yields);
        if !matches!(kind, Kind::Extract | Kind::Evaluate) {
            stage.input = readable.map(|above| format!("s{above}"));
        }
    }
    draft
}

/// Every way in which each of `n` stages names some of those before it.
pub(crate) fn every_graph(n: usize) -> Vec<Vec<Vec<usize>>> {
    let mut graphs = vec![Vec::new()];
    for i in 0..n {
        let every_choice = (0..1_usize << i).map(|bits| (0..i).filter(|above| bits >> above & 1 == 1).collect());
        let choices: Vec<Vec<usize>> = every_choice.collect();
        graphs = graphs
            .iter()
            .flat_map(|graph| {
                choices.iter().map(move |choice| {
                    let mut longer: Vec<Vec<usize>> = graph.clone();
                    longer.push(choice.clone());
                    longer
                })
            })
            .collect();
    }
    graphs
}
