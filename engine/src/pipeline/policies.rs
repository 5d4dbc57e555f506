//! Retry policies and timeouts must make sense in numbers.

use super::stage_field;
use crate::fault::FieldPath;
use crate::{PipelineDraft, RetryPolicy, SpecFault};
use trainyard_contract::Duration;

/// The largest `retry.limit`.
pub const RETRY_LIMIT_MAX: u32 = 10;

/// Checks the pipeline's policies and those of each stage.
pub(super) fn check(draft: &PipelineDraft, faults: &mut Vec<SpecFault>) {
    let spec = FieldPath::root("spec");
    retry(&spec.field("retry"), &draft.retry, faults);
    let timeouts = spec.field("timeouts");
    for (name, timeout) in [
        ("run", draft.timeouts.run),
        ("stage", draft.timeouts.stage),
        ("pending", draft.timeouts.pending),
    ] {
        more_than_nothing(&timeouts.field(name), timeout, faults);
    }
    for (i, stage) in draft.stages.iter().enumerate() {
        if let Some(policy) = &stage.retry {
            retry(&stage_field(i).field("retry"), policy, faults);
        }
        let timeouts = stage_field(i).field("timeouts");
        for (name, timeout) in [("stage", stage.timeouts.stage), ("pending", stage.timeouts.pending)] {
            if let Some(timeout) = timeout {
                more_than_nothing(&timeouts.field(name), timeout, faults);
            }
        }
    }
}

fn retry(field: &FieldPath, policy: &RetryPolicy, faults: &mut Vec<SpecFault>) {
    let RetryPolicy { limit, backoff, memory } = policy;
    if *limit > RETRY_LIMIT_MAX {
        faults.push(SpecFault::new(
            field.field("limit"),
            format!("must be 0 to {RETRY_LIMIT_MAX}, is {limit}"),
        ));
    }
    let waits = field.field("backoff");
    if backoff.initial > backoff.max {
        let message = "backoff.initial must not be longer than backoff.max";
        faults.push(SpecFault::new(waits.field("initial"), message));
    }
    if backoff.factor == 0 {
        faults.push(SpecFault::new(waits.field("factor"), "must be at least 1"));
    }
    if let Some(memory) = memory
        && !(memory.factor.is_finite() && memory.factor > 1.0)
    {
        faults.push(SpecFault::new(
            field.field("memory").field("factor"),
            "must be more than 1",
        ));
    }
}

fn more_than_nothing(field: &FieldPath, timeout: Duration, faults: &mut Vec<SpecFault>) {
    if timeout.as_millis() == 0 {
        faults.push(SpecFault::new(field.clone(), "must be more than 0s"));
    }
}
