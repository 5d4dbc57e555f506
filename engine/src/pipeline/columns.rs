//! The columns that stages use: checked as they are written, and summed up for the stages above.
//!
//! `extract` reads the columns that a later stage needs as numbers as numbers, and `validate` checks them; both learn from
//! here which ones these are.

use super::{Pipeline, Stage, stage_field};
use crate::fault::FieldPath;
use crate::values::resolve_known;
use crate::{SpecFault, StageDraft, Values};
use std::collections::BTreeSet;
use trainyard_contract::StageSpec;
use trainyard_contract::document::ColumnNeeds;
use trainyard_contract::stage::{ColumnType, TrainSpec};

/// Finds columns that stand twice, and a `train` stage without features.
pub(super) fn check(stages: &[StageDraft], faults: &mut Vec<SpecFault>) {
    for (i, stage) in stages.iter().enumerate() {
        if let StageSpec::Train(train) = &stage.spec {
            check_train(&stage_field(i).field("train"), &train.features, &train.target, faults);
        }
    }
}

fn check_train(field: &FieldPath, features: &[String], target: &str, faults: &mut Vec<SpecFault>) {
    if features.is_empty() {
        faults.push(SpecFault::new(
            field.field("features"),
            "a model needs at least one feature",
        ));
    }
    let mut seen = BTreeSet::new();
    for (k, feature) in features.iter().enumerate() {
        if !seen.insert(feature) {
            let message = format!("`{feature}` stands here twice");
            faults.push(SpecFault::new(field.field("features").index(k), message));
        }
    }
    if features.iter().any(|feature| feature == target) {
        faults.push(
            SpecFault::new(field.field("target"), "target must not be among the features").suggest(format!(
                "take `{target}` out of the features: the model would only learn to copy it"
            )),
        );
    }
}

impl Pipeline {
    /// What the stage at `place` and the stages below it need of the dataset that it reads or makes.
    pub fn column_needs(&self, place: usize, values: &Values) -> ColumnNeeds {
        let dataset = match self.stages()[place].spec {
            StageSpec::Extract(_) => Some(place),
            StageSpec::Validate(_) | StageSpec::Train(_) | StageSpec::Predict(_) => self.stages()[place].producer,
        };
        let mut numbers = BTreeSet::new();
        let (mut used, mut targets) = (BTreeSet::new(), BTreeSet::new());
        for (i, stage) in self.stages().iter().enumerate() {
            let below = i == place || stage.ancestors.contains(&place);
            if !below || stage.producer.is_none() || stage.producer != dataset {
                continue;
            }
            let (train, needs_target) = match &stage.spec {
                StageSpec::Train(train) => (train, true),
                StageSpec::Predict(_) => match stage.trainer.map(|t| &self.stages()[t].spec) {
                    Some(StageSpec::Train(train)) => (train, false),
                    Some(StageSpec::Extract(_) | StageSpec::Validate(_) | StageSpec::Predict(_)) | None => continue,
                },
                StageSpec::Extract(_) | StageSpec::Validate(_) => continue,
            };
            let (features, target) = train_columns(train, values);
            numbers.extend(features.iter().cloned());
            used.extend(features);
            if needs_target {
                used.insert(target.clone());
                targets.insert(target);
            }
        }
        ColumnNeeds {
            numbers: numbers.into_iter().collect(),
            used: used.into_iter().collect(),
            targets: targets.into_iter().collect(),
        }
    }

    /// The same checks as on the manifest, once parameters stand in the columns.
    pub(super) fn check_columns(&self, values: &Values, faults: &mut Vec<SpecFault>) {
        for (i, stage) in self.stages().iter().enumerate() {
            if let StageSpec::Train(train) = &stage.spec {
                let (features, target) = train_columns(train, values);
                let field = stage_field(i).field("train");
                check_train(&field, &features, &target, faults);
                self.check_declared_types(stage, &field, &features, values, faults);
            }
        }
    }

    /// A feature is a number: one that the `extract` above declares as text would fail in every run.
    fn check_declared_types(
        &self,
        train: &Stage,
        field: &FieldPath,
        features: &[String],
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
        for (k, feature) in features.iter().enumerate() {
            if texts.contains(feature) {
                let message = format!(
                    "`{feature}` is declared as Text by stage `{}`, but a feature is a number",
                    producer.name
                );
                faults.push(
                    SpecFault::new(field.field("features").index(k), message)
                        .suggest("declare it as Number, or leave its type out".to_owned()),
                );
            }
        }
    }
}

/// The features and the target of a `train` stage in one run.
fn train_columns(train: &TrainSpec, values: &Values) -> (Vec<String>, String) {
    let features = train
        .features
        .iter()
        .map(|feature| resolve_known(feature, values))
        .collect();
    (features, resolve_known(&train.target, values))
}
