//! Causes of waiting that exist only as events: a quota, Pod Security or a webhook that refuses the pod, a ConfigMap or a volume
//! that cannot be mounted. Asked for on demand, a few seconds after an attempt should have begun; events are never watched.

use super::ending::{self, Waits, words};
use super::observe::{RunObjects, attempt_of};
use crate::clock::timestamp;
use crate::context::Context;
use crate::memory::Stands;
use crate::seen::{SeenJob, SeenPod};
use k8s_openapi::api::core::v1::{Event, PersistentVolumeClaim};
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use std::time::Duration;
use tracing::warn;
use trainyard_contract::FailureClass;
use trainyard_engine::{Obstacle, Timestamp};

/// How long a Job may have no pod before its events are read.
const NO_POD: Duration = Duration::from_secs(3);
/// How long a pod may take to begin before its events are read.
const NOT_BEGUN: Duration = Duration::from_secs(5);
/// Annotation of a claim: who has been asked for its volume.
const PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
/// How many events of one object are read.
const EVENTS_MAX: u32 = 50;

/// Reads the events of attempts that wait and do not say for what. Returns when to look again.
pub(super) async fn notice(
    ctx: &Context,
    run: &str,
    namespace: &str,
    objects: &RunObjects,
    claim: &str,
    now: Timestamp,
) -> Option<Duration> {
    let mut look_again: Option<Duration> = None;
    for job in &objects.jobs {
        let Some((stage, attempt)) = attempt_of(job.labels()) else {
            continue;
        };
        let pods = objects.pods_of(&stage, attempt);
        let waits = ending::waits(job, &pods);
        // What is being deleted says nothing that matters any more.
        if job.metadata.deletion_timestamp.is_some() {
            continue;
        }
        let pod = ending::pods_of(job, &pods).last().copied();
        let stands = stands(waits, pod);
        let job_uid = job.uid().unwrap_or_default();
        ctx.notices.stands(run, &job_uid, stands);
        if stands == Stands::ForItself {
            continue;
        }
        let (uid, since, patience) = match pod {
            Some(pod) => (pod.uid(), pod.creation_timestamp(), NOT_BEGUN),
            None => (job.uid(), job.creation_timestamp(), NO_POD),
        };
        let Some(uid) = uid else { continue };
        let age = since.map_or(Duration::ZERO, |since| {
            Duration::from_millis(now.since(timestamp(&since)).as_millis())
        });
        let due = patience.saturating_sub(age).max(ctx.notices.due_in(run, &job_uid));
        let next = if due.is_zero() {
            let found = if waits == Waits::ForClaim {
                of_claim(ctx, namespace, claim).await
            } else {
                let of_object = of_object(ctx, namespace, &format!("involvedObject.uid={uid},type=Warning")).await;
                match (of_object, stands) {
                    // The scheduler has a node for it and waits, without a word, for the volume.
                    (None, Stands::WithoutNode) => provisioner(ctx, namespace, claim).await,
                    (found, _) => found,
                }
            };
            ctx.notices.looked(run, &job_uid, stands, found);
            ctx.notices.due_in(run, &job_uid)
        } else {
            due
        };
        look_again = Some(look_again.map_or(next, |earlier| earlier.min(next)));
    }
    look_again
}

fn stands(waits: Waits, pod: Option<&SeenPod>) -> Stands {
    match pod {
        _ if !waits.in_silence_or_for_claim() => Stands::ForItself,
        None => Stands::WithoutPod,
        Some(pod) if pod.spec.node_name.is_none() => Stands::WithoutNode,
        Some(_) => Stands::OnNode,
    }
}

/// What was noticed about a Job.
pub(super) fn noticed(ctx: &Context, run: &str, job: &SeenJob) -> Option<Obstacle> {
    ctx.notices.of(run, job.metadata.uid.as_deref()?)
}

/// What keeps the workspace's claim from being bound. That no class is the default is no warning, only an event.
async fn of_claim(ctx: &Context, namespace: &str, claim: &str) -> Option<Obstacle> {
    let of_claim = format!("involvedObject.kind=PersistentVolumeClaim,involvedObject.name={claim}");
    let found = of_object(ctx, namespace, &of_claim).await?;
    Some(Obstacle {
        message: format!("the workspace's claim `{claim}` is not bound: {}", found.message),
        ..found
    })
}

/// Who is to make the volume of the workspace's claim, where that is what is missing.
async fn provisioner(ctx: &Context, namespace: &str, claim: &str) -> Option<Obstacle> {
    let api: Api<PersistentVolumeClaim> = Api::namespaced(ctx.client.clone(), namespace);
    let known = match api.get_opt(claim).await {
        Ok(known) => known?,
        Err(error) => {
            warn!(%error, namespace, claim, "the claim cannot be read; what an attempt waits for may stay unknown");
            return None;
        }
    };
    let phase = known.status.as_ref().and_then(|status| status.phase.as_deref());
    let provisioner = known
        .annotations()
        .get(PROVISIONER)
        .filter(|_| phase == Some("Pending"))?;
    Some(Obstacle {
        class: FailureClass::Infra,
        message: format!("the workspace's claim `{claim}` is not bound: {provisioner} has not made its volume yet"),
    })
}

