//! A model version comes into being: all files or none, under a name that nobody has.
//!
//! The files are written and synced in `models/<pipeline>/.tmp-…/`; one rename gives the folder its name. A name that is
//! taken gets `_2`, `_3` and so on, unless this very run and stage took it: then an earlier try was cut off after the rename,
//! and its version is the result. No folder is ever changed after its rename.

use super::manifest::{FileDigest, ModelInput, ModelManifest};
use super::{ModelFile, TableSample, mlflow, onnx, pickle};
use crate::StageError;
use crate::artifact::{Published, UnfinishedFolder, hash_file, replace_link, sync_folder, write_file};
use crate::metrics::Metrics;
use crate::stage::train::SearchReport;
use camino::{Utf8Path, Utf8PathBuf};
use chrono::{SecondsFormat, Utc};
use rustix::fs::{Access, access};
use std::collections::BTreeMap;
use std::fs;
use trainyard_contract::layout::{
    MANIFEST_FILE, METRICS_FILE, MODEL_FILE, MODELS, ONNX_FILE, PICKLE_FILE, SEARCH_FILE, model_folder, models_folder,
    pickle_link, run_folder,
};
use trainyard_contract::result::MadeModelVersion;
use trainyard_contract::stage::{SaveFormat, TrainSpec};
use trainyard_contract::{ModelVersionName, PipelineName, StageDocument, StageName};

/// More versions of one second than this mean that something is wrong.
const VERSIONS_A_SECOND_MAX: u32 = 10_000;

/// What a version is made of.
#[derive(Clone, Debug)]
pub struct NewVersion<'a> {
    /// What was asked for.
    pub spec: &'a TrainSpec,
    /// The model.
    pub model: &'a ModelFile,
    /// How good it is.
    pub metrics: &'a Metrics,
    /// What was tried, where there was a search.
    pub search: Option<&'a SearchReport>,
    /// How a table looks that it predicts, where MLflow is to know.
    pub sample: Option<&'a TableSample>,
    /// What it was trained on.
    pub input: ModelInput,
}

/// Writes a version of the document's pipeline; the name is `minted` or the next free one after it.
///
/// # Errors
/// The workspace does not take it (`Infra`), or the model holds a number that is not finite (`Internal`).
pub fn write_version(
    document: &StageDocument,
    minted: &ModelVersionName,
    version: NewVersion<'_>,
) -> Result<MadeModelVersion, StageError> {
    let parent = document.workspace.join(models_folder(&document.pipeline));
    let is_first = !parent.is_dir();
    let mut folder = UnfinishedFolder::create(&parent)?;
    let files = write_files(folder.path(), &version)?;
    let mut manifest = ModelManifest {
        version: minted.clone(),
        run: run_folder_name(document),
        created_at: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
        pipeline: document.pipeline.clone(),
        stage: document.stage.clone(),
        trainyard_version: version.model.trainyard_version.clone(),
        files,
        input: version.input,
        spec: version.spec.clone(),
    };
    let made = publish_under_free_name(document, minted, &mut folder, &mut manifest)?;
    if is_first {
        sync_parents(&document.workspace)?;
    }
    link_pickle(document, &made.version);
    Ok(made)
}

/// Fails where [`write_version`] could not save anything: nobody should hear that after an hour of training.
pub fn may_be_saved(document: &StageDocument) -> Result<(), StageError> {
    let parent = document.workspace.join(models_folder(&document.pipeline));
    let there = parent.ancestors().find(|folder| folder.exists());
    let there = there.unwrap_or(&document.workspace);
    access(there.as_str(), Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|cause| StageError::workspace(&format!("write in `{there}`"), cause.into()))
}

/// The version that an earlier try of this run's stage has committed already, if it came that far.
pub fn already_made(
    document: &StageDocument,
    minted: &ModelVersionName,
) -> Result<Option<MadeModelVersion>, StageError> {
    let run = run_folder_name(document);
    let maker = (run.as_str(), &document.stage);
    let Some(name) = version_of_run(&document.workspace, &document.pipeline, maker, minted) else {
        return Ok(None);
    };
    link_pickle(document, &name);
    made(document, name).map(Some)
}

/// The version that a stage of a run has saved under `minted` or a name after it. `run` is the name of the run's folder.
pub fn version_of_run(
    workspace: &Utf8Path,
    pipeline: &PipelineName,
    (run, stage): (&str, &StageName),
    minted: &ModelVersionName,
) -> Option<ModelVersionName> {
    let folder = |name: &ModelVersionName| workspace.join(model_folder(pipeline, name));
    names(minted)
        .take_while(|name| fs::symlink_metadata(folder(name)).is_ok())
        .find(|name| is_made_by(&folder(name), run, stage))
}

