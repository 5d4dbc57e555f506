//! The operator may do what was decided and no more, and what it does needs no more.

use serde_json::json;
use trainyard_e2e::OPERATOR_ACCOUNT;
use trainyard_e2e::rights::{Decided, decided};
use trainyard_e2e::vocabulary::{Namespace, in_namespace, on_a_cluster_of_its_own, pipeline};

fn what_was_decided() -> Decided {
    decided(include_str!("../../../operator/tests/golden/rights.txt")).unwrap()
}

#[tokio::test]
async fn the_operators_account_may_do_what_was_decided_and_no_more() {
    in_namespace(async |ns| {
        assert_eq!(ns.rights_of(OPERATOR_ACCOUNT).await, what_was_decided().granted);
    })
    .await;
}

/// By the audit log of all tests so far, and of a run of its own.
#[tokio::test]
async fn the_operator_asks_for_no_more_than_it_may() {
    in_namespace(async |ns| {
        ns.apply(pipeline("iris")).await;
        ns.trigger("iris", "first").await.succeeds().await;
        let asked = ns.cluster().asked_by(OPERATOR_ACCOUNT);
        let all: Vec<_> = asked.iter().map(ToString::to_string).collect();
        for sure in [
            "create batch/jobs",
            "create trainyard.dev/modelversions",
            "watch core/pods",
        ] {
            assert!(
                all.iter().any(|asked| asked == sure),
                "it does not run as {OPERATOR_ACCOUNT}: no `{sure}` in {all:?}"
            );
        }
        let beyond: Vec<_> = asked.difference(&what_was_decided().granted).cloned().collect();
        assert!(beyond.is_empty(), "{beyond:?}");
        assert_eq!(ns.cluster().forbidden_to(OPERATOR_ACCOUNT), Vec::<String>::new());
    })
    .await;
}

/// Each right but those that leave no trace; a case for each of the rare ones.
#[tokio::test]
async fn there_is_no_right_that_the_operator_does_not_use() {
    on_a_cluster_of_its_own("rights", async |ns| {
        let install = "install trainyard charts/trainyard --values charts/local-images.yaml --wait --timeout 120s";
        ns.helm(install).await;
        ns.apply(pipeline("iris")).await;
        ns.trigger("iris", "first").await.succeeds().await;
        shares_a_revision(ns).await;
        predicts_with_the_champion(ns).await;
        loses_a_job_and_stops_another(ns).await;
        meets_objects_of_a_newer_version(ns).await;
        let account = format!("system:serviceaccount:{}:trainyard", ns.name());
        ns.cluster().asks_for(&account, &what_was_decided().asked).await;
        assert_eq!(ns.cluster().forbidden_to(&account), Vec::<String>::new());
    })
    .await;
}

async fn shares_a_revision(ns: &Namespace) {
    ns.start("iris").await.succeeds().await;
}

async fn predicts_with_the_champion(ns: &Namespace) {
    let predict =
        json!({"name": "predict", "input": "extract", "predict": {"model": {"pipeline": "iris", "use": "Champion"}}});
    let extract =
        json!({"name": "extract", "extract": {"csv": {"configMap": {"name": "iris-data", "key": "data.csv"}}}});
    ns.apply(
        pipeline("daily")
            .without_rows()
            .set("stages", json!([extract, predict])),
    )
    .await;
    ns.start("daily").await.succeeds().await;
}

async fn loses_a_job_and_stops_another(ns: &Namespace) {
    let quota = |pods: &str| {
        let hard = json!({"hard": {"pods": pods}});
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight"}, "spec": hard})
    };
    ns.apply(quota("0")).await;
    let run = ns.start("iris").await;
    run.says("exceeded quota: tight").await;
    let job = run.stage("extract").job(1).await;
    ns.kubectl(&format!("delete job {}", job.metadata.name.unwrap())).await;
    run.stage("extract").job(2).await;
    run.stop().await;
    run.is_stopped().await;
    ns.apply(quota("99")).await;
}

/// The definitions admit what this version does not know.
async fn meets_objects_of_a_newer_version(ns: &Namespace) {
    let spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties";
    for (kind, list) in [
        ("pipelineruns", format!("{spec}/state/enum")),
        (
            "mlpipelines",
            format!("{spec}/schedule/properties/concurrencyPolicy/enum"),
        ),
    ] {
        let patch = json!([{"op": "add", "path": format!("{list}/-"), "value": "Later"}]);
        ns.kubectl(&format!("patch crd {kind}.trainyard.dev --type json --patch {patch}"))
            .await;
    }
    let schedule = json!({"cron": "@daily", "concurrencyPolicy": "Later"});
    ns.apply_when_admitted(pipeline("newer").set("schedule", schedule))
        .await;
    ns.apply_when_admitted(json!({
        "apiVersion": "trainyard.dev/v1alpha1",
        "kind": "PipelineRun",
        "metadata": {"name": "newer"},
        "spec": {"pipelineRef": {"name": "iris"}, "state": "Later"},
    }))
    .await;
    for kind in ["mlpipeline", "pipelinerun"] {
        ns.kubectl(&format!("wait {kind} newer --for condition=Stalled --timeout 120s"))
            .await;
        let said = ns
            .kubectl(&format!("get {kind} newer --output jsonpath={{.status.message}}"))
            .await;
        assert!(said.contains("this version of Trainyard cannot read the"), "{said}");
    }
}