/// The newest telling event of an object; nothing where there is none, or where events cannot be read.
async fn of_object(ctx: &Context, namespace: &str, of_object: &str) -> Option<Obstacle> {
    let api: Api<Event> = Api::namespaced(ctx.client.clone(), namespace);
    let of_object = ListParams::default().fields(of_object).limit(EVENTS_MAX);
    match api.list(&of_object).await {
        Ok(events) => {
            let telling = events.items.iter().filter(|event| !is_said_by_status(event));
            telling.max_by_key(|event| time_of(event)).map(obstacle)
        }
        Err(error) => {
            warn!(%error, namespace, "events cannot be read; what an attempt waits for may stay unknown");
            None
        }
    }
}

/// What the kubelet and the scheduler tell as events too, and better in the pod's status.
fn is_said_by_status(event: &Event) -> bool {
    let reason = event.reason.as_deref().unwrap_or_default();
    [
        "Failed",
        "BackOff",
        "FailedScheduling",
        "InspectFailed",
        "ErrImageNeverPull",
        // The ordinary way of a claim.
        "WaitForFirstConsumer",
        "Provisioning",
        "ExternalProvisioning",
        "ProvisioningSucceeded",
    ]
    .contains(&reason)
}

fn time_of(event: &Event) -> i64 {
    let last = event.last_timestamp.as_ref().map(|time| time.0.as_millisecond());
    let first = event.event_time.as_ref().map(|time| time.0.as_millisecond());
    let series = event.series.as_ref().and_then(|s| s.last_observed_time.as_ref());
    last.max(first)
        .max(series.map(|time| time.0.as_millisecond()))
        .unwrap_or_default()
}

/// Events have no classes: their reason is a word of the component, and of what a webhook or a quota says there is only text.
/// The class decides nothing but how a pending timeout is called.
fn obstacle(event: &Event) -> Obstacle {
    let said = words(event.message.as_deref());
    let said = said.strip_prefix("Error creating: ").unwrap_or(&said);
    let reason = event.reason.as_deref().unwrap_or_default();
    let (class, message) = match reason {
        "FailedCreate" if said.contains("exceeded quota") => (
            FailureClass::Infra,
            format!("the namespace's quota has no room for the pod: {said}"),
        ),
        "FailedCreate" => (FailureClass::Config, format!("the pod is refused: {said}")),
        "FailedMount" | "FailedAttachVolume" => {
            let missing = said.contains("not found") || said.contains("non-existent");
            let class = if missing {
                FailureClass::Config
            } else {
                FailureClass::Infra
            };
            (
                class,
                format!("a volume cannot be mounted: {}", without_pod_names(said)),
            )
        }
        "FailedBinding" | "ProvisioningFailed" => (FailureClass::Infra, said.to_owned()),
        _ => (FailureClass::Infra, format!("{reason}: {said}")),
    };
    Obstacle { class, message }
}

/// `MountVolume.SetUp failed for volume "source" : configmap "sample-data" not found` begins with what nobody needs.
fn without_pod_names(said: &str) -> &str {
    said.rsplit_once(" : ").map_or(said, |(_, cause)| cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What Kubernetes 1.36 said, and what a person reads.
    #[test]
    fn events_in_words() {
        let quota = r#"Error creating: pods "r-extract-1-0aa1bb-x" is forbidden: exceeded quota: tight, requested: pods=1, used: pods=0, limited: pods=0"#;
        let security = r#"Error creating: pods "r-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true"#;
        let config_map = r#"MountVolume.SetUp failed for volume "source" : configmap "nodata" not found"#;
        let no_class = "no persistent volumes available for this claim and no storage class is set";
        for (reason, message, class, want) in [
            (
                "FailedCreate",
                quota,
                FailureClass::Infra,
                r#"the namespace's quota has no room for the pod: pods "r-extract-1-0aa1bb-x" is forbidden: exceeded quota: tight, requested: pods=1, used: pods=0, limited: pods=0"#,
            ),
            (
                "FailedCreate",
                security,
                FailureClass::Config,
                r#"the pod is refused: pods "r-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true"#,
            ),
            (
                "FailedMount",
                config_map,
                FailureClass::Config,
                r#"a volume cannot be mounted: configmap "nodata" not found"#,
            ),
            ("FailedBinding", no_class, FailureClass::Infra, no_class),
        ] {
            let event = json!({
                "metadata": {"name": "e"}, "involvedObject": {}, "reason": reason, "message": message, "type": "Warning",
            });
            let event: Event = serde_json::from_value(event).expect("an event");
            assert!(!is_said_by_status(&event), "{reason}");
            let Obstacle { class: found, message } = obstacle(&event);
            assert_eq!((found, message.as_str()), (class, want));
        }
    }
}
