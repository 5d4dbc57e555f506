//! An upgrade of the release and its rollback, by real helm, while runs are under way; the definitions go with the release, forwards and
//! back. What a newer version has written is left alone by the older one, which says so; all others go on.

use camino::Utf8PathBuf;
use serde_json::{Value, json};
use std::fs;
use std::process::Command;
use tempfile::TempDir;
use trainyard_contract::FailureClass;
use trainyard_e2e::vocabulary::{Namespace, on_a_cluster_of_its_own, pipeline};

const CHART: &str = "charts/trainyard";
const INSTALL: &str = "install trainyard charts/trainyard --values charts/local-images.yaml --wait --timeout 120s";
/// It makes a new pod of the operator.
const LOGS_AS_JSON: &str = "--reuse-values --set operator.logFormat=json --wait --timeout 120s";
const ROLLBACK: &str = "rollback trainyard 1 --wait --timeout 120s";

#[tokio::test]
async fn a_run_under_way_goes_on_over_an_upgrade_and_a_rollback_without_an_attempt_more() {
    on_a_cluster_of_its_own("upgrade", async |ns| {
        ns.helm(INSTALL).await;
        let volume = ns.local_volume("trainyard").await;
        let waits = pipeline("iris").misbehaves("extract", "waits:upgraded:1");
        ns.apply(waits.misbehaves("train", "waits:rolled-back:1").set("retry.limit", 0))
            .await;
        let run = ns.start("iris").await;

        run.stage("extract").pod_that_says(1, "waits").await;
        ns.helm(&format!("upgrade trainyard {CHART} {LOGS_AS_JSON}")).await;
        let log = ns.log_of_only_operator().await;
        assert!(log.starts_with('{'), "it is the pod of the upgrade: {log}");
        volume.write("upgraded", "");

        run.stage("train").pod_that_says(1, "waits").await;
        // It ends while one operator takes the place of the other.
        let ends = async { volume.write("rolled-back", "") };
        tokio::join!(ns.helm(ROLLBACK), ends);
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 1)]);
        assert_eq!(run.attempts_asked_for(), ["extract-1", "validate-1", "train-1"]);
        assert_eq!(ns.model_versions().await.len(), 1);
        let log = ns.log_of_only_operator().await;
        assert!(!log.starts_with('{'), "it is the pod of the rollback: {log}");
    })
    .await;
}

/// A copy of the chart whose definitions know more words, one more field, and say something else of a pipeline.
fn newer_chart() -> (TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let chart = Utf8PathBuf::from_path_buf(folder.path().join("trainyard")).unwrap();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let copied = Command::new("cp")
        .args(["-r", CHART, chart.as_str()])
        .current_dir(root)
        .status();
    assert!(copied.unwrap().success());
    for (kind, old, new) in [
        (
            "mlpipelines",
            "        - mlflow\n",
            "        - mlflow\n                            - pmml\n",
        ),
        (
            "mlpipelines",
            "\"A machine-learning pipeline:",
            "\"A newer machine-learning pipeline:",
        ),
        (
            "mlpipelines",
            "\n            properties:\n              parameters:",
            "\n            properties:\n              mood: {type: string}\n              parameters:",
        ),
        (
            "pipelineruns",
            "                - Suspended\n                - Stopped\n                type",
            "                - Suspended\n                - Parked\n                - Stopped\n                type",
        ),
        (
            "modelversions",
            "                    - Holdout\n",
            "                    - Holdout\n                    - Elsewhere\n",
        ),
    ] {
        let path = chart.join(format!("definitions/{kind}.trainyard.dev.yaml"));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{path} has no `{old}`");
        fs::write(&path, text.replacen(old, new, 1)).unwrap();
    }
    (folder, chart)
}

/// What the definition says that is there.
async fn said_of_pipelines(ns: &Namespace) -> String {
    let path = "{.spec.versions[0].schema.openAPIV3Schema.description}";
    ns.kubectl(&format!("get crd mlpipelines.trainyard.dev --output jsonpath={path}"))
        .await
}

/// An object as JSON: it need not be one that this version can read.
async fn object(ns: &Namespace, what: &str) -> Value {
    serde_json::from_str(&ns.kubectl(&format!("get {what} --output json")).await).unwrap()
}

