//! How an attempt stands and how it ended, from its Job and its pods.
//!
//! Success is a pod of this very Job that Succeeded with a readable result, whatever the Job says later. Failure is the Job's
//! condition `Failed` only: until then a pod of it may still run. Its class comes from the pod where there is one, else from
//! the words of the Job's condition, which its failure policy put there. Pure; the evidence for each line is in KUBERNETES A2.

use super::obstacle;
use crate::clock::timestamp;
use crate::names::CONTAINER;
use crate::seen::{SeenContainer, SeenJob, SeenPod};
use k8s_openapi::api::core::v1::ContainerStateTerminated;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trainyard_contract::result::Outcome;
use trainyard_contract::{FailureClass, StageResult};
use trainyard_engine::{AttemptState, Ending, Timestamp};

/// The kubelet's exit code for a container that could not be started.
const START_ERROR: i32 = 128;

/// How the attempt of `job` stands. `pods` are all pods of the run's stage; those of other Jobs are left alone.
pub(crate) fn state(job: &SeenJob, pods: &[&SeenPod], noticed: Option<trainyard_engine::Obstacle>) -> AttemptState {
    let pods = pods_of(job, pods);
    if let Some(ended) = pods.iter().find_map(|pod| success(pod)) {
        return ended;
    }
    let newest = pods.last().copied();
    if let Some(at) = condition_time(job, "Complete") {
        return AttemptState::Ended {
            began: newest.and_then(began),
            at,
            ending: Ending::Silent { exit_code: Some(0) },
        };
    }
    if let Some(at) = condition_time(job, "Failed") {
        return AttemptState::Ended {
            began: newest.and_then(began),
            at: newest.and_then(finished).unwrap_or(at),
            ending: newest
                .and_then(ending_of_pod)
                .unwrap_or_else(|| ending_of_condition(job)),
        };
    }
    match newest.and_then(began) {
        Some(began) => AttemptState::Running { began },
        None => AttemptState::Pending {
            // Of a claim its own events know more than the scheduler.
            waits_for: match (obstacle::of(job, newest), noticed) {
                (Some(_), Some(noticed)) if newest.is_some_and(obstacle::is_claim) => Some(noticed),
                (said, noticed) => said.or(noticed),
            },
        },
    }
}

/// Whether a Job says that it is at its end.
pub(super) fn is_at_its_end(job: &SeenJob) -> bool {
    ["Complete", "Failed"].iter().any(|end| condition(job, end).is_some())
}

/// What an attempt that has not begun says of its waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// It does not wait.
    No,
    /// It waits, and nothing in the Job or its pod says for what.
    InSilence,
    /// It waits for the workspace's claim, whose own events say why.
    ForClaim,
    /// It says for what.
    ForSomething,
}

impl Waits {
    /// Whether events can tell more than the objects do.
    pub(super) fn in_silence_or_for_claim(self) -> bool {
        matches!(self, Self::InSilence | Self::ForClaim)
    }
}

/// What the attempt of `job` says of its waiting.
pub(super) fn waits(job: &SeenJob, pods: &[&SeenPod]) -> Waits {
    match state(job, pods, None) {
        AttemptState::Pending { waits_for: None } => Waits::InSilence,
        AttemptState::Pending { waits_for: Some(_) } if pods.iter().any(|pod| obstacle::is_claim(pod)) => {
            Waits::ForClaim
        }
        AttemptState::Pending { waits_for: Some(_) } => Waits::ForSomething,
        AttemptState::Running { .. } | AttemptState::Ended { .. } | AttemptState::Gone => Waits::No,
    }
}

/// The pods of a Job by its uid, oldest first. A Job that a queue holds back may have had several.
pub(crate) fn pods_of<'a>(job: &SeenJob, pods: &[&'a SeenPod]) -> Vec<&'a SeenPod> {
    let uid = job.metadata.uid.as_deref().unwrap_or_default();
    let mut own: Vec<&SeenPod> = pods
        .iter()
        .copied()
        .filter(|pod| crate::names::is_controlled_by(pod.metadata.owner_references.as_ref(), uid))
        .collect();
    own.sort_by_key(|pod| pod.metadata.creation_timestamp.as_ref().map(|time| time.0));
    own
}

/// The end of a pod that Succeeded with a result that can be read.
fn success(pod: &SeenPod) -> Option<AttemptState> {
    if pod.status.phase.as_deref() != Some("Succeeded") {
        return None;
    }
    let result = result_of(terminated(pod)?)?;
    (result.outcome == Outcome::Succeeded).then(|| AttemptState::Ended {
        began: began(pod),
        at: finished(pod).unwrap_or_default(),
        ending: Ending::Reported(result),
    })
}

