//! Causes of waiting that exist only as events: a quota, Pod Security or a webhook that refuses the pod, a ConfigMap or a volume
//! that cannot be mounted, an image that is still being pulled. Asked for on demand, a few seconds after an attempt should have
//! begun; events are never watched.

use super::ending::{self, Waits, words};
use super::observe::{RunObjects, attempt_of};
use crate::clock::{Moment, timestamp};
use crate::context::Context;
use crate::memory::{Stands, Told};
use crate::seen::{SeenJob, SeenPod};
use k8s_openapi::api::core::v1::{Event, PersistentVolumeClaim};
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use std::time::Duration;
use tracing::warn;
use trainyard_contract::FailureClass;
use trainyard_engine::Obstacle;

/// How long a Job may have no pod before its events are read.
const NO_POD: Duration = Duration::from_secs(3);
/// How long a pod may take to begin before its events are read.
const NOT_BEGUN: Duration = Duration::from_secs(5);
/// Annotation of a claim: who has been asked for its volume.
const PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
/// How long the API server may take for events: others wait for theirs meanwhile.
const READ_WITHIN: Duration = Duration::from_secs(10);
/// How many events of one object are read.
const EVENTS_MAX: u32 = 50;
/// Why the kubelet tells that an image is on its way to the node, and that it is there: no warnings.
const PULLING: &str = "Pulling";
const PULLED: &str = "Pulled";

/// Reads the events of attempts that wait and do not say for what. Returns when to look again.
pub(super) async fn notice(
    ctx: &Context,
    run: &str,
    namespace: &str,
    objects: &RunObjects,
    claim: &str,
    moment: &Moment,
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
            Duration::from_millis(
                moment
                    .now
                    .since(ctx.times.even(run, timestamp(&since), moment))
                    .as_millis(),
            )
        });
        let due = patience.saturating_sub(age).max(ctx.notices.due_in(run, &job_uid));
        let next = match due.is_zero().then(|| ctx.event_reads.begin()) {
            None => due,
            Some(None) => ctx.notices.put_off(run, &job_uid, stands),
            Some(Some(read)) => {
                let told = if waits == Waits::ForClaim {
                    of_claim(ctx, namespace, claim).await
                } else {
                    told(&events(ctx, namespace, &format!("involvedObject.uid={uid}")).await)
                };
                let told = match told {
                    // Where the claim's events do not say it either; or the scheduler has a node for the pod and waits, without a
                    // word, for the volume.
                    Told::Nothing if waits == Waits::ForClaim || stands == Stands::WithoutNode => {
                        provisioner(ctx, namespace, claim).await
                    }
                    told => told,
                };
                drop(read);
                ctx.notices.looked(run, &job_uid, stands, told);
                ctx.notices.due_in(run, &job_uid)
            }
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
async fn of_claim(ctx: &Context, namespace: &str, claim: &str) -> Told {
    let of_claim = format!("involvedObject.kind=PersistentVolumeClaim,involvedObject.name={claim}");
    let events = events(ctx, namespace, &of_claim).await;
    let telling = events.iter().filter(|event| !is_said_by_status(event));
    telling
        .max_by_key(|event| time_of(event))
        .map(obstacle)
        .map_or(Told::Nothing, |found| {
            Told::Cause(Obstacle {
                message: format!("the workspace's claim `{claim}` is not bound: {}", found.message),
                ..found
            })
        })
}

/// Who is to make the volume of the workspace's claim, where that is what is missing.
async fn provisioner(ctx: &Context, namespace: &str, claim: &str) -> Told {
    let api: Api<PersistentVolumeClaim> = Api::namespaced(ctx.client.clone(), namespace);
    let known = match api.get_opt(claim).await {
        Ok(Some(known)) => known,
        Ok(None) => return Told::Nothing,
        Err(error) => {
            warn!(%error, namespace, claim, "the claim cannot be read; what an attempt waits for may stay unknown");
            return Told::Nothing;
        }
    };
    let phase = known.status.as_ref().and_then(|status| status.phase.as_deref());
    let provisioner = known.annotations().get(PROVISIONER);
    let class = known.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref());
    let class = class.unwrap_or_default();
    match provisioner.filter(|_| phase == Some("Pending")) {
        None => Told::Nothing,
        Some(provisioner) => Told::Cause(Obstacle {
            class: FailureClass::Infra,
            message: format!(
                "the workspace's claim `{claim}` of class `{class}` is not bound: {provisioner} has not made its volume yet"
            ),
        }),
    }
}

