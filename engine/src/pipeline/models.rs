//! Which model each stage reads, and that a pipeline has one champion to choose.

use super::order::Order;
use super::stage_field;
use crate::fault::listed;
use crate::{SpecFault, StageDraft};
use std::collections::BTreeSet;
use trainyard_contract::stage::{ModelChoice, ModelUse};
use trainyard_contract::{ModelVersionName, PipelineName, StageSpec};

/// Of each stage: the `train` stage of the same run whose model it reads.
pub(super) fn check(stages: &[StageDraft], order: &Order, faults: &mut Vec<SpecFault>) -> Vec<Option<usize>> {
    one_train(stages, faults);
    stages
        .iter()
        .enumerate()
        .map(|(i, stage)| match &stage.spec {
            StageSpec::Predict(predict) => {
                choice(&predict.model, i, faults);
                match predict.model.model_use.unwrap_or_default() {
                    ModelUse::ThisRun => trainer_above(stages, order, i, faults),
                    ModelUse::Champion | ModelUse::Version => None,
                }
            }
            StageSpec::Evaluate(_) => trainer_above(stages, order, i, faults),
            StageSpec::Extract(_) | StageSpec::Validate(_) | StageSpec::Train(_) => None,
        })
        .collect()
}

/// Which of two models becomes champion would have to be said by a `promote` stage.
fn one_train(stages: &[StageDraft], faults: &mut Vec<SpecFault>) {
    let mut trains = stages
        .iter()
        .enumerate()
        .filter(|(_, s)| matches!(s.spec, StageSpec::Train(_)));
    let Some((_, first)) = trains.next() else { return };
    for (i, _) in trains {
        let message = format!(
            "a second `train` stage beside `{}` would leave open which model becomes the champion",
            first.name
        );
        let suggestion = "put it into a pipeline of its own: stages of kind `promote`, which decide, do not exist yet";
        faults.push(SpecFault::new(stage_field(i).field("train"), message).suggest(suggestion.to_owned()));
    }
}

/// The fields of a choice go together. The words are those of the schema's rules.
fn choice(model: &ModelChoice, i: usize, faults: &mut Vec<SpecFault>) {
    let field = stage_field(i).field("predict").field("model");
    let model_use = model.model_use.unwrap_or_default();
    if (model_use == ModelUse::Version) != model.version.is_some() {
        let message = "version goes with use: Version, and only with it";
        faults.push(SpecFault::new(field.field("version"), message));
    }
    if model_use == ModelUse::ThisRun && model.pipeline.is_some() {
        faults.push(SpecFault::new(
            field.field("pipeline"),
            "pipeline does not go with use: ThisRun",
        ));
    }
    if let Some(Err(e)) = model
        .version
        .as_deref()
        .filter(|v| !v.contains("$("))
        .map(ModelVersionName::parse)
    {
        faults.push(SpecFault::new(field.field("version"), e.to_string()));
    }
    if let Some(Err(e)) = model
        .pipeline
        .as_deref()
        .filter(|p| !p.contains("$("))
        .map(PipelineName::parse)
    {
        faults.push(SpecFault::new(field.field("pipeline"), e.to_string()));
    }
}

/// The nearest `train` above stage `i`: one that stands above no other `train` above it.
fn trainer_above(stages: &[StageDraft], order: &Order, i: usize, faults: &mut Vec<SpecFault>) -> Option<usize> {
    let is_train = |&a: &usize| matches!(stages[a].spec, StageSpec::Train(_));
    let trains: BTreeSet<usize> = order.ancestors[i].iter().copied().filter(is_train).collect();
    let nearest: Vec<usize> = trains
        .iter()
        .copied()
        .filter(|t| !trains.iter().any(|other| order.ancestors[*other].contains(t)))
        .collect();
    let judges = matches!(stages[i].spec, StageSpec::Evaluate(_));
    let field = if judges {
        stage_field(i).field("evaluate")
    } else {
        stage_field(i).field("predict").field("model")
    };
    let name = &stages[i].name;
    match nearest[..] {
        [only] => Some(only),
        [] if order.broken[i] => None,
        [] if judges => {
            let message = format!("`{name}` judges the model of this run, and no `train` stage runs before it");
            faults.push(SpecFault::new(field, message).suggest("let it depend on a `train` stage".to_owned()));
            None
        }
        [] => {
            let message = format!("`{name}` uses the model of this run, and no `train` stage runs before it");
            let suggestion = "let it depend on a `train` stage, or use another model: `use: Champion`".to_owned();
            faults.push(SpecFault::new(field, message).suggest(suggestion));
            None
        }
        [..] => {
            let names = listed(nearest.iter().map(|&t| stages[t].name.as_str()));
            faults.push(SpecFault::new(
                field,
                format!("`{name}` could use the model of {names}"),
            ));
            None
        }
    }
}
