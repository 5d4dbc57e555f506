//! Flux and kpt go on when kstatus says `Current` and give up when it says `Failed`: of our objects it says so when it is true, and
//! not before.

use kube::ResourceExt as _;
use serde_json::json;
use trainyard_e2e::vocabulary::{in_namespace, on_a_cluster_of_its_own, pipeline};

const INSTALL: &str = "install trainyard charts/trainyard --values charts/local-images.yaml --wait --timeout 120s";

#[tokio::test]
async fn what_the_operator_has_not_seen_is_in_progress_and_what_it_has_done_is_current() {
    on_a_cluster_of_its_own("gitops", async |ns| {
        ns.kubectl("apply --server-side --filename crds/yaml").await;
        ns.kubectl("wait --for condition=Established crd --all --timeout 60s")
            .await;
        ns.apply_when_admitted(pipeline("iris")).await;
        let run = ns.start("iris").await;
        assert_eq!(ns.kstatus("mlpipeline", "iris").await, "InProgress");
        assert_eq!(ns.kstatus("pipelinerun", run.name()).await, "InProgress");
        ns.helm(INSTALL).await;
        run.succeeds().await;
        assert_eq!(ns.kstatus("pipelinerun", run.name()).await, "Current");
        assert_eq!(ns.kstatus("mlpipeline", "iris").await, "Current");
        let [version] = &ns.model_versions().await[..] else {
            panic!("not one model version")
        };
        assert_eq!(ns.kstatus("modelversion", &version.name_any()).await, "Current");
    })
    .await;
}

#[tokio::test]
async fn a_run_is_in_progress_until_its_end() {
    in_namespace(async |ns| {
        ns.apply(pipeline("iris").misbehaves("extract", "sleep:300:1")).await;
        let run = ns.start("iris").await;
        run.stage("extract").pod_that_says(1, "sleeps").await;
        assert_eq!(ns.kstatus("pipelinerun", run.name()).await, "InProgress");
        run.suspend().await;
        run.until("sees that it is to wait", |run| {
            run.status().observed_generation == Some(2)
        })
        .await;
        assert_eq!(ns.kstatus("pipelinerun", run.name()).await, "InProgress");
        run.stop().await;
        run.is_stopped().await;
        assert_eq!(ns.kstatus("pipelinerun", run.name()).await, "Current");
    })
    .await;
}

/// How a run ends is not its pipeline's fault: one bad table does not hold up a deployment.
#[tokio::test]
async fn a_failed_run_is_failed_and_its_pipeline_is_not() {
    in_namespace(async |ns| {
        ns.apply(pipeline("iris").rows("age,salary,target\n,50000,0\n30,60000,1\n"))
            .await;
        let run = ns.trigger("iris", "first").await;
        run.fails().await;
        assert_eq!(ns.kstatus("pipelinerun", run.name()).await, "Failed");
        ns.kubectl("wait mlpipeline iris --for condition=Healthy=false --timeout 60s")
            .await;
        assert_eq!(ns.kstatus("mlpipeline", "iris").await, "Current");
    })
    .await;
}

#[tokio::test]
async fn a_pipeline_with_a_fault_is_failed_and_a_run_of_it_too_until_it_is_mended() {
    in_namespace(async |ns| {
        let circle = pipeline("iris").set_in("validate", "dependsOn", json!(["train"]));
        ns.apply(circle).await;
        ns.kubectl("wait mlpipeline iris --for condition=Stalled --timeout 60s")
            .await;
        assert_eq!(ns.kstatus("mlpipeline", "iris").await, "Failed");
        let run = ns.start("iris").await;
        run.fails().await;
        assert_eq!(ns.kstatus("pipelinerun", run.name()).await, "Failed");
        ns.apply(pipeline("iris")).await;
        ns.kubectl("wait mlpipeline iris --for condition=Ready --timeout 60s")
            .await;
        assert_eq!(ns.kstatus("mlpipeline", "iris").await, "Current");
    })
    .await;
}
