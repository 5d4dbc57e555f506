//! `evaluate`: a model is judged on rows that it has never seen.
//!
//! In: a model version, whose files are checked against its manifest, and the rows that its training held out, or another labelled
//! dataset. Out: `metrics.json`, `model-card.md` and `report.html`, in the attempt's folder and beside the version, and the main
//! metrics as outputs. They are written too where a requirement is not met, which fails the stage.

mod card;
mod doubts;
mod facts;
mod figures;
mod files;
mod importance;
mod judging;
mod page;
mod requirements;
mod truth;

use crate::StageError;
use crate::csv::FileName;
use crate::dataset::{DatasetReader, open_part};
use crate::metrics::{JudgedRows, Metrics, ThresholdGoal};
use crate::model::ModelFile;
use crate::stage::validate::check_used_columns;
use crate::stage::{StageContext, StageOutput, Warning, chosen_model};
use doubts::doubts;
use facts::Facts;
use importance::{importances, sample_rows};
use judging::Rows;
use requirements::Requirement;
use std::collections::BTreeMap;
use tracing::info;
use trainyard_contract::StageDocument;
use trainyard_contract::dataset::DatasetDescription;
use trainyard_contract::document::DatasetPart;
use trainyard_contract::layout::{METRICS_FILE, MODEL_CARD_FILE, REPORT_PAGE_FILE, attempt_folder};
use trainyard_contract::stage::{EvaluateSpec, ThresholdChoice, TrainColumns};

/// Does what `spec` says.
///
/// # Errors
/// The rows lack a column, hold a label that the model does not know, or a requirement is not met (`Data`); the model is not there, or
/// a requirement is none (`Config`); the model is not what was saved (`Infra`), the dataset not what was committed (`InputChanged`).
pub fn run(document: &StageDocument, spec: &EvaluateSpec, context: &StageContext) -> Result<StageOutput, StageError> {
    let (Some(input), Some(chosen)) = (&document.input, &document.model) else {
        return Err(StageError::internal(
            "the document of `evaluate` names no dataset or no model",
        ));
    };
    let requirements = Requirement::parse_all(&spec.require)?;
    let (model, manifest) = chosen_model::read(document, chosen)?;
    info!(version = %chosen.version, "read the model version");
    let goal = spec.threshold.as_ref().map(|choice| goal(choice, &model)).transpose()?;
    let (reader, description) = open_part(&document.workspace.join(&input.folder), input.part)?;
    let mut needs = TrainColumns::of(&manifest.spec, &ToOwned::to_owned).needs_of_judging();
    // Rows of one class say something too; what they do not say is told as undefined.
    needs.targets.clear();
    check_used_columns(&description, &reader, &needs, context.stop)?;
    let data = match input.part {
        DatasetPart::Holdout => JudgedRows::Holdout,
        DatasetPart::Whole => JudgedRows::Dataset,
    };
    let judged = Judged {
        model: &model,
        description: &description,
        data,
    };
    let metrics = judged.judge(&reader, &input.sha256, goal, context)?;
    info!(
        rows = metrics.rows,
        accuracy = metrics.accuracy,
        roc_auc = metrics.roc_auc,
        "judged the model"
    );
    let checked: Vec<_> = requirements
        .iter()
        .map(|requirement| requirement.check(&metrics))
        .collect();
    let facts = Facts {
        document,
        manifest: &manifest,
        model: &model,
        description: &description,
        metrics: &metrics,
        checked: &checked,
    };
    let json = metrics
        .to_json()
        .map_err(|cause| StageError::internal("the metrics cannot be written").caused_by(cause))?;
    let model_of = (&manifest.pipeline, &chosen.version);
    let files = files::write(
        document,
        context.folder,
        model_of,
        &[
            (METRICS_FILE, json),
            (MODEL_CARD_FILE, card::text(&facts)),
            (REPORT_PAGE_FILE, page::text(&facts)),
        ],
    )?;
    let attempt = attempt_folder(&document.run, &document.run_uid, &document.stage, document.attempt);
    let page = attempt.join(REPORT_PAGE_FILE);
    requirements::verdict(&checked, &judged.rows_in_words(), page.as_str())?;
    let doubts = doubts(&metrics, &model.classes.labels());
    Ok(StageOutput {
        rows: Some(metrics.rows),
        outputs: outputs(&metrics),
        files,
        warning: (!doubts.is_empty()).then(|| Warning {
            message: doubts.join("; "),
            hint: format!("the report is {page}"),
        }),
        ..StageOutput::default()
    })
}

