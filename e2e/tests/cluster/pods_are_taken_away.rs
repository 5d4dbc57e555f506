//! A pod that somebody takes away costs an attempt; whose budget pays depends on who took it.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::EvictParams;
use trainyard_contract::FailureClass;
use trainyard_e2e::vocabulary::{PipelineManifest, in_namespace, pipeline};

/// Its `extract` takes long in the first attempt, and may not be tried again on the user's account.
fn slow_at_first() -> PipelineManifest {
    pipeline("iris")
        .misbehaves("extract", "sleep:300:1")
        .set("retry.limit", 0)
}

#[tokio::test]
async fn an_evicted_pod_is_replaced_free_of_charge() {
    in_namespace(async |ns| {
        ns.apply(slow_at_first()).await;
        let run = ns.start("iris").await;
        let pod = run.stage("extract").pod_that_says(1, "sleeps").await;
        let evicted = ns.api::<Pod>().evict(&pod.name_any(), &EvictParams::default()).await;
        evicted.unwrap();
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 2), ("validate", 1), ("train", 1)]);
        let spent = end.stage("extract").spent;
        assert_eq!((spent.evictions, spent.limit), (1, 0), "{spent:?}");
    })
    .await;
}

#[tokio::test]
async fn a_pod_that_a_person_deletes_is_replaced_on_the_users_account() {
    in_namespace(async |ns| {
        ns.apply(slow_at_first().set("retry.limit", 1)).await;
        let run = ns.start("iris").await;
        let pod = run.stage("extract").pod_that_says(1, "sleeps").await;
        ns.kubectl(&format!("delete pod {}", pod.name_any())).await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 2), ("validate", 1), ("train", 1)]);
        let spent = end.stage("extract").spent;
        assert_eq!((spent.evictions, spent.limit), (0, 1), "{spent:?}");
    })
    .await;
}

#[tokio::test]
async fn deleted_without_an_attempt_left_the_run_fails_and_says_so() {
    in_namespace(async |ns| {
        ns.apply(slow_at_first()).await;
        let run = ns.start("iris").await;
        let pod = run.stage("extract").pod_that_says(1, "sleeps").await;
        ns.kubectl(&format!("delete pod {}", pod.name_any())).await;
        let end = run.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Infra));
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 0), ("train", 0)]);
        assert!(end.message().contains("stopped from outside"), "{}", end.message());
    })
    .await;
}
