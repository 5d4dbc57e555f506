//! `train`: a model is fitted on a dataset and saved as a model version.
//!
//! In: a dataset, checked for faults in the columns that are used (as `validate` would). Out: a model version with its metrics, the rows
//! that were held out (`holdout.arrow`), and as outputs `rows`, `classes`, `c`, `iterations`, `converged` and the metrics. A dataset is
//! passed over several times, block by block; only a small one is held in memory.
//!
//! The walk: [`chosen`] (which rows), [`fitting`] (preprocess and solver; [`search`] does it many times), then metrics, then the version.

mod chosen;
pub(in crate::stage) mod classes;
mod design;
mod fitting;
mod holdout;
mod row_set;
mod sample;
mod search;
mod split;
mod table;

use crate::StageError;
use crate::csv::FileName;
use crate::dataset::{DatasetReader, read_description};
use crate::logistic::Fitted;
use crate::metrics::{JudgedRows, Metrics};
use crate::model::version::{NewVersion, already_made, may_be_saved, write_version};
use crate::model::{Algorithm, ModelFile, ModelInput, TrainedDataset, read_version};
use crate::stage::validate::check_used_columns;
use crate::stage::{StageContext, StageOutput, Warning, WrittenFile};
use chosen::{Chosen, choose};
use fitting::Fitting;
use serde_json::Value;
use std::collections::BTreeMap;
use tracing::{info, warn};
use trainyard_contract::StageDocument;
use trainyard_contract::dataset::DatasetDescription;
use trainyard_contract::layout::{DATASET_FILE, METRICS_FILE};
use trainyard_contract::result::MadeModelVersion;
use trainyard_contract::stage::{TrainColumns, TrainSpec};

pub use search::{Candidate, SearchReport};
pub(crate) use split::hash::is_held_out;

/// Does what `spec` says.
///
/// # Errors
/// The data allows no model (`Data`), the spec does not fit it (`Config`), the dataset is not what was committed
/// (`InputChanged`), or the workspace does not take the model (`Infra`).
pub fn run(document: &StageDocument, spec: &TrainSpec, context: &StageContext) -> Result<StageOutput, StageError> {
    let Some(minted) = &document.model_version else {
        return Err(StageError::internal("the document of `train` names no model version"));
    };
    let made = already_made(document, minted)?;
    if let (Some(made), None) = (&made, &spec.split) {
        return again(document, made.clone(), None);
    }
    may_be_saved(document)?;
    let Some(regression) = &spec.logistic_regression else {
        return Err(StageError::config("train has no algorithm").hint("set train.logisticRegression"));
    };
    let Some(input) = &document.input else {
        return Err(StageError::internal("the document of `train` names no dataset"));
    };
    let columns = TrainColumns::of(spec, &ToOwned::to_owned);
    let folder = document.workspace.join(&input.folder);
    let description = read_description(&folder)?;
    let reader = DatasetReader::open(&folder.join(DATASET_FILE))?;
    check_used_columns(&description, &reader, &columns.needs_of_training(), context.stop)?;
    context.progress.passes_over(description.rows);
    let chosen = choose(&reader, &description, spec, &input.sha256, context)?;
    info!(
        rows = description.rows,
        training = chosen.training.rows(),
        classes = chosen.classes.count(),
        "read the dataset"
    );
    let held_out = held_out(&chosen, &description, context)?;
    if let Some(made) = made {
        return again(document, made, held_out);
    }
    let fitting = Fitting {
        chosen: &chosen,
        description: &description,
        spec,
        regression,
    };
    let trained = train(&fitting)?;
    let source = description.source.clone();
    let dataset = TrainedDataset {
        sha256: input.sha256.clone(),
        rows: description.rows,
    };
    let sample = sample::sample(&chosen, &description, spec)?;
    context.stop.check()?;
    let version = NewVersion {
        spec,
        model: &trained.model,
        metrics: &trained.metrics,
        search: trained.search.as_ref(),
        sample: sample.as_ref(),
        input: ModelInput { source, dataset },
    };
    let made = write_version(document, minted, version)?;
    info!(version = %made.version, sha256 = made.sha256, "saved the model version");
    Ok(output(&trained.model, &trained.metrics, made, held_out))
}

/// The rows that `evaluate` reads, as they were written.
struct HeldOut {
    rows: u64,
    files: Vec<WrittenFile>,
}

fn held_out(
    chosen: &Chosen<'_>,
    description: &DatasetDescription,
    context: &StageContext<'_>,
) -> Result<Option<HeldOut>, StageError> {
    let Some(rows) = &chosen.holdout else { return Ok(None) };
    let files = holdout::write(chosen.table.reader(), description, rows, context)?;
    info!(rows = rows.rows(), "wrote the held-out rows");
    Ok(Some(HeldOut {
        rows: rows.rows(),
        files,
    }))
}

