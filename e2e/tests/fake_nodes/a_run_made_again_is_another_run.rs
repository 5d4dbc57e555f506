//! A run that is deleted and made again under its name begins anew: nothing of the first one counts for the second.

use k8s_openapi::api::batch::v1::Job;
use kube::ResourceExt as _;
use trainyard_crds::PipelineRun;
use trainyard_e2e::vocabulary::{in_namespace_on_fake_nodes, pipeline};

#[tokio::test]
async fn deleted_and_made_again_in_the_middle_it_begins_anew() {
    in_namespace_on_fake_nodes(async |ns| {
        // Long enough that the first one is surely in the middle of it.
        ns.apply(pipeline("iris").misbehaves("validate", "sleep:5:1").on_fake_nodes())
            .await;
        let first = ns.start_named("nightly", "iris").await;
        first.stage("validate").pod_that_runs(1).await;
        // What belonged to it may still be there when the second one comes.
        ns.kubectl("delete pipelinerun nightly").await;
        let second = ns.start_named("nightly", "iris").await;
        let end = second.succeeds().await;
        assert_ne!(first.uid(), second.uid());
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 1)]);
        let owners = second
            .jobs()
            .await
            .into_iter()
            .map(|job| job.owner_references()[0].uid.clone());
        assert_eq!(owners.collect::<Vec<_>>(), vec![second.uid(); 3]);
        for job in first.jobs().await {
            ns.wait_for_end_of::<Job>(&job.name_any()).await;
        }
        let [version] = &ns.model_versions().await[..] else {
            panic!("the first one made no model")
        };
        assert_eq!(version.spec.version.as_str(), end.model());
    })
    .await;
}

#[tokio::test]
async fn deleted_in_the_middle_it_leaves_nothing() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.apply(pipeline("iris").misbehaves("validate", "sleep:300:1").on_fake_nodes())
            .await;
        let run = ns.start("iris").await;
        run.stage("validate").pod_that_runs(1).await;
        ns.kubectl(&format!("delete pipelinerun {}", run.name())).await;
        ns.wait_for_end_of::<PipelineRun>(run.name()).await;
        ns.wait_for_none::<Job>().await;
        assert_eq!(run.attempts_asked_for(), ["extract-1", "validate-1"]);
    })
    .await;
}
