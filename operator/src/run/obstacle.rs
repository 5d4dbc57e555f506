//! What keeps an attempt from beginning, as far as its Job and its pod say it: the image, a Secret, the cluster's room.
//!
//! Not here: causes that exist only as events (`causes.rs`).

use super::ending::{container, words};
use crate::seen::{SeenJob, SeenPod};
use k8s_openapi::api::core::v1::PodCondition;
use trainyard_contract::FailureClass;
use trainyard_engine::Obstacle;

/// What the attempt of `job` waits for; `None` where nothing says it (yet).
pub(super) fn of(job: &SeenJob, pod: Option<&SeenPod>) -> Option<Obstacle> {
    if job.spec.suspend == Some(true) {
        return Some(Obstacle {
            class: FailureClass::Infra,
            message: "waits in a queue: its Job is suspended".to_owned(),
        });
    }
    let pod = pod?;
    waiting(pod).or_else(|| unscheduled(pod))
}

/// What the kubelet says of a container that it cannot start.
fn waiting(pod: &SeenPod) -> Option<Obstacle> {
    let container = container(pod)?;
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let said = words(waiting.message.as_deref());
    let image = &container.image;
    let config = |message: String| {
        Some(Obstacle {
            class: FailureClass::Config,
            message,
        })
    };
    match waiting.reason.as_deref()? {
        "ErrImagePull" | "ImagePullBackOff" | "RegistryUnavailable" => {
            config(format!("image {image} cannot be pulled: {}", pull_failure(&said)))
        }
        "ErrImageNeverPull" => config(format!(
            "image {image} is not on the node, and its pull policy is Never"
        )),
        "InvalidImageName" => config(format!("`{image}` is not the name of an image")),
        "ImageInspectError" | "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            config(format!("the container cannot be made: {said}"))
        }
        // ContainerCreating and PodInitializing are the ordinary way.
        _ => None,
    }
}

/// Why an image cannot be pulled, without the runtime's way to that point.
fn pull_failure(said: &str) -> &str {
    let after = |text: &'static str| said.rsplit_once(text).map(|(_, cause)| cause);
    after("failed to do request: ")
        .or_else(|| after("failed to resolve image: "))
        .or_else(|| after("failed to resolve reference "))
        .or_else(|| after("ErrImagePull: "))
        .unwrap_or(said)
}

/// Whether the scheduler waits for a claim of the pod.
pub(super) fn is_claim(pod: &SeenPod) -> bool {
    unscheduled_condition(pod).is_some_and(|condition| {
        let said = condition.message.as_deref().unwrap_or_default().to_lowercase();
        said.contains("persistentvolumeclaim")
    })
}

fn unscheduled_condition(pod: &SeenPod) -> Option<&PodCondition> {
    let mut conditions = pod.status.conditions.iter().flatten();
    conditions.find(|condition| condition.type_ == "PodScheduled" && condition.status == "False")
}

/// What the scheduler says of a pod that no node takes.
fn unscheduled(pod: &SeenPod) -> Option<Obstacle> {
    let scheduled = unscheduled_condition(pod)?;
    let said = words(scheduled.message.as_deref());
    // What follows the first sentence says that preemption would not help, at length.
    let said = said.split(". ").next().unwrap_or(&said).to_owned();
    let (class, message) = match scheduled.reason.as_deref() {
        Some("SchedulingGated") => (FailureClass::Infra, "waits in a queue: its pod is gated".to_owned()),
        _ => (FailureClass::Infra, format!("no node takes the pod: {said}")),
    };
    Some(Obstacle { class, message })
}
