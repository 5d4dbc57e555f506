//! What a `train` stage says about columns, checked: as it is written, and once more with the values of a run.

use super::{Pipeline, Stage, stage_field};
use crate::fault::{FieldPath, did_you_mean};
use crate::values::resolve_known;
use crate::{SpecFault, StageDraft, Values};
use std::collections::{BTreeMap, BTreeSet};
use trainyard_contract::StageSpec;
use trainyard_contract::expression::Expression;
use trainyard_contract::stage::{ColumnType, ImputeStrategy, PreprocessStep, TrainColumns, TrainSpec};

/// Checks every `train` stage as it is written.
pub(super) fn check(stages: &[StageDraft], faults: &mut Vec<SpecFault>) {
    for (i, stage) in stages.iter().enumerate() {
        if let StageSpec::Train(train) = &stage.spec {
            check_train(&stage_field(i).field("train"), train, &ToOwned::to_owned, faults);
        }
    }
}

fn check_train(field: &FieldPath, train: &TrainSpec, resolve: &dyn Fn(&str) -> String, faults: &mut Vec<SpecFault>) {
    let columns = TrainColumns::of(train, resolve);
    check_features(field, &columns, faults);
    check_filter(field, train, resolve, faults);
    check_split(field, train, &columns, faults);
    check_preprocess(field, train, &columns, resolve, faults);
}

fn check_features(field: &FieldPath, columns: &TrainColumns, faults: &mut Vec<SpecFault>) {
    if columns.features.is_empty() {
        faults.push(SpecFault::new(
            field.field("features"),
            "a model needs at least one feature",
        ));
    }
    let mut seen = BTreeSet::new();
    for (k, feature) in columns.features.iter().enumerate() {
        if !seen.insert(feature) {
            let message = format!("`{feature}` stands here twice");
            faults.push(SpecFault::new(field.field("features").index(k), message));
        }
    }
    let target = &columns.target;
    if columns.features.contains(target) {
        faults.push(
            SpecFault::new(field.field("target"), "target must not be among the features").suggest(format!(
                "take `{target}` out of the features: the model would only learn to copy it"
            )),
        );
    }
}

fn check_filter(field: &FieldPath, train: &TrainSpec, resolve: &dyn Fn(&str) -> String, faults: &mut Vec<SpecFault>) {
    let Some(filter) = train.row_filter.as_deref().map(resolve) else {
        return;
    };
    if filter.contains("$(") {
        return;
    }
    if let Err(error) = Expression::parse(&filter) {
        let suggestion = "a condition looks like `age >= 18 and plan in ('basic', 'pro')` or `churned is not null`";
        faults.push(SpecFault::new(field.field("where"), error.to_string()).suggest(suggestion.to_owned()));
    }
}

fn check_split(field: &FieldPath, train: &TrainSpec, columns: &TrainColumns, faults: &mut Vec<SpecFault>) {
    let Some(split) = &train.split else { return };
    let field = field.field("split");
    let kinds = [split.hash.is_some(), split.time.is_some(), split.random.is_some()];
    if kinds.into_iter().filter(|&is| is).count() != 1 {
        let message = "split needs exactly one of hash, time and random";
        faults.push(SpecFault::new(field.clone(), message));
    }
    if !(split.holdout > 0.0 && split.holdout < 1.0) {
        faults.push(
            SpecFault::new(field.field("holdout"), "must be above 0 and below 1")
                .suggest("it is the share of the rows that is held out, such as 0.2".to_owned()),
        );
    }
    if columns.split.as_ref() == Some(&columns.target) {
        let by = if split.hash.is_some() { "hash" } else { "time" };
        faults.push(
            SpecFault::new(
                field.field(by).field("column"),
                "the target cannot decide which rows are held out",
            )
            .suggest(
                "whole classes would be on one side: take a key such as a customer's number, or a date".to_owned(),
            ),
        );
    }
}

fn check_preprocess(
    field: &FieldPath,
    train: &TrainSpec,
    columns: &TrainColumns,
    resolve: &dyn Fn(&str) -> String,
    faults: &mut Vec<SpecFault>,
) {
    let features: BTreeSet<&String> = columns.features.iter().collect();
    let mut done: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for (k, step) in train.preprocess.iter().enumerate() {
        let field = field.field("preprocess").index(k);
        let kinds = kinds_of(step);
        let [kind] = kinds[..] else {
            let message = "a preprocess step needs exactly one of impute, oneHot and scale";
            let here = (!kinds.is_empty()).then(|| format!("here stand {}", kinds.join(" and ")));
            faults.push(SpecFault::new(field, message).suggest(here));
            continue;
        };
        check_constant(&field, step, columns, resolve, faults);
        for (c, name) in step.columns.iter().enumerate() {
            let name = resolve(name);
            let at = field.field("columns").index(c);
            if !features.contains(&name) {
                let suggestion = did_you_mean(&name, features.iter().map(|name| name.as_str()))
                    .unwrap_or_else(|| "what is done to a column matters only if the model reads it".to_owned());
                let message = format!("`{name}` is not among the features");
                faults.push(SpecFault::new(at, message).suggest(suggestion));
                continue;
            }
            let before = done.entry(name.clone()).or_default();
            faults.extend(out_of_order(&name, before, kind).map(|message| SpecFault::new(at, message)));
            before.push(kind);
        }
    }
}