fn result_of(terminated: &ContainerStateTerminated) -> Option<StageResult> {
    serde_json::from_str(terminated.message.as_deref()?).ok()
}

/// How a pod whose Job Failed ended; `None` where it does not say.
fn ending_of_pod(pod: &SeenPod) -> Option<Ending> {
    let disrupted = disruption(pod);
    let Some(terminated) = terminated(pod) else {
        return disrupted.map(|message| Ending::Evicted { message });
    };
    if terminated.reason.as_deref() == Some("OOMKilled") {
        let message = format!(
            "it needed more memory than its limit and was killed after {}",
            lasted(terminated)
        );
        return Some(Ending::OutOfMemory { message });
    }
    match (result_of(terminated), disrupted) {
        // What it says of itself counts, but that it was stopped: by whom is the disruption's to say.
        (Some(result), None) => Some(Ending::Reported(result)),
        (Some(result), Some(_)) if result.outcome != Outcome::Stopped => Some(Ending::Reported(result)),
        (_, Some(message)) => Some(Ending::Evicted { message }),
        (None, None) if terminated.exit_code == START_ERROR => Some(Ending::NotStarted {
            class: FailureClass::Config,
            message: format!("the container cannot start: {}", words(terminated.message.as_deref())),
            hint: "is `worker.image` an image of Trainyard's worker?".to_owned(),
        }),
        (None, None) => Some(Ending::Silent {
            exit_code: Some(terminated.exit_code),
        }),
    }
}

/// What took the pod away, where it was not its own doing.
fn disruption(pod: &SeenPod) -> Option<String> {
    let condition = pod
        .status
        .conditions
        .iter()
        .flatten()
        .find(|condition| condition.type_ == "DisruptionTarget" && condition.status == "True");
    let node = pod.spec.node_name.as_deref().unwrap_or("its node");
    if let Some(condition) = condition {
        let reason = condition.reason.as_deref().unwrap_or("disrupted");
        return Some(format!(
            "the pod was taken from {node} ({reason}): {}",
            words(condition.message.as_deref())
        ));
    }
    (pod.status.reason.as_deref() == Some("Evicted")).then(|| {
        format!(
            "the pod was evicted from {node}: {}",
            words(pod.status.message.as_deref())
        )
    })
}

/// What is left of a pod that is gone: the words of its Job's condition.
fn ending_of_condition(job: &SeenJob) -> Ending {
    let message = condition(job, "Failed").and_then(|c| c.message).unwrap_or_default();
    if message.contains("DisruptionTarget") {
        return Ending::Evicted { message };
    }
    Ending::Silent {
        exit_code: exit_code_in(&message),
    }
}

/// `Container stage for pod ns/name failed with exit code 10 matching FailJob rule at index 1`
fn exit_code_in(message: &str) -> Option<i32> {
    let (_, rest) = message.split_once("exit code ")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().ok()
}

fn condition(job: &SeenJob, type_: &str) -> Option<k8s_openapi::api::batch::v1::JobCondition> {
    let mut conditions = job.status.conditions.iter().flatten();
    conditions.find(|c| c.type_ == type_ && c.status == "True").cloned()
}

fn condition_time(job: &SeenJob, type_: &str) -> Option<Timestamp> {
    condition(job, type_).map(|c| c.last_transition_time.as_ref().map(timestamp).unwrap_or_default())
}

/// The stage's own container: a mesh may have put others beside it.
pub(crate) fn container(pod: &SeenPod) -> Option<&SeenContainer> {
    let mut containers = pod.status.container_statuses.iter().flatten();
    containers.find(|container| container.name == CONTAINER)
}

fn terminated(pod: &SeenPod) -> Option<&ContainerStateTerminated> {
    container(pod)?.state.as_ref()?.terminated.as_ref()
}

/// When the stage's program began; a container that could not be started "began" in 1970.
fn began(pod: &SeenPod) -> Option<Timestamp> {
    let state = container(pod)?.state.as_ref()?;
    let running = state.running.as_ref().and_then(|running| running.started_at.as_ref());
    let time = running.or_else(|| state.terminated.as_ref()?.started_at.as_ref())?;
    Some(timestamp(time)).filter(|began| began.as_millis() > 0)
}

fn finished(pod: &SeenPod) -> Option<Timestamp> {
    terminated(pod)?.finished_at.as_ref().map(timestamp)
}

fn lasted(terminated: &ContainerStateTerminated) -> String {
    let at = |time: &Option<Time>| time.as_ref().map(timestamp).unwrap_or_default();
    at(&terminated.finished_at)
        .since(at(&terminated.started_at))
        .to_string()
}

/// A message as one line of a sentence.
pub(crate) fn words(text: Option<&str>) -> String {
    let text = text.unwrap_or_default().trim().trim_end_matches('.');
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod truth;