/// `minted`, then the same second's `_2`, `_3`, …
fn names(minted: &ModelVersionName) -> impl Iterator<Item = ModelVersionName> {
    let others = (2..VERSIONS_A_SECOND_MAX).map(|number| minted.numbered(number));
    std::iter::once(minted.clone()).chain(others.filter(move |name| name != minted))
}

fn run_folder_name(document: &StageDocument) -> String {
    let folder = run_folder(&document.run, &document.run_uid);
    folder.file_name().unwrap_or_default().to_owned()
}

fn write_files(folder: &Utf8Path, version: &NewVersion<'_>) -> Result<BTreeMap<String, FileDigest>, StageError> {
    let NewVersion {
        spec,
        model,
        metrics,
        search,
        sample,
        input: _,
    } = version;
    let no_text = |problem: serde_json::Error| {
        StageError::internal("what was found out about the model cannot be saved").caused_by(problem)
    };
    let json = model
        .to_json()
        .map_err(|problem| StageError::internal("the model cannot be saved, and was not").caused_by(problem))?;
    let mut contents = vec![
        (MODEL_FILE, json.into_bytes()),
        (ONNX_FILE, onnx::bytes(model)),
        (METRICS_FILE, metrics.to_json().map_err(no_text)?.into_bytes()),
    ];
    if let Some(search) = search {
        let mut text = serde_json::to_vec_pretty(search).map_err(no_text)?;
        text.push(b'\n');
        contents.push((SEARCH_FILE, text));
    }
    let has_pickle = spec.save.contains(&SaveFormat::Joblib);
    if has_pickle {
        let weight = spec
            .logistic_regression
            .as_ref()
            .and_then(|spec| spec.class_weight.as_ref());
        contents.push((PICKLE_FILE, pickle::bytes(model, weight)));
    }
    if let Some(sample) = sample {
        contents.extend(mlflow::files(model, sample, has_pickle));
    }
    contents
        .into_iter()
        .map(|(name, bytes)| Ok((name.to_owned(), write_file(folder, name, &bytes)?.into())))
        .collect()
}

fn publish_under_free_name(
    document: &StageDocument,
    minted: &ModelVersionName,
    folder: &mut UnfinishedFolder,
    manifest: &mut ModelManifest,
) -> Result<MadeModelVersion, StageError> {
    for name in names(minted) {
        let place = document.workspace.join(model_folder(&document.pipeline, &name));
        if fs::symlink_metadata(&place).is_err() {
            manifest.version = name.clone();
            let text = manifest
                .to_json()
                .map_err(|problem| StageError::internal("the manifest cannot be written").caused_by(problem))?;
            write_file(folder.path(), MANIFEST_FILE, text.as_bytes())?;
            if folder.publish(&place)? == Published::Done {
                return made(document, name);
            }
            // Somebody was faster: the name in the manifest must be another one.
            let path = folder.path().join(MANIFEST_FILE);
            fs::remove_file(&path).map_err(|cause| StageError::workspace(&format!("remove `{path}`"), cause))?;
        }
        if is_made_by(&place, &run_folder_name(document), &document.stage) {
            return made(document, name);
        }
    }
    Err(StageError::internal(format!("all names after `{minted}` are taken")))
}

fn is_made_by(version: &Utf8Path, run: &str, stage: &StageName) -> bool {
    ModelManifest::read(version).is_ok_and(|manifest| manifest.run == run && manifest.stage == *stage)
}

fn made(document: &StageDocument, version: ModelVersionName) -> Result<MadeModelVersion, StageError> {
    let path = model_folder(&document.pipeline, &version);
    let manifest = document.workspace.join(&path).join(MANIFEST_FILE);
    let (sha256, _) =
        hash_file(&manifest).map_err(|cause| StageError::workspace(&format!("read `{manifest}`"), cause))?;
    Ok(MadeModelVersion { version, path, sha256 })
}

/// The first version of a pipeline also makes the folders above it, whose names must last.
fn sync_parents(workspace: &Utf8Path) -> Result<(), StageError> {
    for folder in [workspace.join(MODELS), workspace.to_owned()] {
        sync_folder(&folder).map_err(|cause| StageError::workspace(&format!("sync `{folder}`"), cause))?;
    }
    Ok(())
}

/// Puts `model_….pkl` beside the folder, where users of scikit-learn look for it. A version without a link is whole; the
/// link can be made at any time, so a failure is told and no more.
fn link_pickle(document: &StageDocument, version: &ModelVersionName) {
    let pickle = document
        .workspace
        .join(model_folder(&document.pipeline, version))
        .join(PICKLE_FILE);
    if !pickle.is_file() {
        return;
    }
    let link = document.workspace.join(pickle_link(&document.pipeline, version));
    if let Err(error) = replace_link(&link, &Utf8PathBuf::from(version.as_str()).join(PICKLE_FILE)) {
        tracing::warn!(%link, %error, "cannot link the pickle beside its folder");
    }
}
