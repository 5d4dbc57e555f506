//! `kubectl apply` of what is there already changes nothing: no default, no null and no form of a number that the API server would
//! write otherwise.

use trainyard_crds::MLPipeline;
use trainyard_e2e::vocabulary::{Namespace, in_namespace};

const FILE: &str = "data/ml-production-pipeline.yaml";
const PIPELINE: &str = "ml-production-pipeline";

/// The pipeline once the operator has looked at it: afterwards nobody has a reason to write.
async fn looked_at(ns: &Namespace) -> MLPipeline {
    ns.wait_for(PIPELINE, "the pipeline is ready", |pipeline: &MLPipeline| {
        let conditions = pipeline.status.iter().flat_map(|status| &status.conditions);
        let mut ready = conditions.filter(|condition| condition.type_ == "Ready" && condition.status == "True");
        ready.any(|condition| condition.observed_generation == pipeline.metadata.generation)
    })
    .await
}

async fn changes_nothing_again(how: &str, said: &str) {
    in_namespace(async |ns| {
        ns.kubectl(&format!("apply {how} --filename {FILE}")).await;
        let first = looked_at(ns).await;
        let again = ns.kubectl(&format!("apply {how} --filename {FILE}")).await;
        let lines: Vec<_> = again.lines().collect();
        assert!(
            lines.len() == 2 && lines.iter().all(|line| line.ends_with(said)),
            "{again}"
        );
        // It ends with 1, which is a failure here, where there is a difference.
        assert_eq!(ns.kubectl(&format!("diff {how} --filename {FILE}")).await, "");
        let second = ns.pipeline(PIPELINE).await;
        assert_eq!(second.metadata.generation, Some(1));
        assert_eq!(second.metadata.resource_version, first.metadata.resource_version);
    })
    .await;
}

#[tokio::test]
async fn apply_twice_makes_no_difference() {
    changes_nothing_again("", " unchanged").await;
}

#[tokio::test]
async fn apply_twice_on_the_server_makes_no_difference() {
    changes_nothing_again("--server-side", " serverside-applied").await;
}
