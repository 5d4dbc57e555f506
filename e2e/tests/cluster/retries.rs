//! A stage that fails in a way that may pass is tried again, as often as its pipeline says.

use trainyard_contract::FailureClass;
use trainyard_e2e::vocabulary::{in_namespace, pipeline};

/// The worker's exit code for class Transient.
const TRANSIENT: u8 = 12;

#[tokio::test]
async fn a_stage_that_fails_twice_works_in_its_third_attempt() {
    in_namespace(async |ns| {
        ns.apply(pipeline("iris").misbehaves("validate", &format!("exit:{TRANSIENT}:2")))
            .await;
        let run = ns.start("iris").await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 3), ("train", 1)]);
        let asked_for = ["extract-1", "validate-1", "validate-2", "validate-3", "train-1"];
        assert_eq!(run.attempts_asked_for(), asked_for);
        let spent = end.stage("validate").spent;
        assert_eq!(spent.limit, 2, "{spent:?}");
        let events = run.events().await;
        let retries = events
            .iter()
            .filter(|event| event.reason.as_deref() == Some("StageRetrying"));
        assert_eq!(retries.count(), 2, "{events:?}");
    })
    .await;
}

#[tokio::test]
async fn a_stage_that_fails_more_often_than_its_limit_ends_the_run() {
    in_namespace(async |ns| {
        let manifest = pipeline("iris")
            .misbehaves("extract", &format!("exit:{TRANSIENT}:9"))
            .set("retry.limit", 1);
        ns.apply(manifest).await;
        let end = ns.start("iris").await.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Transient));
        assert_eq!(end.attempts(), [("extract", 2), ("validate", 0), ("train", 0)]);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_configuration_is_not_tried_again() {
    in_namespace(async |ns| {
        // The file is not on the volume, and no further attempt would find it there.
        ns.apply(pipeline("iris").reads("data/nowhere.csv")).await;
        let end = ns.start("iris").await.fails().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 0), ("train", 0)]);
        assert!(end.message().contains("data/nowhere.csv"), "{}", end.message());
    })
    .await;
}
