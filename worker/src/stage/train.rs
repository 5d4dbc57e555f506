//! `train`: a model is fitted on a dataset and saved as a model version.
//!
//! In: a dataset, checked for faults in the columns that are used (as `validate` would). Out: a model version, and as outputs
//! `rows`, `classes`, `c`, `iterations` and `converged`. A dataset is passed over several times, block by block; only a
//! small one is held in memory.

pub(in crate::stage) mod classes;
mod dataset_design;
mod first_pass;

use crate::StageError;
use crate::csv::FileName;
use crate::dataset::{DatasetReader, read_description};
use crate::logistic::{FitError, FitOptions, Fitted, balanced_weights, fit};
use crate::model::version::{already_made, may_be_saved, write_version};
use crate::model::{Algorithm, Classes, ModelFile, ModelInput, TrainedDataset, read_version};
use crate::similar::similar;
use crate::stage::validate::check_used_columns;
use crate::stage::{StageContext, StageOutput, Warning};
use first_pass::{Design, TrainingData};
use std::collections::BTreeMap;
use tracing::{info, warn};
use trainyard_contract::StageDocument;
use trainyard_contract::dataset::DatasetDescription;
use trainyard_contract::layout::DATASET_FILE;
use trainyard_contract::result::MadeModelVersion;
use trainyard_contract::stage::{ClassWeight, LogisticRegressionSpec, TrainColumns, TrainSpec};

