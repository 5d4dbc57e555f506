//! The seed pipeline through `plan`, pass by pass.

use trainyard_contract::result::{Artifact, MadeModelVersion, Outcome};
use trainyard_contract::stage::{CsvSource, ExtractSpec, LogisticRegressionSpec, TrainSpec, ValidateSpec};
use trainyard_contract::{PipelineName, RunName, RunUid, StageResult, StageSpec, layout};
use trainyard_engine::{
    Action, AttemptState, Ending, Observed, ObservedAttempt, Pipeline, PipelineDraft, RetryPolicy, Run, RunDraft,
    RunPhase, StageDraft, StartAttempt, Timeouts, Timestamp, plan,
};

fn seed() -> Pipeline {
    let csv = CsvSource {
        path: Some("data/sample_data.csv".into()),
        ..CsvSource::default()
    };
    let after = |name: &str, spec, above: &str| StageDraft {
        depends_on: vec![above.to_owned()],
        ..StageDraft::new(name, spec)
    };
    let train = TrainSpec {
        features: vec!["salary".into(), "age".into()],
        target: "target".into(),
        logistic_regression: Some(LogisticRegressionSpec::default()),
        save: Vec::new(),
        ..TrainSpec::default()
    };
    Pipeline::new(PipelineDraft {
        name: PipelineName::parse("seed").expect("a name"),
        parameters: Vec::new(),
        retry: RetryPolicy::default(),
        timeouts: Timeouts::default(),
        stages: vec![
            StageDraft::new("extract", StageSpec::Extract(ExtractSpec::from(csv))),
            after("validate", StageSpec::Validate(ValidateSpec::default()), "extract"),
            after("train", StageSpec::Train(train), "validate"),
        ],
    })
    .expect("the seed pipeline is right")
}

fn success(start: &StartAttempt) -> StageResult {
    let version = start.given.model_version.clone();
    let dataset = Artifact {
        path: layout::DATASET_FILE.into(),
        sha256: "d1".into(),
        bytes: 9,
    };
    StageResult {
        attempt: start.attempt,
        rows: Some(4),
        artifacts: if start.input.is_none() {
            vec![dataset]
        } else {
            Vec::new()
        },
        model_version: version.map(|version| MadeModelVersion {
            path: format!("models/seed/{version}").into(),
            version,
            sha256: "m1".into(),
        }),
        ..StageResult::ended(Outcome::Succeeded)
    }
}

/// Each stage starts as soon as the one before has succeeded, with its dataset; at the end the model is the champion.
#[test]
fn the_seed_pipeline_runs_stage_by_stage_and_its_model_becomes_champion() {
    let pipeline = seed();
    let created = Timestamp::parse("2026-02-23T10:46:58Z").expect("a time");
    let draft = RunDraft {
        name: RunName::parse("r1").expect("a name"),
        uid: RunUid::parse("5f0c2a91").expect("a uid"),
        created,
        parameters: [].into(),
        slot: None,
    };
    let mut run = Run::new(&pipeline, draft).expect("no parameters are needed");
    let mut observed = Observed::default();
    let mut told = Vec::new();
    for second in 0.. {
        let now = created.plus(trainyard_contract::Duration::from_secs(second));
        let plan = plan(&run, &pipeline, &observed, now);
        run.status = plan.status;
        for action in plan.actions {
            match action {
                Action::StartAttempt(start) => {
                    let input = start
                        .input
                        .as_ref()
                        .map_or("nothing".into(), |input| format!("{}", input.folder));
                    told.push(format!("{} reads {input}, needs {:?}", start.stage, start.columns.used));
                    observed.attempts.push(ObservedAttempt {
                        stage: start.stage.clone(),
                        attempt: start.attempt,
                        created: now,
                        given: start.given.clone(),
                        state: AttemptState::Ended {
                            began: Some(now),
                            at: now,
                            ending: Ending::Reported(success(&start)),
                        },
                    });
                }
                Action::StopAttempt { stage, .. } => told.push(format!("stop {stage}")),
                Action::RegisterModelVersion { made, .. } => told.push(format!("register {}", made.version)),
                Action::MoveChampion { made } => told.push(format!("champion {}", made.version)),
            }
        }
        if run.status.phase.is_final() {
            break;
        }
    }
    assert_eq!(
        told,
        [
            r#"extract reads nothing, needs ["age", "salary", "target"]"#,
            r#"validate reads runs/r1-5f0c2a91/extract/1, needs ["age", "salary", "target"]"#,
            r#"train reads runs/r1-5f0c2a91/extract/1, needs ["age", "salary", "target"]"#,
            "register model_20260223_104700",
            "champion model_20260223_104700",
        ]
    );
    assert_eq!(run.status.phase, RunPhase::Succeeded);
}
