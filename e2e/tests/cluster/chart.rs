//! The chart on an empty cluster, by real helm: for one namespace, under Pod Security `restricted`, from its first install over an
//! upgrade that is rolled back to the install after it was uninstalled.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use trainyard_e2e::rights::decided;
use trainyard_e2e::vocabulary::{Namespace, in_namespace, on_a_cluster_of_its_own};

/// The chart, and the images that are loaded into every node.
const CHART: &str = "charts/trainyard --values charts/local-images.yaml";
const PIPELINE: &str = "ml-production-pipeline";

#[tokio::test]
async fn a_value_with_a_typo_is_refused_with_its_place() {
    in_namespace(async |ns| {
        let said = ns.helm(&format!("lint --strict {CHART}")).await;
        assert!(said.contains("1 chart(s) linted, 0 chart(s) failed"), "{said}");
        for (value, place) in [
            (
                "operator.imag.tag=dev",
                "at '/operator': additional properties 'imag' not allowed",
            ),
            ("workspace.size=5Gb", "at '/workspace/size'"),
            ("clusterWide=yes", "at '/clusterWide': got string, want boolean"),
            ("operator.replicas=0", "at '/operator/replicas': minimum: got 0, want 1"),
            ("operator.leaseDuration=2s", "at '/operator/leaseDuration'"),
            ("operator.finishedJobsKept=1d", "at '/operator/finishedJobsKept'"),
        ] {
            let refusal = ns
                .helm_refused(&format!("install trainyard {CHART} --dry-run=server --set {value}"))
                .await;
            assert!(refusal.contains(place), "{value}: {refusal}");
        }
    })
    .await;
}

#[tokio::test]
async fn more_than_one_replica_is_spread_and_kept_one_at_least() {
    in_namespace(async |ns| {
        let rendered = async |replicas| {
            ns.helm(&format!(
                "install trainyard {CHART} --dry-run=server --set operator.replicas={replicas}"
            ))
            .await
        };
        let (one, two) = (rendered(1).await, rendered(2).await);
        for part in [
            "kind: PodDisruptionBudget",
            "topologySpreadConstraints:",
            "Of its 2 pods one acts",
        ] {
            assert!(!one.contains(part), "{part}: {one}");
            assert!(two.contains(part), "{part}: {two}");
        }
        assert!(one.contains("- --leader-election"), "also during an upgrade: {one}");
    })
    .await;
}

#[tokio::test]
async fn installed_upgraded_rolled_back_uninstalled_and_installed_again_it_goes_on_where_it_was() {
    on_a_cluster_of_its_own("chart", async |ns| {
        ns.restrict().await;
        install(ns).await;
        may_act_here_only(ns).await;
        let tested = ns.helm("test trainyard --timeout 120s").await;
        assert!(tested.contains("Phase:          Succeeded"), "{tested}");

        ns.apply_file("data/ml-production-pipeline.yaml").await;
        let first = ns.trigger(PIPELINE, "first").await.succeeds().await.model().to_owned();
        assert_eq!(listed(ns).await, [(first.clone(), true)]);

        let upgrade = "--reuse-values --set operator.logFormat=json --wait --timeout 120s";
        ns.helm(&format!("upgrade trainyard charts/trainyard {upgrade}")).await;
        let log = ns.log_of_only_operator().await;
        assert!(log.starts_with('{'), "it is to log as JSON now: {log}");
        let second = ns.trigger(PIPELINE, "second").await.succeeds().await.model().to_owned();
        assert_eq!(listed(ns).await, [(first.clone(), false), (second.clone(), true)]);

        ns.helm("rollback trainyard 1 --wait --timeout 120s").await;
        let log = ns.log_of_only_operator().await;
        assert!(
            !log.starts_with('{') && log.contains("operator started"),
            "it is to log for people again: {log}"
        );
        let third = ns.trigger(PIPELINE, "third").await.succeeds().await.model().to_owned();
        let three = [(first, false), (second, false), (third.clone(), true)];
        assert_eq!(listed(ns).await, three);

        let kept = ns.helm("uninstall trainyard --wait --timeout 120s").await;
        for kind in ["mlpipelines", "modelversions", "pipelineruns"] {
            let line = format!("[CustomResourceDefinition] {kind}.trainyard.dev");
            assert!(kept.contains(&line), "{kept}");
        }
        // Helm does not wait for what its objects own.
        for pod in ns.list::<Pod>("app.kubernetes.io/component=operator").await {
            ns.wait_for_end_of::<Pod>(&pod.name_any()).await;
        }
        let left =
            "get all,serviceaccounts,roles,rolebindings --selector app.kubernetes.io/instance=trainyard --output name";
        // But for the pod of `helm test`, which is there to be looked at.
        assert_eq!(ns.kubectl(left).await, "pod/trainyard-test\n");
        assert_eq!(listed(ns).await, three);

        install(ns).await;
        let fourth = ns.trigger(PIPELINE, "fourth").await.succeeds().await.model().to_owned();
        let [first, second, _] = three;
        assert_eq!(listed(ns).await, [first, second, (third, false), (fourth, true)]);
    })
    .await;
}

async fn install(ns: &Namespace) {
    ns.helm(&format!("install trainyard {CHART} --wait --timeout 120s"))
        .await;
}

/// In the release's namespace it has the rights that were decided, elsewhere none.
async fn may_act_here_only(ns: &Namespace) {
    let account = format!("system:serviceaccount:{}:trainyard", ns.name());
    let decided = decided(include_str!("../../../operator/tests/golden/rights.txt")).unwrap();
    assert_eq!(ns.rights_of(&account).await, decided.granted);
    let elsewhere = ns.rights_of_in(&account, "default").await;
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

/// The model versions, oldest first, and which of them is the champion, when one is.
async fn listed(ns: &Namespace) -> Vec<(String, bool)> {
    let versions = ns.model_versions().await;
    let champion =
        |version: &trainyard_crds::ModelVersion| version.status.as_ref().is_some_and(|status| status.champion);
    versions
        .iter()
        .map(|version| (version.spec.version.to_string(), champion(version)))
        .collect()
}
