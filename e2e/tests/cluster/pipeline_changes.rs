//! A run does what its pipeline said when it began, whatever becomes of the pipeline.

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use trainyard_crds::{MLPipeline, PipelineRun};
use trainyard_e2e::vocabulary::{in_namespace, pipeline};

#[tokio::test]
async fn an_edit_under_way_changes_nothing_in_that_run() {
    in_namespace(async |ns| {
        ns.apply(pipeline("iris").misbehaves("extract", "sleep:4:1")).await;
        let run = ns.start("iris").await;
        run.stage("extract").pod_that_says(1, "sleeps").await;
        // Without `train`, and with a `validate` that nothing would pass.
        let edited = pipeline("iris").up_to("validate");
        let edited = edited.set_in("validate", "validate.requiredColumns", serde_json::json!(["height"]));
        ns.apply(edited).await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 1)]);
        let next = ns.start("iris").await.fails().await;
        assert_eq!(next.attempts(), [("extract", 1), ("validate", 1)]);
        assert!(next.message().contains("height"), "{}", next.message());
        assert_ne!(next.status().revision, end.status().revision);
    })
    .await;
}

#[tokio::test]
async fn deleted_in_the_middle_all_that_it_owns_goes_and_its_models_stay() {
    in_namespace(async |ns| {
        ns.apply(pipeline("iris")).await;
        let first = ns.trigger("iris", "first").await;
        let model = first.succeeds().await.model().to_owned();
        let path = ns.model_versions().await[0].spec.path.clone();
        ns.apply(
            pipeline("iris")
                .misbehaves("train", "sleep:300:1")
                .set("trigger", "second"),
        )
        .await;
        let second = ns.trigger("iris", "second").await;
        second.stage("train").pod_that_says(1, "sleeps").await;
        ns.kubectl("delete mlpipeline iris").await;
        for run in [&first, &second] {
            ns.wait_for_end_of::<PipelineRun>(run.name()).await;
        }
        ns.wait_for_none::<Job>().await;
        ns.wait_for_none::<Pod>().await;
        ns.wait_for_none::<ControllerRevision>().await;
        let [version] = &ns.model_versions().await[..] else {
            panic!("the model version is gone")
        };
        assert_eq!(version.spec.version.as_str(), model);
        assert!(ns.volume("trainyard").await.has(format!("{path}/model.json")));
    })
    .await;
}

#[tokio::test]
async fn a_run_by_hand_outlives_its_pipeline() {
    in_namespace(async |ns| {
        ns.apply(pipeline("iris").misbehaves("extract", "sleep:4:1")).await;
        let run = ns.start("iris").await;
        run.stage("extract").pod_that_says(1, "sleeps").await;
        ns.kubectl("delete mlpipeline iris").await;
        ns.wait_for_end_of::<MLPipeline>("iris").await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 1)]);
        assert_eq!(ns.model_versions().await.len(), 1);
    })
    .await;
}
