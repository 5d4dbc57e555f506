//! `data/ml-production-pipeline.yaml` runs on a cluster as it does on a laptop, and makes the same model.

use std::path::Path;
use std::process::Command;
use trainyard_contract::layout;
use trainyard_crds::v1alpha1::MeasuredRows;
use trainyard_e2e::image::build;
use trainyard_e2e::vocabulary::{Namespace, Run, SEED_ROWS, in_namespace, pipeline};
use trainyard_engine::{RunPhase, StagePhase};

const FILE: &str = "data/ml-production-pipeline.yaml";
const PIPELINE: &str = "ml-production-pipeline";

/// The command on this machine, in this folder; it must go well.
fn laptop(folder: &Path, arguments: &[&str]) {
    let ran = Command::new(build::target().join("debug/trainyard"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

/// Applies the file and starts a run by a token, as users do.
async fn run_of_the_file(ns: &Namespace) -> Run<'_> {
    ns.apply_file(FILE).await;
    let run = ns.trigger(PIPELINE, "first").await;
    let wait = format!(
        "wait --for=condition=Succeeded pipelinerun/{} --timeout=120s",
        run.name()
    );
    ns.kubectl(&wait).await;
    run
}

#[tokio::test]
async fn apply_and_trigger_make_three_jobs_in_order_and_a_listed_model() {
    in_namespace(async |ns| {
        let run = run_of_the_file(ns).await;
        let end = run.now().await;
        assert_eq!(end.phase(), RunPhase::Succeeded);
        let done = ["extract", "validate", "train"].map(|stage| (stage, StagePhase::Succeeded));
        assert_eq!(end.phases(), done);
        assert_eq!(run.attempts_asked_for(), ["extract-1", "validate-1", "train-1"]);
        for pair in end.status().stages.windows(2) {
            let (before, after) = (&pair[0].known, &pair[1].known);
            assert!(after.began_after >= before.ended_after, "{before:?}\n{after:?}");
        }

        let volume = ns.volume("trainyard").await;
        let [version] = &ns.model_versions().await[..] else {
            panic!("not one model version")
        };
        assert_eq!(version.spec.version.as_str(), end.model());
        assert_eq!(version.spec.pipeline, PIPELINE);
        assert_eq!(version.spec.run, run.name());
        assert_eq!(version.spec.rows, Some(4));
        assert!(version.status.as_ref().unwrap().champion);
        assert_eq!(version.spec.path, format!("models/{PIPELINE}/{}", end.model()));
        let manifest = format!("{}/{}", version.spec.path, layout::MANIFEST_FILE);
        assert_eq!(version.spec.digest, format!("sha256:{}", volume.sha256(&manifest)));
        let files = volume.json(&manifest)["files"].as_object().unwrap().clone();
        assert_eq!(
            files.keys().collect::<Vec<_>>(),
            ["metrics.json", "model.json", "model.onnx", "model.pkl"]
        );
        for (file, known) in files {
            let path = format!("{}/{file}", version.spec.path);
            assert_eq!(known["sha256"], volume.sha256(&path), "{file}");
            assert_eq!(known["bytes"], volume.read(&path).len(), "{file}");
        }
        let dataset = end.stage("extract").dataset.clone().unwrap();
        let data = format!("{}/extract/1/{}", run.folder(), layout::DATASET_FILE);
        assert_eq!(dataset.sha256, volume.sha256(data));
        assert!(volume.unfinished().is_empty(), "{:?}", volume.unfinished());

        let pipeline = ns.pipeline(PIPELINE).await.status.unwrap();
        assert_eq!(pipeline.champion.as_deref(), Some(end.model()));
        let listed = ns.kubectl("get mv").await;
        let [head, line] = &listed.lines().collect::<Vec<_>>()[..] else {
            panic!("{listed}")
        };
        for title in ["CHAMPION", "ROC_AUC", "MEASURED"] {
            assert!(head.contains(title), "{listed}");
        }
        for cell in [end.model(), "true", "1", "Training"] {
            assert!(line.split_whitespace().any(|shown| shown == cell), "{cell}\n{listed}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_model_is_the_one_that_a_laptop_makes() {
    in_namespace(async |ns| {
        let run = run_of_the_file(ns).await;
        let workspace = tempfile::tempdir().unwrap();
        let path = workspace.path().to_str().unwrap();
        laptop(build::root().as_std_path(), &["run", FILE, "--workspace", path]);

        let model = format!("models/{PIPELINE}/{}", run.now().await.model());
        let volume = ns.volume("trainyard").await;
        for file in [layout::MODEL_FILE, layout::ONNX_FILE, layout::PICKLE_FILE] {
            let path = workspace
                .path()
                .join("models")
                .join(PIPELINE)
                .join(layout::CHAMPION_LINK)
                .join(file);
            let on_laptop = std::fs::read(path).unwrap();
            assert_eq!(volume.read(format!("{model}/{file}")), on_laptop, "{file}");
        }
    })
    .await;
}

/// Split, preprocess, search, a judge and scores: the larger example is the same on both, too.
#[tokio::test]
async fn the_customers_model_and_its_metrics_are_those_of_a_laptop() {
    in_namespace(async |ns| {
        let table = std::fs::read(build::root().join("data/churn.csv")).unwrap();
        ns.local_volume("trainyard").await.write("churn.csv", table);
        ns.apply_file("data/churn.yaml").await;
        let run = ns.trigger("churn", "first").await;
        let end = run.succeeds().await;
        let workspace = tempfile::tempdir().unwrap();
        let path = workspace.path().to_str().unwrap();
        laptop(
            build::root().as_std_path(),
            &["run", "data/churn.yaml", "--workspace", path],
        );

        let volume = ns.volume("trainyard").await;
        let champion = workspace.path().join("models/churn").join(layout::CHAMPION_LINK);
        for file in [
            layout::MODEL_FILE,
            layout::ONNX_FILE,
            layout::PICKLE_FILE,
            layout::METRICS_FILE,
            layout::SEARCH_FILE,
        ] {
            let on_laptop = std::fs::read(champion.join(file)).unwrap();
            assert_eq!(
                volume.read(format!("models/churn/{}/{file}", end.model())),
                on_laptop,
                "{file}"
            );
        }
        let [version] = &ns.model_versions().await[..] else {
            panic!("not one model version")
        };
        let of_version = version.spec.metrics.as_ref().unwrap();
        assert_eq!(of_version.data, MeasuredRows::Holdout);
        let path = format!("models/churn/{}/{}", end.model(), layout::METRICS_FILE);
        let exact = volume.json(path)["roc_auc"].as_f64().unwrap();
        assert!((of_version.roc_auc.unwrap() - exact).abs() <= 0.5e-4, "{of_version:?}");
        let judged = format!("models/churn/evaluations/{}/{}-evaluate", end.model(), run.name());
        for file in [layout::METRICS_FILE, layout::MODEL_CARD_FILE, layout::REPORT_PAGE_FILE] {
            assert!(volume.has(format!("{judged}/{file}")), "{file}");
        }
        assert!(volume.has(format!("{}/score/1/predictions.csv", run.folder())));
        let outputs = &end.stage("evaluate").outputs;
        assert!(
            outputs["roc_auc"].as_f64().is_some_and(|area| area > 0.8),
            "{outputs:?}"
        );
        assert_eq!(
            ns.pipeline("churn").await.status.unwrap().champion.as_deref(),
            Some(end.model())
        );
    })
    .await;
}

/// A Parquet file and a manifest that `init` made for it; then several files by a wildcard.
#[tokio::test]
async fn what_init_writes_and_the_tables_that_it_reads_are_the_same_on_both() {
    in_namespace(async |ns| {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        std::fs::copy(build::root().join("data/churn.csv"), at.join("churn.csv")).unwrap();
        laptop(
            at,
            &["init", "churn.csv", "--target", "churned", "--output", "first.yaml"],
        );
        laptop(at, &["run", "first.yaml"]);
        // The same table with the model's answers, as Parquet.
        laptop(
            at,
            &[
                "predict",
                "models/churn/champion",
                "churn.csv",
                "--output",
                "scored.parquet",
            ],
        );
        laptop(at, &["init", "scored.parquet", "--target", "churned"]);
        laptop(at, &["run", "scored.yaml"]);

        let volume = ns.local_volume("trainyard").await;
        volume.write("scored.parquet", std::fs::read(at.join("scored.parquet")).unwrap());
        ns.apply(std::fs::read_to_string(at.join("scored.yaml")).unwrap()).await;
        let end = ns.start("scored").await.succeeds().await;
        for file in [layout::MODEL_FILE, layout::METRICS_FILE] {
            let on_laptop = std::fs::read(at.join("models/scored").join(layout::CHAMPION_LINK).join(file)).unwrap();
            assert_eq!(
                volume.read(format!("models/scored/{}/{file}", end.model())),
                on_laptop,
                "{file}"
            );
        }

        let (head, rows) = SEED_ROWS.split_once('\n').unwrap();
        for (day, rows) in rows.lines().enumerate() {
            volume.write(format!("days/{day}.csv"), format!("{head}\n{rows}\n"));
        }
        ns.apply(pipeline("days").reads("days/*.csv")).await;
        let of_days = ns.start("days").await.succeeds().await;
        ns.apply(pipeline("one")).await;
        let of_one = ns.start("one").await.succeeds().await;
        let model = |name: &str, version: &str| volume.read(format!("models/{name}/{version}/{}", layout::ONNX_FILE));
        assert_eq!(model("days", of_days.model()), model("one", of_one.model()));
    })
    .await;
}

#[tokio::test]
async fn a_token_starts_one_run_and_applying_again_starts_none() {
    in_namespace(async |ns| {
        let run = run_of_the_file(ns).await;
        // As Git has it: the same file with the same token.
        let patch = r#"patch mlpipeline ml-production-pipeline --type merge --patch {"spec":{"trigger":"first"}}"#;
        assert!(ns.kubectl(patch).await.contains("no change"));
        let second = ns.trigger(PIPELINE, "second").await;
        assert_ne!(second.name(), run.name());
        second.succeeds().await;
        let back = ns.trigger(PIPELINE, "first").await;
        assert_eq!(back.name(), run.name(), "a token that was seen before starts nothing");
        let runs = ns.list::<trainyard_crds::PipelineRun>("").await;
        assert_eq!(runs.len(), 2, "{runs:?}");
        let champions = ns.model_versions().await;
        let champions: Vec<_> = champions
            .iter()
            .filter(|version| version.status.as_ref().is_some_and(|status| status.champion))
            .map(|version| version.spec.run.as_str())
            .collect();
        assert_eq!(champions, [second.name()]);
    })
    .await;
}
