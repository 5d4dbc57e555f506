//! With `policy.enabled` the API server refuses pipelines of the release's namespace that name what the chart's values do not allow,
//! with the field; those that fit it takes, and one that was there before stays as it is.

use serde_json::{Value, json};
use trainyard_e2e::vocabulary::{Namespace, PipelineManifest, in_namespace, pipeline, shown_in};

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Everything that a policy can say.
fn strict() -> Value {
    json!({
        "enabled": true,
        "images": ["good.example/ml/", "also.example/worker"],
        "requireDigest": true,
        "claims": ["trainyard", "second"],
        "serviceAccounts": ["default", "robot"],
        "cpuMax": 2,
        "memoryMax": "1Gi",
    })
}

/// Of a release whose operator never gets a node: there is one in this cluster already.
const APART: &str = "--set crds.install=false,roles.install=false,operator.nodeSelector.trainyard=nowhere";

async fn install(ns: &Namespace, policy: &Value) {
    ns.helm(&format!(
        "install careful charts/trainyard {APART} --set-json policy={policy}"
    ))
    .await;
}

/// Fits.
fn modest() -> PipelineManifest {
    let limits = json!({"cpu": "500m", "memory": "256Mi"});
    pipeline("iris").set("worker.resources.limits", limits)
}

fn image(name: &str) -> PipelineManifest {
    modest().set("worker.image", name)
}

fn bounded_by(limits: Value) -> PipelineManifest {
    modest().set_in("train", "resources.limits", limits)
}

#[tokio::test]
async fn a_pipeline_that_names_what_the_policy_does_not_allow_is_refused_with_the_field() {
    in_namespace(async |ns| {
        install(ns, &strict()).await;
        let tagged = "good.example/ml/worker:1.4";
        let one = |name: &str| format!("spec.worker.image: `{name}` is not of good.example/ml/, also.example/worker");
        let foreign = [
            "evil.example/worker",
            "good.example/mleager/worker",
            "also.example/worker2",
            "also.example/worker:80/x",
        ];
        let foreign = foreign.map(|name| format!("{name}@{DIGEST}"));
        let no_memory =
            "resources.limits.memory of train is to be set, in the stage or in spec.worker, and to at most 1Gi";
        let no_cpu = "resources.limits.cpu of train is to be set, in the stage or in spec.worker, and to at most 2";
        let growth = "retry.memory.max, of the pipeline or of a stage, is to be at most 1Gi";
        let mut refused = vec![
            (
                image(tagged),
                format!("spec.worker.image: `{tagged}` is to be named by its digest, NAME@sha256:"),
            ),
            (
                modest().set("workspace.claimName", "third"),
                "spec.workspace.claimName: `third` is not one of trainyard, second".to_owned(),
            ),
            (
                modest().set("worker.serviceAccountName", "root"),
                "spec.worker.serviceAccountName: `root` is not one of default, robot".to_owned(),
            ),
            (bounded_by(json!({"cpu": 1, "memory": "1025Mi"})), no_memory.to_owned()),
            (bounded_by(json!({"cpu": 1})), no_memory.to_owned()),
            (bounded_by(json!({"cpu": "2001m", "memory": "1Gi"})), no_cpu.to_owned()),
            (
                pipeline("iris"),
                "resources.limits.cpu of extract, validate, train is to be set".to_owned(),
            ),
            (modest().set("retry.memory.max", "2Gi"), growth.to_owned()),
            (modest().set_in("train", "retry.memory.max", "2Gi"), growth.to_owned()),
        ];
        refused.extend(foreign.iter().map(|name| (image(name), one(name))));
        for (manifest, message) in refused {
            let said = ns.refused_before_long(&manifest).await;
            assert!(said.contains(&message), "`{message}` is to be said: {said}\n{manifest}");
        }
        ns.helm("uninstall careful --wait").await;
    })
    .await;
}

