//! A worker's result, as a host reads it from a process that may have been killed in the middle of a line, and what the engine
//! makes of it.

use std::collections::BTreeMap;
use trainyard_contract::result::RESULT_BYTES_MAX;
use trainyard_contract::stage::{CsvSource, ExtractSpec, LogisticRegressionSpec, TrainSpec};
use trainyard_contract::{PipelineName, RunName, RunUid, StageResult, StageSpec};
use trainyard_engine::{
    Action, AttemptState, Ending, Observed, ObservedAttempt, Pipeline, PipelineDraft, RetryPolicy, Run, RunDraft,
    STATUS_BYTES_MAX, StageDraft, Timeouts, Timestamp, plan,
};

/// A run of two stages that each get the same result again and again is over by then: all budgets are spent.
const PASSES_MAX: usize = 100;

/// What can be read can be written again within the bound, and reads back; where nothing had to be cut, to the same. The
/// engine takes it from every attempt of a run, and the run comes to an end.
pub(super) fn feed(bytes: &[u8]) {
    let Ok(result) = serde_json::from_slice::<StageResult>(bytes) else {
        return;
    };
    let text = result.to_bounded_json();
    assert!(text.len() <= RESULT_BYTES_MAX, "{} bytes", text.len());
    let again: StageResult = serde_json::from_str(&text).expect("our own text");
    if serde_json::to_string(&result).is_ok_and(|whole| whole.len() <= RESULT_BYTES_MAX) {
        assert_eq!(again, result);
    }
    run_to_its_end(&result);
}

fn run_to_its_end(result: &StageResult) {
    let pipeline = pipeline();
    let mut now = Timestamp::from_millis(1_800_000_000_000);
    let draft = RunDraft {
        name: RunName::parse("fuzz-1").expect("a name"),
        uid: RunUid::parse("0123456789abcdef").expect("a uid"),
        created: now,
        parameters: BTreeMap::new(),
        slot: None,
    };
    let mut run = Run::new(&pipeline, draft).expect("a run without parameters");
    let mut observed = Observed::default();
    for _ in 0..PASSES_MAX {
        let next = plan(&run, &pipeline, &observed, now);
        let status = serde_json::to_string(&next.status).expect("a status has only string keys");
        assert!(status.len() <= STATUS_BYTES_MAX, "a status of {} bytes", status.len());
        run.status = next.status;
        if run.status.phase.is_final() {
            return;
        }
        for action in next.actions {
            if let Action::StartAttempt(start) = action {
                observed.attempts.push(ObservedAttempt {
                    stage: start.stage,
                    attempt: start.attempt,
                    created: now,
                    given: start.given,
                    state: AttemptState::Ended {
                        began: Some(now),
                        at: now,
                        ending: Ending::Reported(result.clone()),
                    },
                });
            }
        }
        now = next.wake_at.unwrap_or(now).max(now);
    }
    assert!(run.status.phase.is_final(), "the run does not end: {:?}", run.status);
}

fn pipeline() -> Pipeline {
    let extract = StageSpec::Extract(ExtractSpec::from(CsvSource {
        path: Some("table.csv".to_owned()),
        ..CsvSource::default()
    }));
    let train = StageSpec::Train(TrainSpec {
        features: vec!["age".to_owned()],
        target: "target".to_owned(),
        logistic_regression: Some(LogisticRegressionSpec::default()),
        save: Vec::new(),
        ..TrainSpec::default()
    });
    let mut after_extract = StageDraft::new("train", train);
    after_extract.depends_on = vec!["extract".to_owned()];
    Pipeline::new(PipelineDraft {
        name: PipelineName::parse("fuzz").expect("a name"),
        parameters: Vec::new(),
        retry: RetryPolicy::default(),
        timeouts: Timeouts::default(),
        stages: vec![StageDraft::new("extract", extract), after_extract],
    })
    .expect("a valid pipeline")
}
