//! What a fake node says of a pod is what a real kubelet says of it: else tests on fake nodes would prove nothing.

use k8s_openapi::api::core::v1::{ContainerState, Pod, PodStatus};
use kube::ResourceExt as _;
use serde_json::{Value, json};
use trainyard_e2e::vocabulary::{Namespace, PipelineManifest, in_namespace, pipeline};

/// What of a pod's status is the same wherever it ran: no times, addresses and numbers of its own.
fn told(pod: &Pod) -> Value {
    let status = pod.status.clone().unwrap_or_default();
    let PodStatus {
        conditions,
        container_statuses,
        phase,
        reason,
        message,
        ..
    } = status;
    let mut conditions: Vec<_> = conditions
        .into_iter()
        .flatten()
        // Whether it has been given a network is no more said of a pod at its end than of one that has none yet.
        .filter(|one| one.type_ != "PodReadyToStartContainers")
        .map(|one| json!([one.type_, one.status, one.reason]))
        .collect();
    conditions.sort_by_key(Value::to_string);
    let containers: Vec<_> = container_statuses
        .into_iter()
        .flatten()
        .map(|one| {
            let (ready, started, restarts) = (one.ready, one.started, one.restart_count);
            json!([one.name, ready, started, restarts, state(one.state, pod)])
        })
        .collect();
    json!({"phase": phase, "reason": reason, "message": message, "conditions": conditions, "containers": containers})
}

fn state(state: Option<ContainerState>, pod: &Pod) -> Value {
    let state = state.unwrap_or_default();
    if let Some(ended) = state.terminated {
        let result: Value = serde_json::from_str(ended.message.as_deref().unwrap_or("null")).unwrap();
        return json!({"exitCode": ended.exit_code, "reason": ended.reason, "result": of_any_run(result, pod)});
    }
    json!({"running": state.running.is_some(), "waiting": state.waiting.and_then(|state| state.reason)})
}

/// Of the artifacts the data are the same everywhere; others have names and times in them. A model has its own name.
fn of_any_run(mut result: Value, pod: &Pod) -> Value {
    if result.is_null() {
        return result;
    }
    for artifact in result["artifacts"].as_array_mut().into_iter().flatten() {
        if artifact["path"] != "data.arrow" {
            artifact["sha256"].take();
            artifact["bytes"].take();
        }
    }
    if let Some(made) = result["modelVersion"].as_object_mut() {
        let wanted = &pod.labels()["trainyard.dev/model-version"];
        for field in ["version", "path"] {
            let text = made[field].as_str().unwrap();
            let (before, _) = text.split_once(wanted).unwrap();
            made[field] = json!(before);
        }
        made["sha256"].take();
    }
    result
}

/// The ends of the pods of these attempts, and what the run makes of them.
async fn ends(ns: &Namespace, manifest: PipelineManifest, attempts: &[(&str, u32)]) -> Vec<Value> {
    ns.apply(manifest).await;
    let run = ns.start("iris").await;
    let mut told_of = Vec::new();
    for (stage, attempt) in attempts {
        told_of.push(told(&run.stage(stage).pod_that_ended(*attempt).await));
    }
    let end = run.ends().await;
    // How long it took may stand behind it.
    let why = end.message().split(" after ").next();
    told_of.push(json!([end.phase(), end.class(), end.attempts(), why]));
    told_of
}

async fn are_the_same(manifest: PipelineManifest, attempts: &[(&str, u32)]) {
    in_namespace(async |real| {
        in_namespace(async |fake| {
            fake.volume_of_fake_nodes("trainyard").await;
            let (real, fake) = futures::join!(
                ends(real, manifest.clone(), attempts),
                ends(fake, manifest.clone().on_fake_nodes(), attempts)
            );
            assert_eq!(fake, real, "{:#}\nand\n{:#}", json!(fake), json!(real));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn of_stages_that_succeed() {
    are_the_same(pipeline("iris"), &[("extract", 1), ("validate", 1), ("train", 1)]).await;
}

#[tokio::test]
async fn of_stages_that_fail_and_are_tried_again() {
    let manifest = pipeline("iris").up_to("extract").misbehaves("extract", "exit:12:1");
    are_the_same(manifest, &[("extract", 1), ("extract", 2)]).await;
}

#[tokio::test]
async fn of_a_stage_that_is_out_of_memory() {
    let manifest = pipeline("iris")
        .up_to("extract")
        .misbehaves("extract", "needs:48000000");
    let manifest = manifest.set_in("extract", "resources.limits.memory", "20Mi");
    are_the_same(manifest, &[("extract", 1)]).await;
}
