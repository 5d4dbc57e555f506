//! A node that goes with a stage on it. On a volume that other nodes can use as well the stage goes on there by itself. On one that a
//! single node holds the run says which node it is and what a person can do, starts nothing beside what may still run there, and goes on
//! elsewhere once the pod is known to be gone.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use trainyard_e2e::vocabulary::{Counted, Run, left_out, on_two_nodes_of_its_own, pipeline};
use trainyard_engine::RunPhase;

const INSTALL: &str = "install trainyard charts/trainyard --values charts/local-images.yaml --wait --timeout 120s";
/// The operator's own node stays.
const ON_NODE_A: &str = r"--set operator.nodeSelector.kubernetes\.io/hostname=node-a";

/// The node counts as lost after 8 s, its pods tolerate that for 60 s and get 30 s to end, and the kubelet 10 s to say so. In seconds.
const NOTICED_WITHIN: u64 = 240;

/// The conditions of a Job that hold.
fn conditions(job: &Job) -> Vec<&str> {
    let conditions = job.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let holds = conditions.filter(|condition| condition.status == "True");
    holds.map(|condition| condition.type_.as_str()).collect()
}

/// Waits until it says that its node is gone, and looks that no attempt is beside the lost one.
async fn waits_for_a_person(run: &Run<'_>) {
    let waiting = run.says_within(NOTICED_WITHIN, "node node-b does not answer").await;
    for way_out in ["`extract`: ", "delete the node", "node.kubernetes.io/out-of-service"] {
        assert!(waiting.message().contains(way_out), "{}", waiting.message());
    }
    let job = run.stage("extract").job(1).await;
    let conditions = conditions(&job);
    assert!(
        !conditions.contains(&"Failed"),
        "Kubernetes itself waits: {conditions:?}"
    );
    assert_eq!(run.attempts_asked_for(), ["extract-1"]);
}

#[tokio::test]
async fn a_lost_node_is_named_and_the_stage_runs_elsewhere_once_its_pod_is_known_to_be_gone() {
    if left_out("a lost node counts as lost after minutes") {
        return;
    }
    on_two_nodes_of_its_own("lost", async |ns| {
        ns.helm(&format!("{INSTALL} {ON_NODE_A}")).await;
        ns.volume_of_any_node("trainyard").await;
        ns.kubectl("cordon node-a").await;
        let slow = pipeline("iris").misbehaves("extract", "sleep:300:1");
        ns.apply(slow.set("retry.limit", 0)).await;
        let run = ns.start("iris").await;
        let pod = run.stage("extract").pod_that_says(1, "sleeps").await;
        ns.kubectl("uncordon node-a").await;
        ns.cluster().cut_power_of("node-b").await;
        waits_for_a_person(&run).await;

        // It says nothing of what runs there; and the Job keeps the pod until somebody says that it has ended.
        let force = "--force --grace-period=0 --wait=false";
        ns.kubectl(&format!("delete pod {} {force}", pod.name_any())).await;
        waits_for_a_person(&run).await;
        assert_eq!(run.pods().await.len(), 1);

        ns.kubectl("taint node node-b node.kubernetes.io/out-of-service=power-cut:NoExecute")
            .await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 2), ("validate", 1), ("train", 1)]);
        let spent = end.stage("extract").spent;
        assert_eq!(
            (spent.evictions, spent.limit),
            (1, 0),
            "the user pays nothing: {spent:?}"
        );
        Counted::borne("a node is lost, and its volume with it", ("node lost", 1), 1);
    })
    .await;
}

#[tokio::test]
async fn on_a_volume_of_many_nodes_the_stage_goes_on_elsewhere_by_itself() {
    if left_out("a lost node counts as lost after minutes") {
        return;
    }
    on_two_nodes_of_its_own("many", async |ns| {
        ns.helm(&format!("{INSTALL} {ON_NODE_A}")).await;
        let volume = ns.volume_of_all_nodes("trainyard").await;
        ns.kubectl("cordon node-a").await;
        let slow = pipeline("iris").misbehaves("extract", "sleep:300:1");
        ns.apply(slow.set("retry.limit", 0)).await;
        let run = ns.start("iris").await;
        let lost = run.stage("extract").pod_that_says(1, "sleeps").await;
        ns.kubectl("uncordon node-a").await;
        ns.cluster().cut_power_of("node-b").await;
        let end = run.ends_within(NOTICED_WITHIN).await;
        assert_eq!(end.phase(), RunPhase::Succeeded, "{}", end.message());
        assert_eq!(end.attempts(), [("extract", 2), ("validate", 1), ("train", 1)]);
        let spent = end.stage("extract").spent;
        assert_eq!(
            (spent.evictions, spent.limit),
            (1, 0),
            "the user pays nothing: {spent:?}"
        );
        let model = format!("models/iris/{}/model.json", end.model());
        assert!(volume.has(&model));

        // The node comes back: its old pod ends, and nothing begins anew.
        ns.cluster().restore_power_of("node-b").await;
        ns.wait_for_end_of::<Pod>(&lost.name_any()).await;
        assert_eq!(
            run.attempts_asked_for(),
            ["extract-1", "extract-2", "validate-1", "train-1"]
        );
        assert_eq!(ns.model_versions().await.len(), 1);
        assert!(volume.has(&model));
        assert!(volume.unfinished().is_empty(), "{:?}", volume.unfinished());
        Counted::borne("a node is lost, and others have its volume", ("node lost", 1), 1);
    })
    .await;
}
