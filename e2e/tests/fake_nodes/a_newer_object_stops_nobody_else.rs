//! An object with a value that this version does not know, as a newer one leaves it behind after a rollback, is left alone; all
//! others go on.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use trainyard_contract::FailureClass;
use trainyard_e2e::vocabulary::{Namespace, on_fake_nodes_of_its_own, pipeline};

/// Where the names of the formats of models stand in the definition of pipelines.
const FORMATS: &str = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/stages/items/properties/train/properties/\
                       save/items/enum";

/// Lets the API server take a format that this version does not know.
async fn define_a_newer_format(ns: &Namespace) {
    let api: Api<CustomResourceDefinition> = Api::all(ns.cluster().client());
    let add = json!([{"op": "add", "path": format!("{FORMATS}/-"), "value": "pmml"}]);
    let patch = Patch::Json::<()>(serde_json::from_value(add).unwrap());
    api.patch("mlpipelines.trainyard.dev", &PatchParams::default(), &patch)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_pipeline_of_a_newer_version_is_left_alone_and_the_others_run() {
    on_fake_nodes_of_its_own("newer", async |ns| {
        define_a_newer_format(ns).await;
        ns.apply(pipeline("iris").on_fake_nodes()).await;
        ns.start("iris").await.succeeds().await;
        let newer = pipeline("newer").set_in("train", "train.save", json!(["pmml"]));
        ns.apply_when_admitted(newer.on_fake_nodes()).await;
        let end = ns.start("newer").await.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Config));
        assert!(end.message().contains("pmml"), "{}", end.message());
        // Another one, and one more after the operator has begun anew with the newer object in its first list.
        ns.start("iris").await.succeeds().await;
        ns.cluster().kill_operator().await;
        ns.cluster().start_operator();
        ns.start("iris").await.succeeds().await;
        let said = ns.kubectl("get mlpipeline newer").await;
        assert!(
            said.contains("this version of Trainyard cannot read the pipeline"),
            "{said}"
        );
        let log = ns.cluster().operator_log();
        let told = log.lines().filter(|line| line.contains("pmml")).count();
        assert!(
            (1..=6).contains(&told),
            "it says so, but not for ever: {told} times\n{log}"
        );
    })
    .await;
}
