//! Which dataset each stage reads: `input`, or the one dataset above it. `validate` passes its own on.

use super::order::{Order, place_of};
use super::stage_field;
use crate::fault::listed;
use crate::{SpecFault, StageDraft};
use std::collections::BTreeSet;
use trainyard_contract::StageSpec;

/// The datasets of a pipeline.
pub(super) struct DataFlow {
    /// Of each stage: the stage that makes the dataset it reads.
    pub producers: Vec<Option<usize>>,
    /// Of each stage: the `validate` stages above it that check the same dataset.
    pub gates: Vec<Vec<usize>>,
}

impl DataFlow {
    /// The data flow of `stages`; a stage that finds no dataset, or several, is a fault.
    pub(super) fn of(
        stages: &[StageDraft],
        order: &Order,
        trainers: &[Option<usize>],
        faults: &mut Vec<SpecFault>,
    ) -> Self {
        let mut producers = vec![None; stages.len()];
        for &i in &order.sequence {
            producers[i] = match &stages[i].spec {
                StageSpec::Extract(_) => {
                    refuse_input(stages, i, faults);
                    None
                }
                StageSpec::Evaluate(_) if stages[i].input.is_none() => held_out(stages, trainers, i, faults),
                StageSpec::Validate(_) | StageSpec::Train(_) | StageSpec::Evaluate(_) | StageSpec::Predict(_) => {
                    let found = dataset_of(stages, order, &producers, i);
                    found.unwrap_or_else(|fault| {
                        faults.extend(fault);
                        None
                    })
                }
            };
        }
        let gates = (0..stages.len())
            .map(|i| gates_of(stages, order, &producers, i))
            .collect();
        Self { producers, gates }
    }
}

/// The stage whose dataset one gets from stage `i`: itself, or what it passes on.
fn yielded(stages: &[StageDraft], producers: &[Option<usize>], i: usize) -> Option<usize> {
    match &stages[i].spec {
        StageSpec::Extract(_) | StageSpec::Predict(_) => Some(i),
        StageSpec::Validate(_) => producers[i],
        StageSpec::Train(_) | StageSpec::Evaluate(_) => None,
    }
}

/// The `train` stage whose held-out rows the `evaluate` stage `i` reads.
fn held_out(stages: &[StageDraft], trainers: &[Option<usize>], i: usize, faults: &mut Vec<SpecFault>) -> Option<usize> {
    let trainer = trainers[i]?;
    if matches!(&stages[trainer].spec, StageSpec::Train(train) if train.split.is_some()) {
        return Some(trainer);
    }
    let (name, trainer) = (&stages[i].name, &stages[trainer].name);
    let message = format!("`{name}` has no rows to judge by: `{trainer}` holds none out");
    let suggestion = format!("let `{trainer}` hold some out with `split`, or name a labelled dataset with `input`");
    faults.push(SpecFault::new(stage_field(i).field("evaluate"), message).suggest(suggestion));
    None
}

fn refuse_input(stages: &[StageDraft], i: usize, faults: &mut Vec<SpecFault>) {
    if stages[i].input.is_some() {
        let fault = SpecFault::new(stage_field(i).field("input"), "an `extract` stage reads no dataset");
        faults.push(fault.suggest("use `dependsOn` for the order alone".to_owned()));
    }
}

/// The producer of the dataset that stage `i` reads. `Err(None)` where the reason was already reported.
fn dataset_of(
    stages: &[StageDraft],
    order: &Order,
    producers: &[Option<usize>],
    i: usize,
) -> Result<Option<usize>, Option<SpecFault>> {
    match &stages[i].input {
        Some(name) => named(stages, producers, i, name),
        None => inferred(stages, order, producers, i),
    }
}

fn named(
    stages: &[StageDraft],
    producers: &[Option<usize>],
    i: usize,
    name: &str,
) -> Result<Option<usize>, Option<SpecFault>> {
    let place = place_of(stages, name).filter(|&place| place != i).ok_or(None)?;
    let kind = &stages[place].spec;
    if matches!(kind, StageSpec::Train(_) | StageSpec::Evaluate(_)) {
        let suggestion = match (kind, &stages[i].spec) {
            (StageSpec::Train(_), StageSpec::Evaluate(_)) => {
                "leave `input` out: `evaluate` then reads the rows that `train` held out".to_owned()
            }
            _ => "name an `extract`, `validate` or `predict` stage".to_owned(),
        };
        let kind = kind.kind();
        let article = if kind == "evaluate" { "an" } else { "a" };
        let message = format!("`{name}` is {article} `{kind}` stage and yields no dataset");
        return Err(Some(
            SpecFault::new(stage_field(i).field("input"), message).suggest(suggestion),
        ));
    }
    yielded(stages, producers, place).map(Some).ok_or(None)
}

fn inferred(
    stages: &[StageDraft],
    order: &Order,
    producers: &[Option<usize>],
    i: usize,
) -> Result<Option<usize>, Option<SpecFault>> {
    let above = &order.ancestors[i];
    let candidates: BTreeSet<usize> = above.iter().filter_map(|&a| yielded(stages, producers, a)).collect();
    let name = &stages[i].name;
    let field = stage_field(i).field("input");
    let mut candidates_in_order = candidates.iter();
    match (candidates_in_order.next(), candidates_in_order.next()) {
        (Some(&only), None) => Ok(Some(only)),
        (Some(_), Some(_)) => {
            let names = listed(candidates.iter().map(|&c| stages[c].name.as_str()));
            let message = format!("`{name}` could read the dataset of {names}");
            Err(Some(
                SpecFault::new(field, message).suggest("say which, with `input`".to_owned()),
            ))
        }
        (None, _) if order.broken[i] || above.iter().any(|&a| lacks_its_own(stages, producers, a)) => Err(None),
        (None, _) => {
            let message = format!("`{name}` needs a dataset, and no stage above it yields one");
            Err(Some(SpecFault::new(field, message).suggest(
                "let it depend on an `extract` stage, or name one as its `input`".to_owned(),
            )))
        }
    }
}

/// Whether stage `i` would pass a dataset on, had it found one: its fault is the cause of those below.
fn lacks_its_own(stages: &[StageDraft], producers: &[Option<usize>], i: usize) -> bool {
    matches!(stages[i].spec, StageSpec::Validate(_)) && producers[i].is_none()
}

fn gates_of(stages: &[StageDraft], order: &Order, producers: &[Option<usize>], i: usize) -> Vec<usize> {
    let same_dataset = |a: usize| producers[i].is_some() && producers[a] == producers[i];
    let validates = |a: usize| matches!(stages[a].spec, StageSpec::Validate(_));
    order.ancestors[i]
        .iter()
        .copied()
        .filter(|&a| validates(a) && same_dataset(a))
        .collect()
}
