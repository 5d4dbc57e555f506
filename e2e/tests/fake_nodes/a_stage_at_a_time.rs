//! The walk of a run: a Job a stage, in the order of the dependencies.

use trainyard_e2e::vocabulary::{in_namespace_on_fake_nodes, pipeline};

#[tokio::test]
async fn a_job_a_stage_in_the_order_of_the_dependencies_and_a_listed_model() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.apply(pipeline("iris").on_fake_nodes()).await;
        let run = ns.start("iris").await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 1)]);
        assert_eq!(run.attempts_asked_for(), ["extract-1", "validate-1", "train-1"]);
        let [version] = &ns.model_versions().await[..] else {
            panic!("one run makes one model version")
        };
        assert_eq!(version.spec.version.as_str(), end.model());
        assert_eq!(version.spec.run.as_str(), run.name());
    })
    .await;
}

#[tokio::test]
async fn a_stage_that_fails_twice_is_tried_three_times() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.apply(pipeline("iris").misbehaves("validate", "exit:12:2").on_fake_nodes())
            .await;
        let run = ns.start("iris").await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 3), ("train", 1)]);
        let asked_for = ["extract-1", "validate-1", "validate-2", "validate-3", "train-1"];
        assert_eq!(run.attempts_asked_for(), asked_for);
    })
    .await;
}