/// The events of an object; none where they cannot be read.
async fn events(ctx: &Context, namespace: &str, of_object: &str) -> Vec<Event> {
    let api: Api<Event> = Api::namespaced(ctx.client.clone(), namespace);
    let of_object = ListParams::default().fields(of_object).limit(EVENTS_MAX);
    match tokio::time::timeout(READ_WITHIN, api.list(&of_object)).await {
        Ok(Ok(events)) => events.items,
        Ok(Err(error)) => {
            warn!(%error, namespace, "events cannot be read; what an attempt waits for may stay unknown");
            Vec::new()
        }
        Err(_) => {
            warn!(
                namespace,
                "events are not answered; what an attempt waits for may stay unknown"
            );
            Vec::new()
        }
    }
}

/// What the newest telling event of a Job or a pod says. Warnings tell, and the way of an image, which has no other trace while it
/// is pulled: with the image there, what came before it is over.
fn told(events: &[Event]) -> Told {
    let has = |event: &Event, reason: &str| event.reason.as_deref() == Some(reason);
    let is_warning = |event: &Event| event.type_.as_deref() == Some("Warning");
    let telling = events
        .iter()
        .filter(|event| has(event, PULLING) || has(event, PULLED) || (is_warning(event) && !is_said_by_status(event)));
    // Times have whole seconds, in which a small image is pulled.
    match telling.max_by_key(|event| (time_of(event), has(event, PULLED))) {
        None => Told::Nothing,
        Some(event) if has(event, PULLED) => Told::Over,
        Some(event) => Told::Cause(obstacle(event)),
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
            format!("the namespace's quota has no room for the pod: {}", refusal(said)),
        ),
        // Nobody refused it: who is to be asked is not there.
        "FailedCreate" if said.contains("failed calling webhook") => {
            let said = said.strip_prefix("Internal error occurred: ").unwrap_or(said);
            (FailureClass::Infra, format!("the pod is not admitted: {said}"))
        }
        "FailedCreate" => (FailureClass::Config, format!("the pod is refused: {}", refusal(said))),
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
        // `Pulling image "ghcr.io/…"`
        PULLING => {
            let image = said.rsplit(' ').next().unwrap_or(said).trim_matches('"');
            (FailureClass::Config, format!("pulling image {image}"))
        }
        _ => (FailureClass::Infra, format!("{reason}: {said}")),
    };
    Obstacle { class, message }
}

/// `MountVolume.SetUp failed for volume "source" : configmap "sample-data" not found` begins with what nobody needs.
fn without_pod_names(said: &str) -> &str {
    said.rsplit_once(" : ").map_or(said, |(_, cause)| cause)
}

