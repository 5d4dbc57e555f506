//! What a namespace allows is kept to, and said where it is too little.

use serde_json::json;
use trainyard_contract::FailureClass;
use trainyard_e2e::vocabulary::{in_namespace, pipeline};

#[tokio::test]
async fn the_seed_runs_where_pod_security_is_restricted() {
    in_namespace(async |ns| {
        ns.restrict().await;
        ns.apply(pipeline("iris")).await;
        let end = ns.start("iris").await.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 1)]);
    })
    .await;
}

fn quota(limits: &serde_json::Value) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight"}, "spec": {"hard": limits}})
}

#[tokio::test]
async fn a_quota_without_room_for_the_pod_is_named_and_the_run_goes_on_when_there_is_room() {
    in_namespace(async |ns| {
        ns.apply(quota(&json!({"pods": "0"}))).await;
        ns.apply(pipeline("iris").up_to("extract")).await;
        let run = ns.start("iris").await;
        let waiting = run.says("exceeded quota: tight").await;
        assert!(waiting.message().contains("pods"), "{}", waiting.message());
        ns.apply(quota(&json!({"pods": "9"}))).await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_quota_without_room_for_the_job_is_named_and_the_run_goes_on_when_there_is_room() {
    in_namespace(async |ns| {
        ns.apply(quota(&json!({"count/jobs.batch": "0"}))).await;
        ns.apply(pipeline("iris").up_to("extract")).await;
        let run = ns.start("iris").await;
        run.says("exceeded quota: tight").await;
        assert!(run.attempts_asked_for().is_empty(), "none was created");
        ns.apply(quota(&json!({"count/jobs.batch": "9"}))).await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_quota_that_never_has_room_ends_the_run_with_its_name() {
    in_namespace(async |ns| {
        ns.apply(quota(&json!({"pods": "0"}))).await;
        ns.apply(pipeline("iris").set("timeouts.pending", "10s")).await;
        let end = ns.start("iris").await.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Infra));
        assert!(end.message().contains("exceeded quota: tight"), "{}", end.message());
    })
    .await;
}
