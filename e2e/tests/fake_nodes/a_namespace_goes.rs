//! A namespace, or a claim, that is deleted under what uses it: nothing hangs, the others go on, and words say what is missing.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use trainyard_crds::{MLPipeline, ModelVersion};
use trainyard_e2e::vocabulary::{
    Counted, PipelineManifest, in_namespace_on_fake_nodes, on_fake_nodes_of_its_own, pipeline,
};

fn slow_at_first(seconds: u32) -> PipelineManifest {
    pipeline("iris")
        .misbehaves("validate", &format!("sleep:{seconds}:1"))
        .on_fake_nodes()
}

#[tokio::test]
async fn with_runs_jobs_and_versions_in_it_it_is_gone_and_the_others_go_on() {
    in_namespace_on_fake_nodes(async |ns| {
        let going = ns.beside(&format!("{}-going", ns.name())).await;
        going.make(&pipeline("quick").on_fake_nodes()).await;
        going.start("quick").await.succeeds().await;
        assert_eq!(going.model_versions().await.len(), 1);
        for ns in [ns, &going] {
            ns.make(&slow_at_first(300)).await;
        }
        let (staying, under_way) = (ns.start("iris").await, going.start("iris").await);
        for run in [&staying, &under_way] {
            run.stage("validate").pod_that_runs(1).await;
        }
        going.delete().await;
        staying.stop().await;
        staying.is_stopped().await;
        ns.make(&pipeline("quick").on_fake_nodes()).await;
        ns.start("quick").await.succeeds().await;
        let mut counted = Counted::of("a namespace is deleted with runs, Jobs and model versions in it");
        counted.add([("namespace deleted", 1)]);
        counted.runs = 3;
        counted.write_down();
    })
    .await;
}

/// Kubernetes keeps a claim as long as a pod names it, also one that is at its end: until its run is deleted.
#[tokio::test]
async fn a_claim_that_is_deleted_under_model_versions_keeps_nothing_from_going() {
    on_fake_nodes_of_its_own("claim", async |ns| {
        ns.make(&pipeline("iris").on_fake_nodes()).await;
        let first = ns.start("iris").await;
        first.succeeds().await;
        ns.kubectl("delete persistentvolumeclaim trainyard --wait=false").await;
        let second = ns.start("iris").await;
        second
            .says("waits: the workspace's claim `trainyard` is being deleted")
            .await;
        ns.kubectl(&format!("delete pipelinerun {}", first.name())).await;
        // A new claim is made, for which nobody here has a volume.
        second.says("the workspace's claim `trainyard` is not bound").await;
        second.stop().await;
        second.is_stopped().await;
        // The list of what there was stays, until somebody deletes it.
        assert_eq!(ns.model_versions().await.len(), 1);
        ns.kubectl("delete modelversions,mlpipelines --all --wait=false").await;
        ns.wait_for_none::<ModelVersion>().await;
        ns.wait_for_none::<MLPipeline>().await;
        written_down("a claim is deleted under a model version", 2);
    })
    .await;
}

#[tokio::test]
async fn a_claim_that_is_deleted_under_a_run_is_named() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.make(&slow_at_first(2).set_in("train", "timeouts.pending", "5s"))
            .await;
        let run = ns.start("iris").await;
        run.stage("validate").pod_that_runs(1).await;
        ns.kubectl("delete persistentvolumeclaim trainyard --wait=false").await;
        let says = "persistentvolumeclaim \"trainyard\" is being deleted";
        run.says(says).await;
        let end = run.fails().await;
        assert!(end.message().contains(says), "{}", end.message());
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 1)]);
        run.runs_nothing().await;
        ns.kubectl(&format!("delete pipelinerun {}", run.name())).await;
        ns.wait_for_end_of::<PersistentVolumeClaim>("trainyard").await;
        written_down("a claim is deleted under a run", 1);
    })
    .await;
}

/// What has held to here has lost nothing.
fn written_down(what: &str, runs: u64) {
    let mut counted = Counted::of(what);
    counted.add([("claim deleted", 1)]);
    counted.runs = runs;
    counted.write_down();
}
