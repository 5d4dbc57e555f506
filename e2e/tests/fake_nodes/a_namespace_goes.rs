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

#[tokio::test]
async fn a_claim_that_is_deleted_under_model_versions_keeps_nothing_from_going() {
    on_fake_nodes_of_its_own("claim", async |ns| {
        ns.make(&pipeline("iris").on_fake_nodes()).await;
        ns.start("iris").await.succeeds().await;
        ns.kubectl("delete persistentvolumeclaim trainyard --wait=false").await;
        ns.wait_for_end_of::<PersistentVolumeClaim>("trainyard").await;
        // The list of what there was stays, until somebody deletes it.
        assert_eq!(ns.model_versions().await.len(), 1);
        // A new claim is made, for which nobody has a volume.
        let run = ns.start("iris").await;
        run.says("claim").await;
        run.stop().await;
        run.is_stopped().await;
        ns.kubectl("delete modelversions,mlpipelines --all --wait=false").await;
        ns.wait_for_none::<ModelVersion>().await;
        ns.wait_for_none::<MLPipeline>().await;
    })
    .await;
}

#[tokio::test]
async fn a_claim_that_is_deleted_under_a_run_is_named() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.make(&slow_at_first(2).set("timeouts.pending", "10s")).await;
        let run = ns.start("iris").await;
        run.stage("validate").pod_that_runs(1).await;
        ns.kubectl("delete persistentvolumeclaim trainyard --wait=false").await;
        run.says("persistentvolumeclaim \"trainyard\" not found").await;
        let end = run.fails().await;
        assert!(end.message().contains("trainyard"), "{}", end.message());
        run.runs_nothing().await;
        let mut counted = Counted::of("a claim is deleted under a run");
        counted.add([("claim deleted", 1)]);
        counted.runs = 1;
        counted.write_down();
    })
    .await;
}
