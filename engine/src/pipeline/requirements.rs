//! What an `evaluate` stage requires: conditions over metrics, checked as they are written.

use super::stage_field;
use crate::fault::{FieldPath, did_you_mean};
use crate::{SpecFault, StageDraft};
use trainyard_contract::StageSpec;
use trainyard_contract::expression::Expression;
use trainyard_contract::stage::{EvaluateSpec, REQUIRABLE_METRICS};

/// Finds conditions that are none, and names that are no metrics.
pub(super) fn check(stages: &[StageDraft], faults: &mut Vec<SpecFault>) {
    for (i, stage) in stages.iter().enumerate() {
        if let StageSpec::Evaluate(evaluate) = &stage.spec {
            check_evaluate(&stage_field(i).field("evaluate"), evaluate, faults);
        }
    }
}

fn check_evaluate(field: &FieldPath, evaluate: &EvaluateSpec, faults: &mut Vec<SpecFault>) {
    let EvaluateSpec { require, threshold } = evaluate;
    for (k, condition) in require.iter().enumerate().filter(|(_, text)| !text.contains("$(")) {
        let field = field.field("require").index(k);
        match Expression::parse(condition) {
            Err(error) => {
                let suggestion = "a requirement looks like `roc_auc >= 0.8` or `recall > 0.5 and precision > 0.5`";
                faults.push(SpecFault::new(field, error.to_string()).suggest(suggestion.to_owned()));
            }
            Ok(condition) => {
                let unknown = condition
                    .names()
                    .into_iter()
                    .find(|name| !REQUIRABLE_METRICS.contains(name));
                if let Some(name) = unknown {
                    let suggestion = did_you_mean(name, REQUIRABLE_METRICS)
                        .unwrap_or_else(|| format!("the metrics are {}", REQUIRABLE_METRICS.join(", ")));
                    faults.push(SpecFault::new(field, format!("there is no metric `{name}`")).suggest(suggestion));
                }
            }
        }
    }
    if let Some(choice) = threshold
        && choice.maximize.is_some() == choice.cost.is_some()
    {
        let message = "threshold needs exactly one of maximize and cost";
        faults.push(SpecFault::new(field.field("threshold"), message));
    }
}
