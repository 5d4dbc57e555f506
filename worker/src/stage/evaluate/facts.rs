//! What is told about a model and how it was judged, as plain sentences and figures: the page and the model card say the same.

use super::doubts::doubts;
use super::figures;
use super::requirements::Checked;
use crate::metrics::{JudgedRows, Metrics};
use crate::model::{Algorithm, ModelFile, ModelManifest};
use std::collections::BTreeMap;
use trainyard_contract::StageDocument;
use trainyard_contract::dataset::DatasetDescription;
use trainyard_contract::stage::{ClassWeight, ImputeStrategy, PreprocessStep, ScaleMethod, Split, UnknownCategory};

/// Names of a long list that are told; the rest is counted.
const NAMES_SHOWN: usize = 24;
/// Of normal chances: 95 of 100 lie within so many standard deviations.
const DEVIATIONS_95: f64 = 1.96;
/// Below it a hold-out says little.
const ROWS_FEW: u64 = 200;

/// Everything that is told.
pub(super) struct Facts<'a> {
    pub(super) document: &'a StageDocument,
    pub(super) manifest: &'a ModelManifest,
    pub(super) model: &'a ModelFile,
    /// Of the rows that it was judged on.
    pub(super) description: &'a DatasetDescription,
    pub(super) metrics: &'a Metrics,
    pub(super) checked: &'a [Checked],
}

/// A metric with what it means.
pub(super) struct Figure {
    pub(super) name: &'static str,
    /// `None` where it cannot be measured.
    pub(super) value: Option<f64>,
    pub(super) meaning: String,
}

