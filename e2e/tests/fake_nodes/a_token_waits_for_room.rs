//! A token whose run is refused says so at its pipeline, and starts its run when it may.

use trainyard_crds::MLPipeline;
use trainyard_e2e::vocabulary::{in_namespace_on_fake_nodes, pipeline};

#[tokio::test]
async fn a_quota_without_room_for_the_run_is_named_and_the_run_starts_when_there_is_room() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.apply(pipeline("iris").on_fake_nodes()).await;
        ns.kubectl("create quota no-runs --hard=count/pipelineruns.trainyard.dev=0")
            .await;
        ns.kubectl("wait resourcequota no-runs --for jsonpath={.status.hard} --timeout 30s")
            .await;
        ns.kubectl(r#"patch mlpipeline iris --type merge --patch {"spec":{"trigger":"now"}}"#)
            .await;
        let says = |pipeline: &MLPipeline| {
            let message = pipeline.status.as_ref().map(|status| status.message.as_str());
            message.is_some_and(|message| message.contains("exceeded quota: no-runs"))
        };
        ns.wait_for("iris", "the pipeline names the quota", says).await;
        ns.kubectl("delete quota no-runs").await;
        ns.trigger("iris", "now").await.succeeds().await;
        let seen = ns.pipeline("iris").await.status.unwrap_or_default();
        assert_eq!(seen.message, "");
    })
    .await;
}
