//! A stage that cannot begin says what it waits for, and after `timeouts.pending` it has failed with that.

use serde_json::json;
use trainyard_contract::FailureClass;
use trainyard_e2e::vocabulary::{Namespace, in_namespace, pipeline};

#[tokio::test]
async fn a_typo_in_the_image_is_named_and_ends_the_run_as_config() {
    in_namespace(async |ns| {
        // A volume that is there already: nothing else is waited for.
        ns.local_volume("trainyard").await;
        // A registry that nobody has: nothing leaves the cluster's network.
        let image = "localhost/trainyard-wroker:dev";
        let manifest = pipeline("iris")
            .set("worker.image", image)
            .set("timeouts.pending", "15s");
        ns.apply(manifest).await;
        let run = ns.start("iris").await;
        let waiting = run.says(image).await;
        assert!(waiting.message().contains("cannot be pulled"), "{}", waiting.message());
        assert!(!waiting.is_finished());
        let end = run.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Config));
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 0), ("train", 0)]);
        assert!(end.message().contains(image), "{}", end.message());
        assert!(end.message().contains("timeouts.pending"), "{}", end.message());
    })
    .await;
}

#[tokio::test]
async fn an_image_whose_registry_never_answers_is_named_while_it_is_pulled() {
    in_namespace(async |ns| {
        ns.local_volume("trainyard").await;
        let image = format!("{}/trainyard-worker:far-away", ns.registry_that_never_answers().await);
        let pulling = format!("pulling image {image}");
        // containerd itself gives up after half a minute, and the pod says that.
        let manifest = pipeline("iris")
            .set("worker.image", image)
            .set("timeouts.pending", "15s");
        ns.apply(manifest).await;
        let run = ns.start("iris").await;
        let waiting = run.says(&pulling).await;
        assert!(!waiting.is_finished());
        let [pod] = &run.pods().await[..] else {
            panic!("not one pod")
        };
        let containers = pod
            .status
            .as_ref()
            .and_then(|status| status.container_statuses.as_ref());
        let state = containers.and_then(|all| all[0].state.as_ref()?.waiting.as_ref()?.reason.clone());
        assert_eq!(
            state.as_deref(),
            Some("ContainerCreating"),
            "the pod itself says nothing"
        );
        let end = run.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Config));
        assert!(end.message().contains(&pulling), "{}", end.message());
    })
    .await;
}

#[tokio::test]
async fn a_config_map_that_is_missing_is_named_and_the_run_goes_on_when_it_comes() {
    in_namespace(async |ns| {
        let manifest = pipeline("iris").up_to("extract");
        ns.apply(manifest.clone().without_rows()).await;
        let run = ns.start("iris").await;
        let waiting = run.says("iris-data").await;
        assert!(waiting.message().contains("not found"), "{}", waiting.message());
        ns.apply(manifest).await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_config_map_that_never_comes_ends_the_run_as_config() {
    in_namespace(async |ns| {
        ns.local_volume("trainyard").await;
        ns.apply(pipeline("iris").without_rows().set("timeouts.pending", "15s"))
            .await;
        let end = ns.start("iris").await.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Config));
        assert!(end.message().contains("iris-data"), "{}", end.message());
    })
    .await;
}

#[tokio::test]
async fn a_secret_that_is_missing_is_named() {
    in_namespace(async |ns| {
        ns.local_volume("trainyard").await;
        let variable = json!([{
            "name": "PASSWORD",
            "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}},
        }]);
        let manifest = pipeline("iris").up_to("extract").set_in("extract", "env", variable);
        ns.apply(manifest.set("timeouts.pending", "15s")).await;
        let end = ns.start("iris").await.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Config));
        assert!(end.message().contains("database"), "{}", end.message());
    })
    .await;
}

#[tokio::test]
async fn a_request_that_no_node_can_fulfil_is_named() {
    in_namespace(async |ns| {
        let manifest = pipeline("iris").set_in("extract", "resources.requests.memory", "900Gi");
        ns.apply(manifest).await;
        let run = ns.start("iris").await;
        run.says("Insufficient memory").await;
        run.stop().await;
        run.is_stopped().await;
    })
    .await;
}

fn class_of(ns: &Namespace, binding: &str) -> String {
    format!("{}-{}", ns.name(), binding.to_lowercase())
}

/// A claim of a class whose volumes nobody makes, bound by the first pod or at once.
async fn claim_without_a_volume(ns: &Namespace, binding: &str) {
    let class = class_of(ns, binding);
    ns.apply(json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": class},
        "provisioner": "trainyard.dev/nobody",
        "volumeBindingMode": binding,
    }))
    .await;
    ns.apply(json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "trainyard"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": class,
            "resources": {"requests": {"storage": "1Mi"}},
        },
    }))
    .await;
}

async fn a_claim_without_a_volume_is_named(binding: &str) {
    in_namespace(async |ns| {
        claim_without_a_volume(ns, binding).await;
        ns.apply(pipeline("iris").set("timeouts.pending", "20s")).await;
        let run = ns.start("iris").await;
        let class = class_of(ns, binding);
        let said = format!("claim `trainyard` of class `{class}` is not bound: trainyard.dev/nobody has not made");
        run.says(&said).await;
        let end = run.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Infra));
        assert!(end.message().contains(&said), "{}", end.message());
        ns.kubectl(&format!("delete storageclass {class}")).await;
    })
    .await;
}

#[tokio::test]
async fn a_claim_that_no_provisioner_ever_binds_is_named() {
    a_claim_without_a_volume_is_named("Immediate").await;
}

#[tokio::test]
async fn a_claim_that_waits_for_its_provisioner_is_named() {
    a_claim_without_a_volume_is_named("WaitForFirstConsumer").await;
}
