//! How a stage is tried again: its own words, then the pipeline's, then the engine's defaults, field by field.

use super::bytes;
use crate::v1alpha1::{Backoff, MemoryGrowth, Retry};
use trainyard_engine::{FieldPath, RetryPolicy, SpecFault};

/// The policy that `own` and, where it says nothing, `above` describe.
pub(super) fn policy(
    field: &FieldPath,
    own: Option<&Retry>,
    above: Option<&Retry>,
    faults: &mut Vec<SpecFault>,
) -> RetryPolicy {
    let default = RetryPolicy::default();
    let limit = own
        .and_then(|retry| retry.limit)
        .or(above.and_then(|retry| retry.limit));
    let limit = limit.map_or(default.limit, |limit| {
        not_negative(&field.field("limit"), limit, faults)
    });
    let waits = |retry: Option<&Retry>| retry.and_then(|retry| retry.backoff.clone()).unwrap_or_default();
    let (own_waits, waits_above) = (waits(own), waits(above));
    let memory = own
        .and_then(|retry| retry.memory.as_ref())
        .or(above.and_then(|retry| retry.memory.as_ref()));
    RetryPolicy {
        limit,
        backoff: backoff(&field.field("backoff"), &own_waits, &waits_above, faults),
        memory: memory.and_then(|memory| growth(&field.field("memory"), memory, faults)),
    }
}

fn backoff(
    field: &FieldPath,
    own: &Backoff,
    above: &Backoff,
    faults: &mut Vec<SpecFault>,
) -> trainyard_engine::Backoff {
    let default = trainyard_engine::Backoff::default();
    let factor = own.factor.or(above.factor);
    trainyard_engine::Backoff {
        initial: own.initial.or(above.initial).unwrap_or(default.initial),
        factor: factor.map_or(default.factor, |factor| {
            not_negative(&field.field("factor"), factor, faults)
        }),
        max: own.max.or(above.max).unwrap_or(default.max),
    }
}

fn growth(
    field: &FieldPath,
    memory: &MemoryGrowth,
    faults: &mut Vec<SpecFault>,
) -> Option<trainyard_engine::MemoryGrowth> {
    let max = bytes(&field.field("max"), &memory.max, faults)?;
    let factor = match memory.factor.as_deref().map(str::parse::<f64>) {
        None => trainyard_engine::MemoryGrowth::FACTOR,
        Some(Ok(factor)) => factor,
        Some(Err(_)) => {
            faults.push(SpecFault::new(
                field.field("factor"),
                "must be a number in quotes, as `\"1.5\"`",
            ));
            return None;
        }
    };
    Some(trainyard_engine::MemoryGrowth { factor, max })
}

fn not_negative(field: &FieldPath, number: i32, faults: &mut Vec<SpecFault>) -> u32 {
    u32::try_from(number).unwrap_or_else(|_| {
        faults.push(SpecFault::new(
            field.clone(),
            format!("must not be below 0, is {number}"),
        ));
        1
    })
}
