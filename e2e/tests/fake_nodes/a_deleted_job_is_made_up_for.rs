//! A Job that a person deletes takes its attempt's result with it: the next attempt looks whether it is on the volume, else it does
//! the work, and no budget pays for it.

use kube::ResourceExt as _;
use trainyard_e2e::vocabulary::{PipelineManifest, in_namespace_on_fake_nodes, pipeline};
use trainyard_engine::StagePhase;

/// Keeps a pod, and lets it go.
const KEPT: &str = r#"{"metadata":{"finalizers":["test.example/kept"]}}"#;
const LET_GO: &str = r#"{"metadata":{"finalizers":null}}"#;

fn slow_at_first() -> PipelineManifest {
    pipeline("iris").misbehaves("validate", "sleep:300:1").on_fake_nodes()
}

#[tokio::test]
async fn the_next_attempt_follows_and_the_others_stay() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.apply(slow_at_first().set("retry.limit", 0)).await;
        let run = ns.start("iris").await;
        run.stage("validate").pod_that_runs(1).await;
        let job = run.stage("validate").job(1).await;
        ns.kubectl(&format!("delete job {}", job.name_any())).await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 2), ("train", 1)]);
        let spent = end.stage("validate").spent;
        assert_eq!((spent.limit, spent.evictions), (0, 0), "{spent:?}");
        let asked_for = ["extract-1", "validate-1", "validate-2", "train-1"];
        assert_eq!(run.attempts_asked_for(), asked_for);
        let events = run.events().await;
        let told = events
            .iter()
            .filter_map(|event| event.message.as_deref())
            .any(|message| message.contains("somebody had deleted it"));
        assert!(told, "{events:?}");
    })
    .await;
}

#[tokio::test]
async fn the_job_of_a_stage_that_is_done_is_not_missed() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.apply(slow_at_first()).await;
        let run = ns.start("iris").await;
        run.stage("validate").pod_that_runs(1).await;
        let done = run.stage("extract").job(1).await;
        ns.kubectl(&format!("delete job {}", done.name_any())).await;
        let slow = run.stage("validate").job(1).await;
        ns.kubectl(&format!("delete job {}", slow.name_any())).await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 2), ("train", 1)]);
    })
    .await;
}

#[tokio::test]
async fn deleted_without_its_pod_the_pod_is_waited_for_and_named() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.apply(slow_at_first()).await;
        let run = ns.start("iris").await;
        let pod = run.stage("validate").pod_that_runs(1).await.name_any();
        run.stage("validate").reaches(StagePhase::Running).await;
        let job = run.stage("validate").job(1).await;
        ns.kubectl(&format!("delete job {} --cascade=orphan", job.name_any()))
            .await;
        run.says(&format!("pod {pod} still runs")).await;
        ns.kubectl(&format!("delete pod {pod}")).await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 2), ("train", 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_pod_at_its_end_without_its_job_keeps_nobody_from_stopping() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.apply(slow_at_first()).await;
        let run = ns.start("iris").await;
        let pod = run.stage("validate").pod_that_runs(1).await.name_any();
        let job = run.stage("validate").job(1).await;
        // So that the pod stays to be seen when it has ended.
        ns.kubectl(&format!("patch pod {pod} --type merge --patch {KEPT}"))
            .await;
        ns.kubectl(&format!("delete job {} --cascade=orphan", job.name_any()))
            .await;
        run.says(&format!("pod {pod} still runs")).await;
        ns.kubectl(&format!("delete pod {pod} --wait=false")).await;
        run.stop().await;
        run.is_stopped().await;
        ns.kubectl(&format!("patch pod {pod} --type merge --patch {LET_GO}"))
            .await;
    })
    .await;
}
