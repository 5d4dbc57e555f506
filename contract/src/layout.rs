//! Where things lie in a workspace. Every path is relative to the workspace's root.
//!
//! ```text
//! runs/<run>-<uid8>/<stage>/<attempt>/{data.arrow, dataset.json, report.json, stage.log, result.json}
//! runs/<run>-<uid8>/<train>/<attempt>/{holdout.arrow, holdout.json, …}
//! runs/<run>-<uid8>/<evaluate>/<attempt>/{metrics.json, model-card.md, report.html, …}
//! runs/<run>-<uid8>/<predict>/<attempt>/{data.arrow, predictions.csv, predictions.parquet, …}
//! models/<pipeline>/model_20260223_104700/{model.json, model.onnx, model.pkl, metrics.json, manifest.json}
//! models/<pipeline>/model_20260223_104700/{MLmodel, mlflow.onnx, input_example.json, requirements.txt, …}, with `save: [mlflow]`
//! models/<pipeline>/evaluations/model_20260223_104700/<run>-<stage>/{metrics.json, model-card.md, report.html}
//! models/<pipeline>/model_20260223_104700.pkl -> model_20260223_104700/model.pkl
//! models/<pipeline>/champion -> model_20260223_104700
//! ```

use crate::{ModelVersionName, PipelineName, RunName, RunUid, StageName};
use camino::{Utf8Path, Utf8PathBuf};

/// The folder of all runs.
pub const RUNS: &str = "runs";
/// The folder of all model versions.
pub const MODELS: &str = "models";
/// What the name of an unfinished folder begins with; after it comes something unique.
pub const UNFINISHED_PREFIX: &str = ".tmp-";
/// What the name of a folder begins with that is being removed; after it comes its name. Who finds one removes the rest.
pub const REMOVED_PREFIX: &str = ".removed-";
/// The dataset of an attempt: an Arrow IPC file.
pub const DATASET_FILE: &str = "data.arrow";
/// What is known about that dataset ([`crate::dataset::DatasetDescription`]).
pub const DATASET_DESCRIPTION_FILE: &str = "dataset.json";
/// The rows that `train` held out: an Arrow IPC file.
pub const HOLDOUT_FILE: &str = "holdout.arrow";
/// What is known about them ([`crate::dataset::DatasetDescription`]).
pub const HOLDOUT_DESCRIPTION_FILE: &str = "holdout.json";
/// How good a model is.
pub const METRICS_FILE: &str = "metrics.json";
/// What was tried to find a model's settings.
pub const SEARCH_FILE: &str = "search.json";
/// A model and its metrics in words.
pub const MODEL_CARD_FILE: &str = "model-card.md";
/// A model and its metrics as a page.
pub const REPORT_PAGE_FILE: &str = "report.html";
/// The folder of what later stages found out about the models of a pipeline.
pub const EVALUATIONS: &str = "evaluations";
/// What `validate` found.
pub const REPORT_FILE: &str = "report.json";
/// The lines that the worker logged.
pub const LOG_FILE: &str = "stage.log";
/// The result of a committed attempt ([`crate::StageResult`]).
pub const RESULT_FILE: &str = "result.json";
/// The model with its coefficients.
pub const MODEL_FILE: &str = "model.json";
/// The model as an ONNX graph.
pub const ONNX_FILE: &str = "model.onnx";
/// The model as a pickle that joblib opens.
pub const PICKLE_FILE: &str = "model.pkl";
/// What a model version holds and where it comes from.
pub const MANIFEST_FILE: &str = "manifest.json";
/// What a model says of the rows of a dataset, as CSV.
pub const PREDICTIONS_CSV_FILE: &str = "predictions.csv";
/// The same as Parquet.
pub const PREDICTIONS_PARQUET_FILE: &str = "predictions.parquet";
/// The link to the version in use.
pub const CHAMPION_LINK: &str = "champion";

/// `runs/<run>-<uid8>`
pub fn run_folder(run: &RunName, uid: &RunUid) -> Utf8PathBuf {
    Utf8Path::new(RUNS).join(format!("{run}-{}", uid.short()))
}

/// `runs/<run>-<uid8>/<stage>`
pub fn stage_folder(run: &RunName, uid: &RunUid, stage: &StageName) -> Utf8PathBuf {
    run_folder(run, uid).join(stage.as_str())
}

/// `runs/<run>-<uid8>/<stage>/<attempt>`
pub fn attempt_folder(run: &RunName, uid: &RunUid, stage: &StageName, attempt: u32) -> Utf8PathBuf {
    stage_folder(run, uid, stage).join(attempt.to_string())
}

/// `models/<pipeline>`
pub fn models_folder(pipeline: &PipelineName) -> Utf8PathBuf {
    Utf8Path::new(MODELS).join(pipeline.as_str())
}

/// `models/<pipeline>/<version>`
pub fn model_folder(pipeline: &PipelineName, version: &ModelVersionName) -> Utf8PathBuf {
    models_folder(pipeline).join(version.as_str())
}

/// `models/<pipeline>/evaluations/<version>/<run>-<stage>`
pub fn evaluation_folder(
    pipeline: &PipelineName,
    version: &ModelVersionName,
    run: &RunName,
    stage: &StageName,
) -> Utf8PathBuf {
    models_folder(pipeline)
        .join(EVALUATIONS)
        .join(version.as_str())
        .join(format!("{run}-{stage}"))
}

/// `models/<pipeline>/<version>.pkl`, where users of the seed look for it.
pub fn pickle_link(pipeline: &PipelineName, version: &ModelVersionName) -> Utf8PathBuf {
    models_folder(pipeline).join(format!("{version}.pkl"))
}
