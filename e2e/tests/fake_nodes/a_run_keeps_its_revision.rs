//! What a run goes by: it outlives neither its users nor is it lost to them.

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Patch, PatchParams};
use kube::{Resource as _, ResourceExt as _};
use serde_json::json;
use std::collections::BTreeSet;
use trainyard_contract::FailureClass;
use trainyard_crds::v1alpha1::PipelineRun;
use trainyard_e2e::vocabulary::{PipelineManifest, in_namespace_on_fake_nodes, on_fake_nodes_of_its_own, pipeline};
use trainyard_engine::StagePhase;

/// With all that two writers of JSON may write differently.
fn iris() -> PipelineManifest {
    let awkward =
        json!([{"name": "MISBEHAVE", "value": "sleep:5:1"}, {"name": "URL", "value": "a?b=<c>&d=\u{2028}ü\\\"\n"}]);
    pipeline("iris")
        .set_in("validate", "env", awkward)
        .set_in(
            "train",
            "train.logisticRegression",
            json!({"c": 0.00001, "tolerance": 1e-7}),
        )
        .on_fake_nodes()
}

#[tokio::test]
async fn who_has_gone_is_no_owner_of_it_any_more() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.apply(iris()).await;
        let (first, second) = (ns.start("iris").await, ns.start("iris").await);
        let revision = first.succeeds().await.status().revision.clone().unwrap().name;
        second.succeeds().await;
        ns.kubectl(&format!("delete pipelinerun {}", first.name())).await;
        let owners = |revision: &ControllerRevision| {
            let owners = revision.owner_references();
            owners.len() == 2 && owners.iter().all(|owner| owner.uid != first.uid())
        };
        ns.wait_for(
            &revision,
            "the garbage collector takes the first run off the owners",
            owners,
        )
        .await;
    })
    .await;
}

/// A revision may have so many owners, and more while they are under way.
const OWNERS: usize = 100;

#[tokio::test]
async fn of_many_owners_only_those_under_way_stay() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.apply(pipeline("iris").misbehaves("train", "sleep:20:1").on_fake_nodes())
            .await;
        let under_way = ns.start("iris").await;
        let revision = under_way.stage("extract").reaches(StagePhase::Succeeded).await;
        let revision = revision.status().revision.clone().unwrap().name;
        let runs = ns.api::<PipelineRun>();
        let mut ended = Vec::new();
        for number in 0..OWNERS {
            // As good as any that has ended: nobody looks for its pipeline.
            let run = ns.start_named(&format!("ended-{number}"), "iris-of-old").await;
            let end = Patch::Merge(json!({"status": {"finished": true, "phase": "Succeeded"}}));
            let end = runs
                .patch_status(run.name(), &PatchParams::default(), &end)
                .await
                .unwrap();
            ended.push(OwnerReference {
                controller: None,
                block_owner_deletion: None,
                ..end.controller_owner_ref(&()).unwrap()
            });
        }
        let revisions = ns.api::<ControllerRevision>();
        let many = Patch::Strategic(json!({"metadata": {"ownerReferences": ended}}));
        let many = revisions
            .patch(&revision, &PatchParams::default(), &many)
            .await
            .unwrap();
        assert_eq!(many.owner_references().len(), 2 + OWNERS);

        let newest = ns.start("iris").await;
        let uids = [
            ns.pipeline("iris").await.uid().unwrap(),
            under_way.uid().to_owned(),
            newest.uid().to_owned(),
        ];
        let only_these = |revision: &ControllerRevision| {
            let owners = revision.owner_references().iter().map(|owner| owner.uid.clone());
            owners.collect::<BTreeSet<_>>() == BTreeSet::from(uids.clone())
        };
        ns.wait_for(
            &revision,
            "it belongs to its pipeline and to runs under way",
            only_these,
        )
        .await;
        under_way.succeeds().await;
        newest.succeeds().await;
    })
    .await;
}

#[tokio::test]
async fn deleted_by_somebody_it_is_made_again_as_long_as_the_pipeline_is_the_same() {
    on_fake_nodes_of_its_own("norev", async |ns| {
        ns.apply(iris()).await;
        let run = ns.start("iris").await;
        run.stage("validate").pod_that_runs(1).await;
        ns.cluster().kill_operator().await;
        ns.kubectl("delete controllerrevisions --all").await;
        ns.cluster().start_operator();
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 1)]);
        // Nobody knows what the next one was to do.
        let run = ns.start("iris").await;
        run.stage("validate").pod_that_runs(1).await;
        ns.cluster().kill_operator().await;
        ns.kubectl("delete controllerrevisions --all").await;
        ns.apply(iris().up_to("extract")).await;
        ns.cluster().start_operator();
        let end = run.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Config));
        assert!(end.message().contains("revision"), "{}", end.message());
        run.runs_nothing().await;
    })
    .await;
}
