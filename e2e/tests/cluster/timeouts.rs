//! What takes too long ends, and one can still see what it did.

use crate::stop_and_suspend::slow_extract;
use trainyard_contract::{FailureClass, layout};
use trainyard_e2e::vocabulary::{in_namespace, pipeline};

#[tokio::test]
async fn a_stage_over_its_time_keeps_its_result_and_its_log() {
    in_namespace(async |ns| {
        let manifest = slow_extract(ns, "iris").await;
        ns.apply(manifest.set("timeouts.stage", "3s").set("retry.limit", 0))
            .await;
        let run = ns.start("iris").await;
        let end = run.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Timeout));
        assert!(end.message().contains("not done after 3 s"), "{}", end.message());
        let hint = &end.stage("extract").hint;
        assert!(hint.contains("timeouts.stage"), "{hint}");
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 0), ("train", 0)]);
        let volume = ns.volume("trainyard").await;
        let folder = format!("{}/extract/1", run.folder());
        assert_eq!(
            volume.json(format!("{folder}/{}", layout::RESULT_FILE))["class"],
            "Timeout"
        );
        assert!(
            volume
                .text(format!("{folder}/{}", layout::LOG_FILE))
                .contains("stage started")
        );
        assert!(!volume.has(format!("{folder}/{}", layout::DATASET_FILE)));
        assert!(volume.unfinished().is_empty(), "{:?}", volume.unfinished());
        // And kubectl still shows what it said.
        let pod = &run.pods().await[0];
        let log = ns
            .kubectl(&format!("logs {}", pod.metadata.name.as_deref().unwrap()))
            .await;
        assert!(log.contains("stage started"), "{log}");
    })
    .await;
}

#[tokio::test]
async fn a_run_over_its_time_is_stopped_and_has_failed() {
    in_namespace(async |ns| {
        ns.apply(
            pipeline("iris")
                .misbehaves("extract", "sleep:300:1")
                .set("timeouts.run", "5s"),
        )
        .await;
        let run = ns.start("iris").await;
        let end = run.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Timeout));
        assert!(end.message().contains("timeouts.run"), "{}", end.message());
        run.runs_nothing().await;
    })
    .await;
}
