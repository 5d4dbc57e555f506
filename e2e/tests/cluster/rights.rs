//! The operator may do what was decided and no more, and what it does needs no more.

use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use trainyard_crds::PipelineRun;
use trainyard_e2e::rights::{Decided, decided};
use trainyard_e2e::vocabulary::{Namespace, in_namespace, on_a_cluster_of_its_own, pipeline};
use trainyard_e2e::{OPERATOR_ACCOUNT, OPERATOR_NAMESPACE};
use trainyard_engine::StagePhase;

fn what_was_decided() -> Decided {
    decided(include_str!("../../../operator/tests/golden/rights.txt")).unwrap()
}

#[tokio::test]
async fn the_operators_account_may_do_what_was_decided_and_no_more() {
    in_namespace(async |ns| {
        let decided = what_was_decided();
        assert_eq!(ns.rights_of(OPERATOR_ACCOUNT).await, decided.granted_elsewhere());
        assert_eq!(
            ns.rights_of_in(OPERATOR_ACCOUNT, OPERATOR_NAMESPACE).await,
            decided.granted
        );
    })
    .await;
}

/// What a person may do with our kinds: `resource: verbs`, sorted.
async fn may_do(ns: &Namespace, person: &str) -> Vec<String> {
    let mut verbs_of = BTreeMap::<String, BTreeSet<String>>::new();
    let rights = ns.rights_of(person).await.into_iter();
    for right in rights.filter(|right| right.group == "trainyard.dev") {
        verbs_of.entry(right.resource).or_default().insert(right.verb);
    }
    let line = |(resource, verbs): (String, BTreeSet<String>)| {
        let verbs: Vec<_> = verbs.into_iter().collect();
        format!("{resource}: {}", verbs.join(" "))
    };
    verbs_of.into_iter().map(line).collect()
}

#[tokio::test]
async fn people_may_do_what_their_role_says_also_as_a_part_of_edit_and_view() {
    let author = [
        "mlpipelines: create delete deletecollection get list patch update watch",
        "modelversions: delete deletecollection get list watch",
        "pipelineruns: create delete deletecollection get list patch update watch",
    ];
    let runner = [
        "mlpipelines: get list watch",
        "modelversions: get list watch",
        "pipelineruns: create delete get list patch update watch",
    ];
    let viewer = [
        "mlpipelines: get list watch",
        "modelversions: get list watch",
        "pipelineruns: get list watch",
    ];
    in_namespace(async |ns| {
        for (role, may) in [
            ("trainyard-author", author),
            ("edit", author),
            ("admin", author),
            ("trainyard-runner", runner),
            ("trainyard-viewer", viewer),
            ("view", viewer),
        ] {
            let bind = format!("create rolebinding of-{role} --clusterrole {role} --user person-with-{role}");
            ns.kubectl(&bind).await;
            assert_eq!(may_do(ns, &format!("person-with-{role}")).await, may, "{role}");
        }
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
        // One leads, the other one watches it.
        let replicas = "--set operator.replicas=2 --wait --timeout 120s";
        let install = format!("install trainyard charts/trainyard --values charts/local-images.yaml {replicas}");
        ns.helm(&install).await;
        ns.apply(pipeline("iris")).await;
        ns.trigger("iris", "first").await.succeeds().await;
        shares_a_revision(ns).await;
        goes_on_with_the_next_operator(ns).await;
        predicts_with_the_champion(ns).await;
        loses_a_job_and_stops_another(ns).await;
        meets_objects_of_a_newer_version(ns).await;
        keeps_one_run_and_one_version(ns).await;
        let account = format!("system:serviceaccount:{}:trainyard", ns.name());
        ns.cluster().asks_for(&account, &what_was_decided().asked).await;
        assert_eq!(ns.cluster().forbidden_to(&account), Vec::<String>::new());
    })
    .await;
}

async fn keeps_one_run_and_one_version(ns: &Namespace) {
    let one = json!({"successfulRuns": 1, "modelVersions": 1});
    ns.apply(pipeline("iris").set("retention", one)).await;
    let first = ns.run("iris-t-a7937b64").await;
    ns.trigger("iris", "second").await.succeeds().await;
    ns.wait_for_end_of::<PipelineRun>(first.name()).await;
}

async fn shares_a_revision(ns: &Namespace) {
    ns.start("iris").await.succeeds().await;
}

/// Which reads the revision that the one before it had in its memory.
async fn goes_on_with_the_next_operator(ns: &Namespace) {
    ns.apply(pipeline("slow").misbehaves("train", "sleep:20:1")).await;
    let run = ns.start("slow").await;
    run.stage("train").reaches(StagePhase::Running).await;
    ns.kubectl("rollout restart deployment/trainyard").await;
    ns.operator_is_ready().await;
    run.succeeds().await;
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
