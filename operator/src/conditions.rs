//! Conditions, as Kubernetes has them: the time changes only when the status does.

use crate::clock;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition as Written, ObjectMeta};
use trainyard_engine::Timestamp;

/// The longest message of a condition, in bytes: what `kubectl describe` shows without drowning the rest.
const MESSAGE_MAX: usize = 1_024;

/// A condition as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    type_: &'static str,
    status: bool,
    reason: String,
    message: String,
}

impl Condition {
    /// Of this type, True or False; the reason is one word.
    pub(crate) fn new(type_: &'static str, status: bool, reason: &str, message: impl Into<String>) -> Self {
        Self {
            type_,
            status,
            reason: reason.to_owned(),
            message: trainyard_contract::result::cut(&message.into(), MESSAGE_MAX),
        }
    }
}

/// Sets a condition among the others.
pub(crate) fn set(conditions: &mut Vec<Written>, wanted: Condition, generation: Option<i64>, now: Timestamp) {
    let Condition {
        type_,
        status,
        reason,
        message,
    } = wanted;
    let status = if status { "True" } else { "False" };
    let known = conditions.iter_mut().find(|c| c.type_ == type_);
    match known {
        Some(known) => {
            if known.status != status {
                known.last_transition_time = clock::time(now);
            }
            status.clone_into(&mut known.status);
            known.reason = reason;
            known.message = message;
            known.observed_generation = generation;
        }
        None => conditions.push(Written {
            type_: type_.to_owned(),
            status: status.to_owned(),
            reason,
            message,
            observed_generation: generation,
            last_transition_time: clock::time(now),
        }),
    }
}

/// What is wrong, in the order in which it matters: the message of the first of these conditions that is False.
pub(crate) fn trouble(conditions: &[Written], types: &[&str]) -> String {
    let is_false = |type_: &&str| conditions.iter().find(|c| c.type_ == **type_ && c.status == "False");
    types
        .iter()
        .find_map(is_false)
        .map_or_else(String::new, |c| c.message.clone())
}

/// The conditions of an object that this version cannot read. Their time is the object's own, so that saying it again changes
/// nothing.
pub(crate) fn unknown(types: &[&str], metadata: &ObjectMeta, error: &str) -> Vec<Written> {
    let created = metadata.creation_timestamp.as_ref().map(clock::timestamp);
    let message = format!("this version of Trainyard cannot read the object: {error}");
    let conditions = types.iter().map(|type_| Written {
        type_: (*type_).to_owned(),
        status: if *type_ == "Ready" { "False" } else { "True" }.to_owned(),
        reason: "UnknownToThisVersion".to_owned(),
        message: trainyard_contract::result::cut(&message, MESSAGE_MAX),
        observed_generation: metadata.generation,
        last_transition_time: clock::time(created.unwrap_or_default()),
    });
    conditions.collect()
}
