//! `kubectl drain` under a running stage: the eviction costs the user nothing, and the stage goes on on another node. A
//! `PodDisruptionBudget` that allows no eviction is respected: the drain waits, the stage goes on.

use kube::ResourceExt as _;
use serde_json::json;
use trainyard_e2e::vocabulary::{Counted, left_out, on_two_nodes_of_its_own, pipeline};

const INSTALL: &str = "install trainyard charts/trainyard --values charts/local-images.yaml --wait --timeout 120s";
/// The operator's own node stays.
const ON_NODE_A: &str = r"--set operator.nodeSelector.kubernetes\.io/hostname=node-a";
const DRAIN: &str = "drain node-b --ignore-daemonsets --delete-emptydir-data";

#[tokio::test]
async fn an_evicted_stage_goes_on_elsewhere_free_of_charge_and_a_budget_keeps_it() {
    if left_out("it needs a cluster of two nodes") {
        return;
    }
    on_two_nodes_of_its_own("drain", async |ns| {
        ns.helm(&format!("{INSTALL} {ON_NODE_A}")).await;
        let volume = ns.volume_of_any_node("trainyard").await;
        ns.kubectl("cordon node-a").await;
        ns.apply(
            pipeline("iris")
                .misbehaves("extract", "waits:never:1")
                .set("retry.limit", 0),
        )
        .await;
        let run = ns.start("iris").await;
        let first = run.stage("extract").pod_that_says(1, "waits").await;
        ns.kubectl("uncordon node-a").await;

        ns.apply(json!({
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "stages"},
            "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"trainyard.dev/pipeline": "iris"}}},
        }))
        .await;
        let refused = ns.kubectl_refused(&format!("{DRAIN} --timeout=10s")).await;
        assert!(refused.contains("violate the pod's disruption budget"), "{refused}");
        assert_eq!(run.now().await.attempts()[0], ("extract", 1));
        assert_eq!(run.stage("extract").pod(1).await.uid(), first.uid());

        ns.kubectl("delete poddisruptionbudget stages").await;
        ns.kubectl(&format!("{DRAIN} --timeout=120s")).await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 2), ("validate", 1), ("train", 1)]);
        let spent = end.stage("extract").spent;
        assert_eq!(
            (spent.evictions, spent.limit),
            (1, 0),
            "the user pays nothing: {spent:?}"
        );
        let second = run.stage("extract").pod(2).await;
        assert_eq!(second.spec.unwrap().node_name.as_deref(), Some("node-a"));
        assert_eq!(ns.model_versions().await.len(), 1);
        assert!(volume.unfinished().is_empty(), "{:?}", volume.unfinished());
        Counted::borne("a node is drained", ("eviction", 1), 1);
    })
    .await;
}