/// `pods "…" is forbidden: ValidatingAdmissionPolicy 'owners' with binding 'owners' denied request: no owner` without what comes
/// before the words of who refused, which would be cut off instead: a pod that never was has a name that helps nobody.
fn refusal(said: &str) -> String {
    let said = said.split_once(" is forbidden: ").map_or(said, |(_, refusal)| refusal);
    let policy = said
        .split_once(" denied request: ")
        .and_then(|(who, words)| Some((who.split_once(" with binding ")?.0, words)));
    policy.map_or_else(|| said.to_owned(), |(policy, words)| format!("{policy}: {words}"))
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
        let policy = r#"Error creating: pods "r-x" is forbidden: ValidatingAdmissionPolicy 'owners' with binding 'owners' denied request: no owner"#;
        let webhook = r#"Error creating: Internal error occurred: failed calling webhook "pods.guard.example": failed to call webhook: Post "https://guard.ml.svc:443/pods?timeout=10s": service "guard" not found"#;
        let config_map = r#"MountVolume.SetUp failed for volume "source" : configmap "nodata" not found"#;
        let no_class = "no persistent volumes available for this claim and no storage class is set";
        for (reason, message, class, want) in [
            (
                "FailedCreate",
                quota,
                FailureClass::Infra,
                "the namespace's quota has no room for the pod: exceeded quota: tight, requested: pods=1, used: pods=0, limited: pods=0",
            ),
            (
                "FailedCreate",
                security,
                FailureClass::Config,
                r#"the pod is refused: violates PodSecurity "restricted:latest": runAsNonRoot != true"#,
            ),
            (
                "FailedCreate",
                policy,
                FailureClass::Config,
                "the pod is refused: ValidatingAdmissionPolicy 'owners': no owner",
            ),
            (
                "FailedCreate",
                webhook,
                FailureClass::Infra,
                r#"the pod is not admitted: failed calling webhook "pods.guard.example": failed to call webhook: Post "https://guard.ml.svc:443/pods?timeout=10s": service "guard" not found"#,
            ),
            (
                "FailedMount",
                config_map,
                FailureClass::Config,
                r#"a volume cannot be mounted: configmap "nodata" not found"#,
            ),
            ("FailedBinding", no_class, FailureClass::Infra, no_class),
            (
                "Pulling",
                r#"Pulling image "ghcr.io/trainyard/trainyard-worker:0.1.0""#,
                FailureClass::Config,
                "pulling image ghcr.io/trainyard/trainyard-worker:0.1.0",
            ),
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

    /// The newest of these, as Kubernetes 1.36 dates and types them, in the words of [`Told`].
    #[test]
    fn the_newest_telling_event_counts_and_an_image_that_is_there_ends_what_was_before() {
        let scheduled = ("Normal", "Scheduled", "Successfully assigned ns/r-x to node-a");
        let mount = (
            "Warning",
            "FailedMount",
            r#"MountVolume.SetUp failed for volume "source" : configmap "d" not found"#,
        );
        let pulling = ("Normal", "Pulling", r#"Pulling image "i:1""#);
        let pulled = ("Normal", "Pulled", r#"Successfully pulled image "i:1" in 214ms"#);
        let back_off = ("Warning", "BackOff", r#"Back-off pulling image "i:1""#);
        let says = |text: &str| format!("cause: {text}");
        let missing = says(r#"a volume cannot be mounted: configmap "d" not found"#);
        for (name, events, want) in [
            ("nothing yet", vec![], "nothing".to_owned()),
            ("the ordinary way", vec![(0, scheduled)], "nothing".to_owned()),
            (
                "an image on its way",
                vec![(0, scheduled), (1, pulling)],
                says("pulling image i:1"),
            ),
            (
                "pulled within the second",
                vec![(1, pulling), (1, pulled)],
                "over".to_owned(),
            ),
            (
                "listed the other way round",
                vec![(1, pulled), (1, pulling)],
                "over".to_owned(),
            ),
            (
                "pulled anew",
                vec![(1, pulled), (2, pulling)],
                says("pulling image i:1"),
            ),
            ("a mount that failed", vec![(0, scheduled), (1, mount)], missing.clone()),
            (
                "a mount that failed at first",
                vec![(1, mount), (9, pulling)],
                says("pulling image i:1"),
            ),
            (
                "what the pod's status says better",
                vec![(1, mount), (9, back_off)],
                missing,
            ),
        ] {
            let events: Vec<Event> = events
                .into_iter()
                .map(|(second, (type_, reason, message))| {
                    let event = json!({
                        "metadata": {"name": "e"}, "involvedObject": {}, "type": type_, "reason": reason,
                        "message": message, "lastTimestamp": format!("2026-11-24T10:00:0{second}Z"),
                    });
                    serde_json::from_value(event).expect("an event")
                })
                .collect();
            let said = match told(&events) {
                Told::Nothing => "nothing".to_owned(),
                Told::Over => "over".to_owned(),
                Told::Cause(obstacle) => says(&obstacle.message),
            };
            assert_eq!(said, want, "{name}");
        }
    }
}