/// The page's values as they stand there refuse the pipelines that it speaks of, in the words that stand below them.
#[tokio::test]
async fn the_page_about_security_shows_what_its_policy_says() {
    const PAGE: &str = "docs/security.md";
    in_namespace(async |ns| {
        let folder = tempfile::tempdir().unwrap();
        let values = folder.path().join("policy.yaml");
        std::fs::write(&values, shown_in(PAGE, "yaml policy.yaml")).unwrap();
        let values = values.display();
        ns.helm(&format!("install careful charts/trainyard {APART} --values {values}"))
            .await;
        let all_bounded = json!({"cpu": 1, "memory": "1Gi"});
        let fits = || pipeline("iris").set("worker.resources.limits", all_bounded.clone());
        let faulty = [
            fits().set("worker.image", "docker.io/someone/worker"),
            fits().set("worker.image", "registry.example/ml/worker:1.4"),
            fits().set("workspace.claimName", "other"),
            fits().set("worker.serviceAccountName", "admin"),
            fits().set("worker.resources.limits", json!({"cpu": 1})).set_in(
                "validate",
                "resources.limits",
                all_bounded.clone(),
            ),
            fits().set("retry.memory.max", "8Gi"),
        ];
        let refusals = shown_in(PAGE, "text refusals");
        assert_eq!(refusals.lines().count(), faulty.len(), "{refusals}");
        for (manifest, refusal) in faulty.iter().zip(refusals.lines()) {
            let said = ns.refused_before_long(manifest).await;
            let (begins, _rest) = refusal.split_once('…').unwrap_or((refusal, ""));
            assert!(
                said.contains(begins),
                "the page says `{refusal}`, the API server {said}"
            );
        }
        let below_and_by_digest = [
            format!("registry.example/ml/worker@{DIGEST}"),
            format!("registry.example/base/worker:2@{DIGEST}"),
        ];
        for image in below_and_by_digest {
            ns.dry_run(fits().set("worker.image", image)).await;
        }
        ns.dry_run(fits()).await;
        ns.helm("uninstall careful --wait").await;
    })
    .await;
}

#[tokio::test]
async fn a_pipeline_that_fits_is_taken_and_one_that_was_there_before_stays_until_its_spec_changes() {
    in_namespace(async |ns| {
        ns.apply(pipeline("early")).await;
        install(ns, &strict()).await;
        ns.refused_before_long(pipeline("iris")).await;
        let digest = |name: &str| format!("{name}@{DIGEST}");
        for manifest in [
            modest(),
            image(&digest("good.example/ml/deep/worker")),
            image(&digest("also.example/worker")),
            image(&digest("also.example/worker:1.4")),
            modest().set("workspace.claimName", "second"),
            modest().set("worker.serviceAccountName", "robot"),
            bounded_by(json!({"cpu": 2, "memory": "1Gi"})),
            modest().set("retry.memory.max", "1Gi"),
            modest().set_in("train", "retry.limit", 1),
        ] {
            ns.dry_run(&manifest).await;
        }
        // Not even its labels could change, nor a finalizer go, if it were looked at.
        ns.kubectl("label mlpipeline early team=iris").await;
        let said = ns
            .kubectl_refused(r#"patch mlpipeline early --type=merge --patch={"spec":{"trigger":"now"}}"#)
            .await;
        assert!(
            said.contains("resources.limits.cpu of extract, validate, train"),
            "{said}"
        );
        ns.kubectl("delete mlpipeline early --cascade=foreground --timeout=60s")
            .await;
        ns.helm("uninstall careful --wait").await;
    })
    .await;
}

#[tokio::test]
async fn without_a_word_about_it_there_is_no_policy_and_one_release_has_no_say_in_another_namespace() {
    in_namespace(async |ns| {
        let of_release = "get validatingadmissionpolicies,validatingadmissionpolicybindings --output name \
                          --selector app.kubernetes.io/instance=careful";
        let rendered = ns.helm("install careful charts/trainyard --dry-run=server").await;
        assert!(!rendered.contains("AdmissionPolicy"), "{rendered}");
        install(ns, &json!({"enabled": true, "claims": ["trainyard"]})).await;
        ns.refused_before_long(modest().set("workspace.claimName", "third"))
            .await;
        in_namespace(async |other| {
            other
                .dry_run(pipeline("iris").without_rows().set("workspace.claimName", "third"))
                .await;
        })
        .await;
        let names = ns.kubectl(of_release).await;
        assert!(names.contains(&format!("trainyard.{}.careful", ns.name())), "{names}");
        ns.helm("uninstall careful --wait").await;
        let left = ns.kubectl(of_release).await;
        assert!(!left.contains(&format!("trainyard.{}.careful", ns.name())), "{left}");
    })
    .await;
}