/// A row of a table of facts: what, and what it is.
pub(super) type Detail = (&'static str, String);

impl Facts<'_> {
    pub(super) fn labels(&self) -> Vec<String> {
        self.model.classes.labels()
    }

    pub(super) fn is_binary(&self) -> bool {
        self.model.classes.count() == 2
    }

    /// The class that precision, recall and the areas are about, of two.
    pub(super) fn positive(&self) -> String {
        self.labels().swap_remove(1)
    }

    /// What the model is, in a sentence.
    pub(super) fn summary(&self) -> String {
        let (target, columns) = (&self.model.target, self.model.features.len() as u64);
        let labels = self.labels();
        let classes = if labels.len() <= 4 {
            figures::either(&labels)
        } else {
            format!("one of {} classes", labels.len())
        };
        let algorithm = match self.model.algorithm {
            Algorithm::LogisticRegression => "A logistic regression",
        };
        format!(
            "{algorithm} that predicts {target} ({classes}) from {}",
            figures::of(columns, "column")
        )
    }

    /// On which rows it was judged, in a sentence.
    pub(super) fn judged_on(&self) -> String {
        let rows = figures::of(self.metrics.rows, "row");
        let source = &self.description.source.name;
        match self.metrics.data {
            JudgedRows::Holdout => {
                let how = self
                    .manifest
                    .spec
                    .split
                    .as_ref()
                    .map(|split| format!(": {}", split_in_words(split)));
                let how = how.unwrap_or_default();
                format!("Judged on {rows} of {source} that were held out of its training{how}")
            }
            JudgedRows::Training => {
                format!(
                    "Judged on the {rows} of {source} that it was trained on: rows that it has not seen would show it worse"
                )
            }
            JudgedRows::Dataset => format!("Judged on all {rows} of {source}"),
        }
    }

    /// Whether the requirements are met, in a sentence.
    pub(super) fn verdict(&self) -> String {
        let all = self.checked.len();
        let missed = self.checked.iter().filter(|requirement| !requirement.met).count();
        match (all, missed) {
            (0, _) => "No requirements were set".to_owned(),
            (1, 0) => "The requirement is met".to_owned(),
            (1, _) => "The requirement is not met".to_owned(),
            (2, 0) => "Both requirements are met".to_owned(),
            (_, 0) => format!("All {all} requirements are met"),
            (_, 1) => format!("1 of {all} requirements is not met"),
            _ => format!("{missed} of {all} requirements are not met"),
        }
    }

    /// The share of each class among the judged rows.
    fn shares(&self) -> Vec<f64> {
        let rows = self.metrics.rows as f64;
        self.metrics.support.iter().map(|&count| count as f64 / rows).collect()
    }

    /// The main metrics, with what chance or a constant answer would reach.
    pub(super) fn figures(&self) -> Vec<Figure> {
        let (metrics, shares) = (self.metrics, self.shares());
        let most = shares.iter().copied().fold(0.0, f64::max);
        let entropy: f64 = shares
            .iter()
            .filter(|&&share| share > 0.0)
            .map(|&share| -share * libm::log(share))
            .sum();
        let impurity = 1.0 - shares.iter().map(|share| share * share).sum::<f64>();
        let impurity = if self.is_binary() { impurity / 2.0 } else { impurity };
        let usual = "always giving each class its share of these rows";
        let mut figures = self.figures_by_class(&shares);
        let mut add = |name, value, meaning| figures.push(Figure { name, value, meaning });
        add(
            "Accuracy",
            Some(metrics.accuracy),
            format!(
                "Share of right predictions. Always the most frequent class: {}",
                figures::decimal(most)
            ),
        );
        add(
            "Balanced accuracy",
            Some(metrics.balanced_accuracy),
            "Mean of the classes' recalls, so that a rare class counts as much as a frequent one".to_owned(),
        );
        add(
            "Log loss",
            metrics.log_loss,
            format!(
                "How far the probabilities are off, surely wrong ones most: less is better. {}: {}",
                capital(usual),
                figures::decimal(entropy)
            ),
        );
        add(
            "Brier score",
            metrics.brier_score,
            format!(
                "Mean squared error of the probabilities: less is better. {}: {}",
                capital(usual),
                figures::decimal(impurity)
            ),
        );
        add(
            "Matthews correlation",
            Some(metrics.matthews_corrcoef),
            "Of what is and what is predicted: 1 is perfect, 0 is chance".to_owned(),
        );
        figures
    }

    /// What is about `classes[1]` of two classes, and else a mean over the classes.
    fn figures_by_class(&self, shares: &[f64]) -> Vec<Figure> {
        let metrics = self.metrics;
        let (area, precision, recall, f1, average) = if self.is_binary() {
            let (positive, share) = (self.positive(), figures::decimal(shares[1]));
            (
                format!(
                    "Of a row that is {positive} and one that is not, how often the first has the higher score. Chance: 0.5"
                ),
                format!("Share of the rows taken for {positive} that are {positive}"),
                format!("Share of the rows that are {positive} that are found"),
                "Harmonic mean of precision and recall".to_owned(),
                format!("Precision, averaged over all recalls. Chance: {share}"),
            )
        } else {
            let mean = "mean over the classes";
            (
                format!(
                    "One class against the rest, {mean}: how often a row of the class has the higher score. Chance: 0.5"
                ),
                format!("Share of the rows taken for a class that are of it, {mean}"),
                format!("Share of the rows of a class that are found, {mean}"),
                format!("Harmonic mean of precision and recall, {mean}"),
                format!("Precision, averaged over all recalls; one class against the rest, {mean}"),
            )
        };
        let figure = |name, value, meaning| Figure { name, value, meaning };
        vec![
            figure("ROC AUC", metrics.roc_auc, area),
            figure("Average precision", metrics.average_precision, average),
            figure("Precision", Some(metrics.precision), precision),
            figure("Recall", Some(metrics.recall), recall),
            figure("F1", Some(metrics.f1), f1),
        ]
    }

    /// What the model is.
    pub(super) fn details(&self) -> Vec<Detail> {
        let (manifest, model) = (self.manifest, self.model);
        let mut details = vec![
            ("Version", manifest.version.to_string()),
            ("Pipeline", manifest.pipeline.to_string()),
            (
                "Trained by",
                format!("stage {} of run {}", manifest.stage, manifest.run),
            ),
            ("Trained at", manifest.created_at.clone()),
            ("Made with", format!("Trainyard {}", manifest.trainyard_version)),
            ("Algorithm", self.algorithm()),
            ("Predicts", format!("{}: {}", model.target, some_names(&self.labels()))),
            ("From", some_names(&model.features)),
        ];
        let steps = self
            .manifest
            .spec
            .preprocess
            .iter()
            .map(|step| ("After", step_in_words(step)));
        details.extend(steps);
        details
    }

    fn algorithm(&self) -> String {
        let name = match self.model.algorithm {
            Algorithm::LogisticRegression => "logistic regression",
        };
        let regression = self.manifest.spec.logistic_regression.as_ref();
        let weights = regression.and_then(|regression| regression.class_weight.as_ref());
        let weights = weights.map_or_else(String::new, |weights| format!(", {}", weights_in_words(weights)));
        let search = self.manifest.spec.search.as_ref();
        let search = search.map_or_else(String::new, |search| {
            format!(
                ", the best of {} by cross-validation",
                figures::of(search.over.c.len() as u64, "value")
            )
        });
        format!("{name} with C = {}{search}, L2 penalty{weights}", self.model.c)
    }

    /// What it was trained on.
    pub(super) fn training(&self) -> Vec<Detail> {
        let input = &self.manifest.input;
        let mut details = vec![
            ("File", input.source.name.clone()),
            ("SHA-256", input.source.sha256.clone()),
            ("Rows", figures::count(self.model.rows)),
        ];
        if let Some(filter) = &self.manifest.spec.row_filter {
            details.push(("Only rows with", filter.clone()));
        }
        if let Some(split) = &self.manifest.spec.split {
            details.push(("Held out", split_in_words(split)));
        }
        details
    }

    /// How it was judged.
    pub(super) fn judging(&self) -> Vec<Detail> {
        let source = &self.description.source;
        let document = self.document;
        let mut details = vec![
            ("Judged by", format!("stage {} of run {}", document.stage, document.run)),
            ("File", source.name.clone()),
            ("SHA-256", source.sha256.clone()),
            ("Rows", figures::count(self.metrics.rows)),
        ];
        if let Some(rows) = self.metrics.area_rows {
            let rows = figures::count(rows);
            details.push(("Areas and curves", format!("of {rows} of these rows, evenly taken")));
        }
        details
    }

    /// What a reader of the numbers should know, in sentences.
    pub(super) fn limits(&self) -> Vec<String> {
        let metrics = self.metrics;
        let mut limits = doubts(metrics, &self.labels());
        if metrics.data == JudgedRows::Training {
            limits.push(
                "The model was judged on the rows that it was trained on. Hold rows out with train.split".to_owned(),
            );
        }
        let (accuracy, rows) = (metrics.accuracy, metrics.rows as f64);
        let off = DEVIATIONS_95 * (accuracy * (1.0 - accuracy) / rows).sqrt();
        if metrics.rows < ROWS_FEW {
            limits.push(format!(
                "{} {} few: other rows may well show the model better or worse",
                figures::of(metrics.rows, "row"),
                if metrics.rows == 1 { "is" } else { "are" }
            ));
        } else if off > 0.0 {
            limits.push(format!(
                "With so many rows the accuracy is within about {} of the true one, 95 times out of 100",
                figures::decimal(off)
            ));
        }
        let labels = self.labels();
        let absent = labels.iter().zip(&metrics.support).filter(|(_, rows)| **rows == 0);
        let absent: Vec<String> = absent.map(|(label, _)| label.clone()).collect();
        if !absent.is_empty() {
            limits.push(format!(
                "No row is of class {}, so nothing is known of how well it is predicted",
                some_names(&absent)
            ));
        }
        if !metrics.undefined.is_empty() {
            limits.push(format!(
                "Not defined on these rows, so left out or taken as 0: {}",
                figures::list(&metrics.undefined)
            ));
        }
        if metrics.threshold.is_some() {
            limits.push(
                "The threshold was chosen on these very rows, so on others it will do a little worse than here"
                    .to_owned(),
            );
        }
        if !self.model.converged {
            limits.push(
                "The solver did not reach the optimum: raise logisticRegression.maxIterations or lower c".to_owned(),
            );
        }
        limits.push("A model repeats what its data shows; it does not say that a column is a cause, and rows of another time or place may differ".to_owned());
        limits
    }

    /// The mistakes that are made most: the true class, the predicted one, and how often.
    pub(super) fn mistakes(&self, most: usize) -> Vec<(String, String, u64)> {
        let labels = self.labels();
        let mut mistakes = Vec::new();
        for (truly, row) in self.metrics.confusion_matrix.iter().enumerate() {
            let wrong = row
                .iter()
                .enumerate()
                .filter(|&(predicted, &count)| predicted != truly && count > 0);
            mistakes.extend(wrong.map(|(predicted, &count)| (truly, predicted, count)));
        }
        mistakes.sort_by_key(|&(truly, predicted, count)| (std::cmp::Reverse(count), truly, predicted));
        let mistakes = mistakes.into_iter().take(most);
        mistakes
            .map(|(truly, predicted, count)| (labels[truly].clone(), labels[predicted].clone(), count))
            .collect()
    }
}