fn kinds_of(step: &PreprocessStep) -> Vec<&'static str> {
    let PreprocessStep {
        columns: _,
        impute,
        one_hot,
        scale,
    } = step;
    let kinds = [
        ("impute", impute.is_some()),
        ("oneHot", one_hot.is_some()),
        ("scale", scale.is_some()),
    ];
    kinds.into_iter().filter(|(_, is)| *is).map(|(kind, _)| kind).collect()
}

/// Why `kind` cannot come after what was done to the column before.
fn out_of_order(name: &str, before: &[&'static str], kind: &'static str) -> Option<String> {
    match before.last()? {
        &"impute" if kind == "impute" => Some(format!("`{name}` is imputed twice")),
        &"impute" => None,
        earlier if kind == "impute" => Some(format!("`{name}` must be imputed before `{earlier}`, not after it")),
        &earlier if earlier == kind => Some(format!("`{kind}` is done to `{name}` twice")),
        earlier => Some(format!("`{name}` cannot have both `{earlier}` and `{kind}`")),
    }
}

/// A constant goes with its strategy, and a number's stand-in is a number.
fn check_constant(
    field: &FieldPath,
    step: &PreprocessStep,
    columns: &TrainColumns,
    resolve: &dyn Fn(&str) -> String,
    faults: &mut Vec<SpecFault>,
) {
    let Some(impute) = &step.impute else { return };
    let field = field.field("impute").field("value");
    if (impute.strategy == ImputeStrategy::Constant) != impute.value.is_some() {
        let message = "value goes with strategy: Constant, and only with it";
        faults.push(SpecFault::new(field, message));
        return;
    }
    let Some(value) = impute.value.as_ref().map(|value| resolve(&value.0)) else {
        return;
    };
    let mut names = step.columns.iter().map(|name| resolve(name));
    let number = names.find(|name| !columns.categories.contains(name));
    let is_number = value.contains("$(") || value.parse().is_ok_and(f64::is_finite);
    if let Some(name) = number.filter(|_| !is_number) {
        let message = format!("`{value}` is no number, but `{name}` is read as numbers");
        let suggestion = format!("write a number, or make `{name}` a category with `oneHot`");
        faults.push(SpecFault::new(field, message).suggest(suggestion));
    }
}

impl Pipeline {
    /// The same checks as on the manifest, once parameters stand in the columns.
    pub(super) fn check_columns(&self, values: &Values, faults: &mut Vec<SpecFault>) {
        for (i, stage) in self.stages().iter().enumerate() {
            if let StageSpec::Train(train) = &stage.spec {
                let field = stage_field(i).field("train");
                let resolve = |text: &str| resolve_known(text, values);
                check_train(&field, train, &resolve, faults);
                self.check_declared_types(stage, &field, &TrainColumns::of(train, &resolve), values, faults);
            }
        }
    }

    /// A feature is a number: one that the `extract` above declares as text would fail in every run.
    fn check_declared_types(
        &self,
        train: &Stage,
        field: &FieldPath,
        columns: &TrainColumns,
        values: &Values,
        faults: &mut Vec<SpecFault>,
    ) {
        let Some(producer) = train.producer.map(|place| &self.stages()[place]) else {
            return;
        };
        let StageSpec::Extract(extract) = &producer.spec else {
            return;
        };
        let declared = extract.csv.iter().flat_map(|csv| &csv.columns);
        let texts: BTreeSet<String> = declared
            .filter(|column| column.column_type == Some(ColumnType::Text))
            .map(|column| resolve_known(&column.name, values))
            .collect();
        for (k, feature) in columns.features.iter().enumerate() {
            if texts.contains(feature) && !columns.categories.contains(feature) {
                let message = format!(
                    "`{feature}` is declared as Text by stage `{}`, but a feature is a number",
                    producer.name
                );
                faults.push(
                    SpecFault::new(field.field("features").index(k), message).suggest(
                        "declare it as Number, leave its type out, or make it a category with `preprocess` and `oneHot`"
                            .to_owned(),
                    ),
                );
            }
        }
    }
}