/// An entry of the list of models that only a newer version can read, and that is the champion.
async fn list_a_newer_champion(ns: &Namespace, like: &str) {
    let mut version = object(ns, &format!("modelversion {like}")).await;
    version["metadata"] = json!({"name": "iris-elsewhere", "labels": version["metadata"]["labels"]});
    version["spec"]["version"] = json!("model_20200101_000000");
    version["spec"]["metrics"]["data"] = json!("Elsewhere");
    version["status"] = json!({});
    ns.apply_when_admitted(version).await;
    let patch = json!({"status": {"champion": true}});
    ns.kubectl(&format!(
        "patch modelversion iris-elsewhere --subresource status --type merge --patch {patch}"
    ))
    .await;
}

/// Whether it is marked as the champion.
async fn is_champion(ns: &Namespace, version: &str) -> bool {
    object(ns, &format!("modelversion {version}")).await["status"]["champion"] == json!(true)
}

/// The model version's object of a run of pipeline `iris`.
async fn trains_once_more(ns: &Namespace) -> String {
    let end = ns.start("iris").await.succeeds().await;
    let name = end.model().replacen("model_", "iris-", 1).replace('_', "-");
    let path = "jsonpath={.status.champion}=true";
    ns.kubectl(&format!("wait modelversion {name} --for={path} --timeout=60s"))
        .await;
    name
}

/// Both objects that only a newer version can read say so.
async fn the_newer_ones_say_so(ns: &Namespace) {
    for (what, value) in [("mlpipeline/newer", "pmml"), ("pipelinerun/parked", "Parked")] {
        ns.kubectl(&format!("wait {what} --for=condition=Stalled --timeout=60s"))
            .await;
        let said = object(ns, what).await["status"]["conditions"].to_string();
        assert!(
            said.contains("UnknownToThisVersion") && said.contains(value),
            "{what}: {said}"
        );
    }
}

#[tokio::test]
async fn the_definitions_go_with_the_release_and_what_a_newer_version_wrote_stops_nobody_else() {
    on_a_cluster_of_its_own("rollback", async |ns| {
        ns.helm(INSTALL).await;
        ns.apply(pipeline("iris").set("retention.modelVersions", 9)).await;
        let first = trains_once_more(ns).await;

        let (_folder, newer) = newer_chart();
        ns.helm(&format!("upgrade trainyard {newer} {LOGS_AS_JSON}")).await;
        assert!(
            said_of_pipelines(ns)
                .await
                .starts_with("A newer machine-learning pipeline")
        );
        // A field that it does not know changes nothing for the operator; a word that it does not know does.
        ns.apply_when_admitted(pipeline("moody").set("mood", "good")).await;
        ns.start("moody").await.succeeds().await;
        ns.apply_when_admitted(pipeline("newer").set_in("train", "train.save", json!(["pmml"])))
            .await;
        ns.apply_when_admitted(json!({
            "apiVersion": "trainyard.dev/v1alpha1",
            "kind": "PipelineRun",
            "metadata": {"name": "parked"},
            "spec": {"pipelineRef": {"name": "iris"}, "state": "Parked"},
        }))
        .await;
        list_a_newer_champion(ns, &first).await;

        ns.helm(ROLLBACK).await;
        assert!(said_of_pipelines(ns).await.starts_with("A machine-learning pipeline"));
        let log = ns.log_of_only_operator().await;
        assert!(!log.starts_with('{'), "it is the pod of the rollback: {log}");
        the_newer_ones_say_so(ns).await;
        let second = trains_once_more(ns).await;
        assert!(!is_champion(ns, "iris-elsewhere").await);
        assert!(!is_champion(ns, &first).await);
        assert!(is_champion(ns, &second).await);
        ns.start("moody").await.succeeds().await;
        let refused = ns.start("newer").await.fails().await;
        assert_eq!(refused.class(), Some(FailureClass::Config));

        // Forwards again they are what they were.
        ns.helm("rollback trainyard 2 --wait --timeout 120s").await;
        assert_eq!(
            object(ns, "mlpipeline newer").await["spec"]["stages"][2]["train"]["save"],
            json!(["pmml"])
        );
        assert_eq!(object(ns, "pipelinerun parked").await["spec"]["state"], json!("Parked"));
        trains_once_more(ns).await;
    })
    .await;
}