/// A metric as people call it.
pub(super) fn called(name: &str) -> &str {
    match name {
        "roc_auc" => "the ROC AUC",
        "f1" => "F1",
        "accuracy" => "the accuracy",
        "balanced_accuracy" => "the balanced accuracy",
        "matthews_corrcoef" => "the Matthews correlation",
        other => other,
    }
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The first names of a list, and how many more there are.
fn some_names(names: &[String]) -> String {
    if names.len() <= NAMES_SHOWN {
        names.join(", ")
    } else {
        let more = figures::count((names.len() - NAMES_SHOWN) as u64);
        format!("{} and {more} more", names[..NAMES_SHOWN].join(", "))
    }
}

fn split_in_words(split: &Split) -> String {
    let share = figures::percent(split.holdout);
    let share = share.replace(".0 %", " %");
    match (&split.hash, &split.time, &split.random) {
        (Some(by), _, _) => format!(
            "about {share} of the values of {}, each with all of its rows",
            by.column
        ),
        (_, Some(by), _) => format!("the newest {share} by {}", by.column),
        (_, _, Some(random)) if random.stratified == Some(false) => format!("{share} by chance"),
        _ => format!("{share} by chance, of each class alike"),
    }
}

fn weights_in_words(weights: &ClassWeight) -> String {
    match &weights.weights {
        None => "classes weighted to count alike".to_owned(),
        Some(weights) => {
            let of_class = |(class, weight): (&String, &f64)| format!("{class} {weight}");
            let weights: &BTreeMap<String, f64> = weights;
            let weights: Vec<String> = weights.iter().map(of_class).collect();
            format!("class weights {}", weights.join(", "))
        }
    }
}

fn step_in_words(step: &PreprocessStep) -> String {
    let columns = some_names(&step.columns);
    if let Some(impute) = &step.impute {
        let value = match impute.strategy {
            ImputeStrategy::Mean => "the mean".to_owned(),
            ImputeStrategy::Median => "the median".to_owned(),
            ImputeStrategy::MostFrequent => "the most frequent value".to_owned(),
            ImputeStrategy::Constant => impute
                .value
                .as_ref()
                .map_or_else(String::new, |value| format!("“{}”", value.0)),
        };
        return format!("missing cells become {value}: {columns}");
    }
    if let Some(one_hot) = &step.one_hot {
        let at_most = one_hot
            .max_categories
            .map_or_else(String::new, |most| format!(", at most {most}"));
        let unknown = match one_hot.unknown.unwrap_or_default() {
            UnknownCategory::Ignore => "",
            UnknownCategory::Infrequent => ", unknown ones among the rarest",
            UnknownCategory::Error => ", unknown ones refused",
        };
        return format!("one column a category{at_most}{unknown}: {columns}");
    }
    match step.scale.and_then(|scale| scale.method).unwrap_or_default() {
        ScaleMethod::Standard => format!("scaled to mean 0 and deviation 1: {columns}"),
        ScaleMethod::MinMax => format!("scaled to 0 to 1: {columns}"),
    }
}
