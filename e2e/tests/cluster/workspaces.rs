//! The volume of a pipeline: made when it is missing, and what is wrong with it is said.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use std::fmt::Write as _;
use trainyard_contract::FailureClass;
use trainyard_e2e::vocabulary::{in_namespace, pipeline};

#[tokio::test]
async fn a_claim_that_is_missing_is_created_and_stays_when_the_pipeline_goes() {
    in_namespace(async |ns| {
        assert!(ns.list::<PersistentVolumeClaim>("").await.is_empty());
        let manifest = pipeline("iris").up_to("extract");
        ns.apply(
            manifest
                .set("workspace.claimName", "yard")
                .set("workspace.size", "10Mi"),
        )
        .await;
        let run = ns.trigger("iris", "first").await;
        run.succeeds().await;
        let [claim] = &ns.list::<PersistentVolumeClaim>("").await[..] else {
            panic!("not one claim")
        };
        assert_eq!(claim.metadata.name.as_deref(), Some("yard"));
        let asked_for = claim
            .spec
            .as_ref()
            .unwrap()
            .resources
            .as_ref()
            .unwrap()
            .requests
            .as_ref()
            .unwrap();
        assert_eq!(asked_for["storage"].0, "10Mi");
        assert!(
            claim.metadata.owner_references.is_none(),
            "nobody's garbage: {:?}",
            claim.metadata
        );
        assert!(ns.volume("yard").await.has(run.folder()));
    })
    .await;
}

#[tokio::test]
async fn a_volume_that_is_full_is_infra_with_the_room_that_it_has() {
    in_namespace(async |ns| {
        let volume = ns.small_volume("trainyard", 2048).await;
        // Its dataset is longer than what is left beside it.
        let mut table = "age,salary,target\n".to_owned();
        for row in 0..110_000 {
            let _ = writeln!(table, "{},{},{}", row * 7, row * 13, row % 2);
        }
        volume.write("data/large.csv", table);
        ns.apply(pipeline("iris").reads("data/large.csv").set("retry.limit", 0))
            .await;
        let run = ns.start("iris").await;
        let end = run.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Infra));
        let stage = end.stage("extract");
        assert!(
            stage.hint.contains("the volume is full") && stage.hint.contains("0 MiB of 2 MiB are free"),
            "{stage:?}"
        );
        assert!(volume.unfinished().is_empty(), "{:?}", volume.unfinished());
    })
    .await;
}

#[tokio::test]
async fn a_volume_that_belongs_to_somebody_else_is_config_with_its_owner_and_mode() {
    in_namespace(async |ns| {
        ns.foreign_volume("trainyard").await;
        ns.apply(pipeline("iris")).await;
        let end = ns.start("iris").await.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Config));
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 0), ("train", 0)]);
        for said in ["belongs to 0:0 with mode 0755", "runs as 65532:65532"] {
            assert!(end.message().contains(said), "{}", end.message());
        }
        assert!(
            end.stage("extract").hint.contains("chmod"),
            "{}",
            end.stage("extract").hint
        );
    })
    .await;
}

/// A folder that somebody made by hand, as root: the group that pods get is not given to what is in a volume already.
#[tokio::test]
async fn a_models_folder_that_belongs_to_somebody_else_is_config_before_anything_is_trained() {
    in_namespace(async |ns| {
        let volume = ns.volume_of_all_nodes("trainyard").await;
        volume.write("models/iris/README", "what our models are");
        ns.apply(pipeline("iris")).await;
        let run = ns.start("iris").await;
        let end = run.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Config));
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 1)]);
        for said in ["models/iris`", "belongs to 0:0 with mode 0755", "runs as 65532:65532"] {
            assert!(end.message().contains(said), "{}", end.message());
        }
        assert!(end.stage("train").hint.contains("chmod"), "{}", end.stage("train").hint);
        let log = volume.text(format!("{}/train/1/stage.log", run.folder()));
        assert!(!log.contains("read the dataset"), "it trained in vain: {log}");
    })
    .await;
}