/// Does what `spec` says.
///
/// # Errors
/// The data allows no model (`Data`), the spec does not fit it (`Config`), the dataset is not what was committed
/// (`InputChanged`), or the workspace does not take the model (`Infra`).
pub fn run(document: &StageDocument, spec: &TrainSpec, context: &StageContext) -> Result<StageOutput, StageError> {
    let Some(minted) = &document.model_version else {
        return Err(StageError::internal("the document of `train` names no model version"));
    };
    if let Some(made) = already_made(document, minted)? {
        info!(version = %made.version, "an earlier try of this stage has saved the model");
        let (model, _) = read_version(&document.workspace.join(&made.path))?;
        return Ok(output(&model, made));
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
    let data = first_pass::read(&reader, &description, spec, &input.sha256, context)?;
    info!(
        rows = description.rows,
        classes = data.classes.count(),
        "read the dataset"
    );
    let model = train(&data, &description, spec, regression, context)?;
    let source = description.source.clone();
    let dataset = TrainedDataset {
        sha256: input.sha256.clone(),
        rows: description.rows,
    };
    context.stop.check()?;
    let made = write_version(document, spec, minted, &model, ModelInput { source, dataset })?;
    info!(version = %made.version, sha256 = made.sha256, "saved the model version");
    Ok(output(&model, made))
}

fn train(
    data: &TrainingData,
    description: &DatasetDescription,
    spec: &TrainSpec,
    regression: &LogisticRegressionSpec,
    context: &StageContext,
) -> Result<ModelFile, StageError> {
    let defaults = FitOptions::new(data.classes.count());
    let options = FitOptions {
        c: regression.c.unwrap_or(defaults.c),
        class_weights: class_weights(data, spec, regression.class_weight.as_ref())?,
        max_iterations: regression.max_iterations.unwrap_or(defaults.max_iterations),
        tolerance: regression.tolerance.unwrap_or(defaults.tolerance),
        threads: context.threads,
    };
    let classes = data.classes.count();
    let fitted = match &data.design {
        Design::Memory(design) => fit(design, classes, &options).map_err(FitError::widen),
        Design::File(design) => fit(design, classes, &options),
    }
    .map_err(|error| refused(error, description, spec, &data.classes, options.c))?;
    tell(&fitted);
    Ok(ModelFile {
        algorithm: Algorithm::LogisticRegression,
        features: spec.features.clone(),
        target: spec.target.clone(),
        classes: data.classes.clone(),
        coefficients: fitted.coefficients,
        intercepts: fitted.intercepts,
        c: options.c,
        rows: description.rows,
        iterations: fitted.iterations,
        converged: fitted.converged,
        trainyard_version: env!("CARGO_PKG_VERSION").to_owned(),
    })
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

/// A weight for each class, in the order of the classes.
fn class_weights(
    data: &TrainingData,
    spec: &TrainSpec,
    class_weight: Option<&ClassWeight>,
) -> Result<Vec<f64>, StageError> {
    let labels = data.classes.labels();
    let weights = match class_weight {
        None => return Ok(vec![1.0; labels.len()]),
        Some(ClassWeight { balanced: Some(_), .. }) => return Ok(balanced_weights(&data.class_rows)),
        Some(ClassWeight {
            weights: Some(weights), ..
        }) => weights,
        Some(_) => {
            return Err(StageError::config("classWeight has neither balanced nor weights")
                .hint("write classWeight: {balanced: {}}, or weights with a number for each label"));
        }
    };
    let mut of_classes = vec![None; labels.len()];
    for (label, &weight) in weights {
        let Some(class) = data.classes.position(label) else {
            let meant = similar(label, labels.iter().map(String::as_str))
                .map_or_else(String::new, |label| format!("; did you mean `{label}`?"));
            return Err(StageError::config(format!(
                "classWeight.weights names the class `{label}`, but column `{}` has no such value{meant}",
                spec.target
            ))
            .hint(format!("its classes are {}", classes::some_labels(&labels))));
        };
        if of_classes[class].replace(weight).is_some() {
            let class = &labels[class];
            return Err(
                StageError::config(format!("classWeight.weights names the class `{class}` twice"))
                    .hint("as whole numbers, `1` and `1.0` are one class"),
            );
        }
    }
    Ok(of_classes.into_iter().map(|weight| weight.unwrap_or(1.0)).collect())
}

/// Beyond these it is the penalty, and not the data, that leaves the range of a double.
const C_LEAST: f64 = 1e-100;
const C_GREATEST: f64 = 1e100;

/// What is wrong, in the words of the manifest and the file.
fn refused(
    error: FitError<StageError>,
    description: &DatasetDescription,
    spec: &TrainSpec,
    classes: &Classes,
    c: f64,
) -> StageError {
    let cell = |row: usize, feature: usize| {
        let place = first_pass::place(description, row as u64);
        format!("{place}: column `{}`", spec.features[feature])
    };
    match error {
        FitError::Read(error) => error,
        FitError::C(c) => StageError::config(format!("logisticRegression.c is {c}, but must be a number above 0")),
        FitError::Tolerance(_) | FitError::MaxIterations => StageError::config(format!("logisticRegression: {error}")),
        FitError::Weight { class, weight } => StageError::config(format!(
            "classWeight: class `{}` weighs {weight}, but must weigh more than 0",
            classes.labels()[class]
        )),
        FitError::NotFinite { row, feature, value } => {
            StageError::data(format!("{}: `{value}` is not finite", cell(row, feature)))
        }
        FitError::TooLarge { row, feature, value } => StageError::data(format!(
            "{}: `{value:e}` is too large to compute with",
            cell(row, feature)
        ))
        .hint("measure the column in a larger unit"),
        FitError::Diverged if !(C_LEAST..=C_GREATEST).contains(&c) => StageError::config(format!(
            "logisticRegression.c is {c:e}: no model can be fitted with that in double precision"
        ))
        .hint("usual values are between 1e-6 and 1e6"),
        FitError::Diverged => StageError::data(format!(
            "{}: no model can be fitted in double precision",
            FileName::new(&description.source.name)
        ))
        .hint("the numbers of some column are extreme: measure it in another unit, or lower c"),
        FitError::OneClass
        | FitError::EmptyClass { .. }
        | FitError::WeightCount { .. }
        | FitError::Malformed { .. } => StageError::internal(format!("the solver refused the table: {error}")),
    }
}

fn output(model: &ModelFile, made: MadeModelVersion) -> StageOutput {
    StageOutput {
        rows: Some(model.rows),
        outputs: BTreeMap::from([
            ("rows".to_owned(), model.rows.into()),
            ("classes".to_owned(), model.classes.count().into()),
            ("c".to_owned(), model.c.into()),
            ("iterations".to_owned(), model.iterations.into()),
            ("converged".to_owned(), model.converged.into()),
        ]),
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
        ..StageOutput::default()
    }
}