/// What an earlier try of this stage has saved is told again.
fn again(
    document: &StageDocument,
    made: MadeModelVersion,
    held_out: Option<HeldOut>,
) -> Result<StageOutput, StageError> {
    info!(version = %made.version, "an earlier try of this stage has saved the model");
    let folder = document.workspace.join(&made.path);
    let (model, _) = read_version(&folder)?;
    let path = folder.join(METRICS_FILE);
    let text = std::fs::read(&path).map_err(|cause| StageError::workspace(&format!("read `{path}`"), cause))?;
    let metrics: Metrics = serde_json::from_slice(&text)
        .map_err(|error| StageError::internal(format!("{path} holds no metrics")).caused_by(error))?;
    Ok(output(&model, &metrics, made, held_out))
}

/// What a fit comes to.
struct Trained {
    model: ModelFile,
    metrics: Metrics,
    search: Option<SearchReport>,
}

fn train(fitting: &Fitting<'_>) -> Result<Trained, StageError> {
    let (chosen, spec) = (fitting.chosen, fitting.spec);
    let search = spec
        .search
        .as_ref()
        .map(|search| search::search(fitting, search))
        .transpose()?;
    let prepared = fitting.prepare(&chosen.training)?;
    let design = fitting.design(&chosen.training, &prepared.encoder)?;
    let c = search.as_ref().map(|search| search.c);
    let (fitted, c) = fitting.solve(&design, c, &prepared, &chosen.training, &chosen.class_rows)?;
    drop(design);
    tell(&fitted);
    let (rows, data) = match &chosen.holdout {
        Some(holdout) => (holdout, JudgedRows::Holdout),
        None => (&chosen.training, JudgedRows::Training),
    };
    let judge = fitting.judge(rows, &prepared.encoder, &fitted)?;
    let metrics = judge.finish(data, &chosen.classes, None).ok_or_else(|| {
        let source = FileName::new(&fitting.description.source.name);
        StageError::internal(format!("{source}: there is no row to judge the model by"))
    })?;
    let encoded_features = if prepared.preprocess.is_empty() {
        Vec::new()
    } else {
        prepared.preprocess.encoded_features(&spec.features)
    };
    let model = ModelFile {
        algorithm: Algorithm::LogisticRegression,
        features: spec.features.clone(),
        target: spec.target.clone(),
        classes: chosen.classes.clone(),
        preprocess: prepared.preprocess,
        encoded_features,
        coefficients: fitted.coefficients,
        intercepts: fitted.intercepts,
        c,
        rows: chosen.training.rows(),
        iterations: fitted.iterations,
        converged: fitted.converged,
        trainyard_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Ok(Trained { model, metrics, search })
}

fn tell(fitted: &Fitted) {
    let coefficients: usize = fitted.coefficients.iter().map(Vec::len).sum();
    let (iterations, objective) = (fitted.iterations, fitted.objective);
    if fitted.converged {
        info!(iterations, objective, coefficients, "fitted the model");
    } else {
        warn!(
            iterations,
            objective, coefficients, "the solver did not reach the optimum"
        );
    }
}

fn other_than_described() -> StageError {
    StageError::input_changed("the dataset holds other values than its description and its first reading say")
        .hint("leave the workspace alone during a run; the stage that made it runs again")
}

/// The metrics that later stages and people read as outputs.
const METRICS_AS_OUTPUTS: [&str; 4] = ["accuracy", "roc_auc", "log_loss", "f1"];

fn output(model: &ModelFile, metrics: &Metrics, made: MadeModelVersion, held_out: Option<HeldOut>) -> StageOutput {
    let metrics = metrics.scalars().filter(|(name, _)| METRICS_AS_OUTPUTS.contains(name));
    let mut outputs: BTreeMap<String, Value> = metrics
        .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))))
        .collect();
    outputs.extend([
        ("rows".to_owned(), model.rows.into()),
        ("classes".to_owned(), model.classes.count().into()),
        ("c".to_owned(), model.c.into()),
        ("iterations".to_owned(), model.iterations.into()),
        ("converged".to_owned(), model.converged.into()),
    ]);
    outputs.extend(
        held_out
            .iter()
            .map(|held_out| ("holdout_rows".to_owned(), held_out.rows.into())),
    );
    StageOutput {
        rows: Some(model.rows),
        outputs,
        files: held_out.map_or_else(Vec::new, |held_out| held_out.files),
        warning: (!model.converged).then(|| Warning {
            message: format!(
                "the solver did not reach the optimum in {} {}: the model's numbers are not the best ones",
                model.iterations,
                if model.iterations == 1 {
                    "iteration"
                } else {
                    "iterations"
                }
            ),
            hint:
                "raise logisticRegression.maxIterations, lower c, or measure columns of huge numbers in a larger unit"
                    .to_owned(),
        }),
        model_version: Some(made),
    }
}
