//! The kubelet or the containerd of a node is killed and starts again under a running stage: its container goes on, nothing runs twice.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use trainyard_e2e::vocabulary::{Counted, Run, on_a_cluster_of_its_own, pipeline};

const INSTALL: &str = "install trainyard charts/trainyard --values charts/local-images.yaml --wait --timeout 120s";

/// The pod of the only attempt of a stage, which was never started again.
async fn only_pod(run: &Run<'_>, stage: &str) -> Pod {
    let pod = run.stage(stage).pod_that_ended(1).await;
    let containers = pod
        .status
        .as_ref()
        .and_then(|status| status.container_statuses.as_ref());
    let restarts: Vec<_> = containers.into_iter().flatten().map(|one| one.restart_count).collect();
    assert_eq!(restarts, [0]);
    pod
}

#[tokio::test]
async fn a_running_stage_goes_on_as_if_nothing_had_happened() {
    on_a_cluster_of_its_own("daemons", async |ns| {
        ns.helm(INSTALL).await;
        let volume = ns.local_volume("trainyard").await;
        for (name, restarted) in [("kubelet", "go-kubelet"), ("containerd", "go-containerd")] {
            let waiting = pipeline(name).misbehaves("validate", &format!("waits:{restarted}:1"));
            ns.apply(waiting.set("retry.limit", 0)).await;
            let run = ns.start(name).await;
            let before = run.stage("validate").pod_that_says(1, "waits").await;
            if name == "kubelet" {
                ns.cluster().restart_kubelet_of("node-a").await;
            } else {
                ns.cluster().restart_containerd_of("node-a").await;
            }
            // Only a kubelet that has found the container again can tell how it ends.
            volume.write(restarted, "");
            let end = run.succeeds().await;
            assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 1)]);
            assert_eq!(run.attempts_asked_for(), ["extract-1", "validate-1", "train-1"]);
            assert_eq!(only_pod(&run, "validate").await.uid(), before.uid());
        }
        assert_eq!(ns.model_versions().await.len(), 2);
        assert!(volume.unfinished().is_empty(), "{:?}", volume.unfinished());
        Counted::borne(
            "kubelet and containerd are killed under a stage",
            ("kubelet or containerd killed", 2),
            2,
        );
    })
    .await;
}