/// What is judged, and on what.
struct Judged<'a> {
    model: &'a ModelFile,
    description: &'a DatasetDescription,
    data: JudgedRows,
}

impl Judged<'_> {
    fn judge(
        &self,
        reader: &DatasetReader,
        sha256: &str,
        goal: Option<ThresholdGoal>,
        context: &StageContext,
    ) -> Result<Metrics, StageError> {
        let encoder = self.model.encoder();
        let to_sample = sample_rows(self.model.features.len(), encoder.width());
        let rows = Rows {
            reader,
            description: self.description,
            model: self.model,
            encoder: &encoder,
            to_sample: to_sample.unwrap_or(0),
        };
        let (judge, sample) = rows.judge(sha256, context)?;
        let Some(mut metrics) = judge.finish(self.data, &self.model.classes, goal) else {
            let name = FileName::new(&self.description.source.name);
            return Err(StageError::data(format!(
                "{name}: there are no rows to judge the model on"
            )));
        };
        let importances = to_sample.map(|_| {
            importances(
                &self.model.predictor(),
                &self.model.features,
                &encoder.owners(),
                &sample,
                context.threads,
                context.stop,
            )
        });
        metrics.permutation_importance = importances.transpose()?;
        Ok(metrics)
    }

    /// Such as `1,000 held-out rows`.
    fn rows_in_words(&self) -> String {
        let rows = self.description.rows;
        match self.data {
            JudgedRows::Holdout => figures::of(rows, "held-out row"),
            JudgedRows::Training => format!("{} that it was trained on", figures::of(rows, "row")),
            JudgedRows::Dataset => {
                let name = FileName::new(&self.description.source.name);
                format!("{} of {name}", figures::of(rows, "row"))
            }
        }
    }
}

/// What the threshold is chosen for.
fn goal(choice: &ThresholdChoice, model: &ModelFile) -> Result<ThresholdGoal, StageError> {
    let classes = model.classes.count();
    if classes != 2 {
        return Err(StageError::config(format!(
            "evaluate.threshold is for models of two classes, and this one has {classes}"
        ))
        .hint("leave threshold out: the most probable class is predicted"));
    }
    match (&choice.maximize, &choice.cost) {
        (Some(metric), None) => Ok(ThresholdGoal::Greatest(*metric)),
        (None, Some(cost)) => Ok(ThresholdGoal::Cheapest {
            false_positive: cost.false_positive,
            false_negative: cost.false_negative,
        }),
        (Some(_), Some(_)) | (None, None) => {
            Err(StageError::config("threshold needs exactly one of maximize and cost"))
        }
    }
}

/// The metrics that are handed on; one that cannot be measured is left out.
fn outputs(metrics: &Metrics) -> BTreeMap<String, serde_json::Value> {
    const HANDED_ON: [&str; 9] = [
        "accuracy",
        "precision",
        "recall",
        "f1",
        "roc_auc",
        "average_precision",
        "log_loss",
        "brier_score",
        "matthews_corrcoef",
    ];
    let scalars = metrics.scalars().filter(|(name, _)| HANDED_ON.contains(name));
    let values = scalars.filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    let threshold = metrics
        .threshold
        .iter()
        .map(|chosen| ("threshold".to_owned(), chosen.value.into()));
    let rows = std::iter::once(("rows".to_owned(), metrics.rows.into()));
    values.chain(threshold).chain(rows).collect()
}
