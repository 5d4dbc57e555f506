//! A run is stopped and held by its `state`.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use std::fmt::Write as _;
use trainyard_contract::layout;
use trainyard_e2e::vocabulary::{Namespace, PipelineManifest, in_namespace, pipeline};
use trainyard_engine::{RunPhase, StagePhase};

/// A pipeline whose `extract` is the real worker with a table and so little of a processor that it is busy for a minute.
pub(crate) async fn slow_extract(ns: &Namespace, name: &str) -> PipelineManifest {
    const ROWS: usize = 6_000_000;
    let mut block = String::new();
    for row in 0..1_000 {
        let _ = writeln!(block, "{},{},{}", row % 60 + 20, 20_000 + row * 70, row % 2);
    }
    let table = format!("age,salary,target\n{}", block.repeat(ROWS / 1_000));
    ns.local_volume("trainyard").await.write("data/large.csv", table);
    pipeline(name)
        .reads("data/large.csv")
        .set_in("extract", "resources.limits.cpu", "10m")
}

#[tokio::test]
async fn stopped_in_the_middle_a_worker_ends_cleanly_and_nothing_is_half_written() {
    in_namespace(async |ns| {
        ns.apply(slow_extract(ns, "iris").await).await;
        let run = ns.start("iris").await;
        run.stage("extract").pod_that_says(1, "stage started").await;
        run.stop().await;
        let end = run.is_stopped().await;
        assert_eq!(end.phase_of("extract"), Some(StagePhase::Stopped));
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 0), ("train", 0)]);
        run.runs_nothing().await;

        ns.wait_for_none::<Job>().await;
        ns.wait_for_none::<Pod>().await;

        // The worker was told and had the time to say so.
        let volume = ns.volume("trainyard").await;
        let folder = format!("{}/extract/1", run.folder());
        assert_eq!(
            volume.json(format!("{folder}/{}", layout::RESULT_FILE))["outcome"],
            "Stopped"
        );
        assert!(volume.has(format!("{folder}/{}", layout::LOG_FILE)));
        assert!(!volume.has(format!("{folder}/{}", layout::DATASET_FILE)));
        assert!(volume.unfinished().is_empty(), "{:?}", volume.unfinished());
    })
    .await;
}

#[tokio::test]
async fn a_stop_is_never_taken_back() {
    in_namespace(async |ns| {
        ns.apply(pipeline("iris").misbehaves("extract", "sleep:300:1")).await;
        let run = ns.start("iris").await;
        run.stage("extract").pod_that_says(1, "sleeps").await;
        run.stop().await;
        run.until("is being stopped", |run| run.status().stop.is_some()).await;
        run.resume().await;
        let end = run.is_stopped().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 0), ("train", 0)]);
    })
    .await;
}

#[tokio::test]
async fn suspended_a_run_ends_what_runs_and_starts_nothing_until_it_goes_on() {
    in_namespace(async |ns| {
        ns.apply(pipeline("iris").misbehaves("extract", "sleep:4:1")).await;
        let run = ns.start("iris").await;
        run.stage("extract").pod_that_says(1, "sleeps").await;
        run.suspend().await;
        let held = |run: &trainyard_e2e::vocabulary::Snapshot| {
            run.phase() == RunPhase::Suspended && run.phase_of("extract") == Some(StagePhase::Succeeded)
        };
        let held = run.until("is suspended, its running stage at its end", held).await;
        assert_eq!(held.attempts(), [("extract", 1), ("validate", 0), ("train", 0)]);
        assert_eq!(run.attempts_asked_for(), ["extract-1"]);
        run.resume().await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 1)]);
        assert_eq!(run.attempts_asked_for(), ["extract-1", "validate-1", "train-1"]);
    })
    .await;
}

#[tokio::test]
async fn a_run_that_is_created_suspended_waits() {
    in_namespace(async |ns| {
        ns.apply(pipeline("iris").up_to("extract")).await;
        let run = ns.start_with("iris", serde_json::json!({"state": "Suspended"})).await;
        run.reaches(RunPhase::Suspended).await;
        assert!(run.attempts_asked_for().is_empty());
        run.resume().await;
        run.succeeds().await;
    })
    .await;
}
