//! A stage that runs out of memory gets more, as far as its pipeline allows.

use k8s_openapi::api::batch::v1::Job;
use trainyard_contract::FailureClass;
use trainyard_e2e::vocabulary::{PipelineManifest, in_namespace, pipeline};

/// A pipeline whose `extract` may have 20 MiB and needs more than twice that.
fn greedy() -> PipelineManifest {
    pipeline("iris")
        .up_to("extract")
        .misbehaves("extract", "needs:48000000")
        .set_in("extract", "resources.limits.memory", "20Mi")
}

fn memory_limit(job: &Job) -> String {
    let pod = job.spec.as_ref().unwrap().template.spec.as_ref().unwrap();
    let limits = pod.containers[0].resources.as_ref().unwrap().limits.as_ref().unwrap();
    limits["memory"].0.clone()
}

#[tokio::test]
async fn a_stage_out_of_memory_is_tried_again_with_more_and_works() {
    in_namespace(async |ns| {
        let manifest = greedy()
            .set("retry.limit", 1)
            .set("retry.memory.max", "1Gi")
            .set("retry.memory.factor", "9");
        ns.apply(manifest).await;
        let run = ns.start("iris").await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 2)]);
        let spent = end.stage("extract").spent;
        // Growing has a bound of its own.
        assert_eq!((spent.memory, spent.limit), (1, 0), "{spent:?}");
        let limits: Vec<_> = run.jobs().await.iter().map(memory_limit).collect();
        assert_eq!(limits, ["20Mi".to_owned(), (9 * 20 * 1024 * 1024).to_string()]);
        let events = run.events().await;
        let told = events
            .iter()
            .any(|event| event.message.as_deref().unwrap_or_default().contains("OutOfMemory"));
        assert!(told, "{events:?}");
    })
    .await;
}

#[tokio::test]
async fn without_room_to_grow_the_run_fails_as_out_of_memory() {
    in_namespace(async |ns| {
        ns.apply(greedy()).await;
        let end = ns.start("iris").await.fails().await;
        assert_eq!(end.class(), Some(FailureClass::OutOfMemory));
        assert_eq!(end.attempts(), [("extract", 1)]);
        assert!(end.message().contains("memory"), "{}", end.message());
        let hint = &end.stage("extract").hint;
        assert!(hint.contains("retry.memory.max"), "{hint}");
    })
    .await;
}
