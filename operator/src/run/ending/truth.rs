//! What each combination of a Job and its pods means. The conditions and messages are those that Kubernetes 1.36 wrote.

use super::*;
use crate::seen::{slim_job, slim_pod};
use serde_json::{Value, json};
use trainyard_engine::Obstacle;

const JOB_UID: &str = "job-uid";

#[expect(clippy::needless_pass_by_value, reason = "so that the table reads well")]
fn job(conditions: Value) -> SeenJob {
    serde_json::from_value(json!({
        "metadata": {"name": "r-extract-1-0aa1bb", "uid": JOB_UID},
        "status": {"conditions": conditions},
    }))
    .expect("a Job")
}

fn failed(reason: &str, message: &str) -> SeenJob {
    job(json!([
        {"type": "FailureTarget", "status": "True", "reason": reason, "message": message, "lastTransitionTime": "2026-11-24T05:30:08Z"},
        {"type": "Failed", "status": "True", "reason": reason, "message": message, "lastTransitionTime": "2026-11-24T05:30:09Z"},
    ]))
}

fn complete() -> SeenJob {
    job(json!([{"type": "Complete", "status": "True", "lastTransitionTime": "2026-11-24T05:30:09Z"}]))
}

/// A pod of the Job with this phase, and the state of its container `stage`, behind one that a mesh put first.
#[expect(clippy::needless_pass_by_value, reason = "so that the table reads well")]
fn pod(phase: &str, state: Value) -> SeenPod {
    serde_json::from_value(json!({
        "metadata": {
            "name": "p",
            "creationTimestamp": "2026-11-24T05:30:00Z",
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": JOB_UID, "controller": true}],
        },
        "spec": {"nodeName": "node-a"},
        "status": {
            "phase": phase,
            "containerStatuses": [
                {"name": "istio-proxy", "image": "i", "imageID": "i", "ready": false, "restartCount": 0,
                 "state": {"terminated": {"exitCode": 1, "message": "not ours"}}},
                {"name": "stage", "image": "i", "imageID": "i", "ready": false, "restartCount": 0, "state": state},
            ],
        },
    }))
    .expect("a pod")
}

/// The end of the container, one second after its begin.
fn terminated(exit_code: i32, reason: &str, message: &str) -> Value {
    json!({"terminated": {
        "exitCode": exit_code, "reason": reason, "message": message,
        "startedAt": "2026-11-24T05:30:02Z", "finishedAt": "2026-11-24T05:30:03Z",
    }})
}

fn with(mut pod: SeenPod, change: impl FnOnce(&mut SeenPod)) -> SeenPod {
    change(&mut pod);
    pod
}

fn disrupted(pod: SeenPod) -> SeenPod {
    let conditions = json!([{"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}]);
    with(pod, |pod| {
        pod.status.conditions = serde_json::from_value(conditions).expect("conditions");
    })
}

const SUCCEEDED: &str = r#"{"outcome":"Succeeded","attempt":1}"#;
const BAD_DATA: &str = r#"{"outcome":"Failed","class":"Data","message":"a null"}"#;
const STOPPED: &str = r#"{"outcome":"Stopped"}"#;

fn of(job: &SeenJob, pods: &[SeenPod]) -> AttemptState {
    let all = |pods: &[SeenPod]| state(job, &pods.iter().collect::<Vec<_>>(), None);
    let said = all(pods);
    // The stores hold less of them, and that has to say the same.
    let (mut slim, mut slimmed) = (job.clone(), pods.to_vec());
    slim_job(&mut slim);
    slimmed.iter_mut().for_each(slim_pod);
    assert_eq!(state(&slim, &slimmed.iter().collect::<Vec<_>>(), None), said);
    said
}

/// A short name of a state, for the table.
fn word(state: &AttemptState) -> String {
    match state {
        AttemptState::Pending { waits_for: None } => "pending".to_owned(),
        AttemptState::Pending {
            waits_for: Some(Obstacle { class, message }),
        } => format!("pending {class}: {message}"),
        AttemptState::Running { .. } => "running".to_owned(),
        AttemptState::Gone => "gone".to_owned(),
        AttemptState::Ended { ending, .. } => match ending {
            Ending::Reported(result) => format!("reported {:?}", result.outcome),
            Ending::Silent { exit_code } => format!("silent {exit_code:?}"),
            Ending::Killed { signal } => format!("killed {signal}"),
            Ending::Evicted { .. } => "evicted".to_owned(),
            Ending::OutOfMemory { .. } => "out of memory".to_owned(),
            Ending::NotStarted { class, .. } => format!("not started {class}"),
        },
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, a line a combination")]
fn the_truth_table() {
    let open = || job(json!([]));
    let running = || pod("Running", json!({"running": {"startedAt": "2026-11-24T05:30:02Z"}}));
    let succeeded = || pod("Succeeded", terminated(0, "Completed", SUCCEEDED));
    let by_policy = "Container stage for pod ml/p failed with exit code 10 matching FailJob rule at index 1";
    let by_disruption = "Pod ml/p has condition DisruptionTarget matching FailJob rule at index 0";
    let policy = |message: &str| failed("PodFailurePolicy", message);
    let failure_target = job(json!([{"type": "FailureTarget", "status": "True", "reason": "PodFailurePolicy"}]));
    let bad_data = || pod("Failed", terminated(10, "Error", BAD_DATA));
    let stopped = || pod("Failed", terminated(143, "Error", STOPPED));
    for (name, job, pods, want) in [
        ("just created", open(), vec![], "pending"),
        ("its program runs", open(), vec![running()], "running"),
        ("a pod succeeded", open(), vec![succeeded()], "reported Succeeded"),
        (
            "whatever the Job says later",
            failed("DeadlineExceeded", "too long"),
            vec![succeeded()],
            "reported Succeeded",
        ),
        (
            "a success without a result",
            open(),
            vec![pod("Succeeded", terminated(0, "Completed", "{"))],
            "running",
        ),
        (
            "and its Job Complete",
            complete(),
            vec![pod("Succeeded", terminated(0, "Completed", "{"))],
            "silent Some(0)",
        ),
        ("Complete, and no pod left", complete(), vec![], "silent Some(0)"),
        ("failed, but the Job not yet", open(), vec![bad_data()], "running"),
        (
            "the failure is only aimed at",
            failure_target,
            vec![bad_data()],
            "running",
        ),
        (
            "the pod says why",
            policy(by_policy),
            vec![bad_data()],
            "reported Failed",
        ),
        (
            "no pod left, the Job says why",
            policy(by_policy),
            vec![],
            "silent Some(10)",
        ),
        ("no pod left, a disruption", policy(by_disruption), vec![], "evicted"),
        (
            "no pod left, no word",
            failed("BackoffLimitExceeded", "Job has reached the specified backoff limit"),
            vec![],
            "silent None",
        ),
        (
            "killed for its memory",
            policy("x"),
            vec![pod("Failed", terminated(137, "OOMKilled", ""))],
            "out of memory",
        ),
        (
            "killed",
            policy("x"),
            vec![pod("Failed", terminated(137, "Error", ""))],
            "silent Some(137)",
        ),
        ("stopped by somebody", policy("x"), vec![stopped()], "reported Stopped"),
        (
            "stopped by an eviction",
            policy("x"),
            vec![disrupted(stopped())],
            "evicted",
        ),
        (
            "its own failure during an eviction",
            policy("x"),
            vec![disrupted(bad_data())],
            "reported Failed",
        ),
        (
            "evicted by the kubelet",
            policy("x"),
            vec![with(pod("Failed", json!({})), |p| {
                p.status.reason = Some("Evicted".into());
            })],
            "evicted",
        ),
        (
            "no such program",
            policy("x"),
            vec![pod(
                "Failed",
                json!({"terminated": {"exitCode": 128, "reason": "StartError", "message": "exec: no such file", "startedAt": "1970-01-01T00:00:00Z"}}),
            )],
            "not started Config",
        ),
        (
            "a pod of another Job",
            open(),
            vec![with(succeeded(), |p| {
                p.metadata.owner_references.as_mut().expect("owners")[0].uid = "other".into();
            })],
            "pending",
        ),
        (
            "an image with a typo",
            open(),
            vec![pod(
                "Pending",
                json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"i\": ErrImagePull: failed to pull and unpack image \"i\": failed to resolve image: failed to do request: Head \"https://localhost/v2\": dial tcp: refused"}}),
            )],
            "pending Config: image i cannot be pulled: Head \"https://localhost/v2\": dial tcp: refused",
        ),
        (
            "no room",
            open(),
            vec![with(pod("Pending", json!({})), |p| {
                let unschedulable = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found."}]);
                p.status.conditions = serde_json::from_value(unschedulable).expect("conditions");
                p.status.container_statuses = None;
            })],
            "pending Infra: no node takes the pod: 0/1 nodes are available: 1 Insufficient cpu",
        ),
    ] {
        assert_eq!(word(&of(&job, &pods)), want, "{name}");
    }
}

/// A Job that a queue holds back is the same attempt, and may own several pods over time: the newest counts.
#[test]
fn a_suspended_job_waits_and_its_newest_pod_counts() {
    let mut held = job(json!([{"type": "Suspended", "status": "True"}]));
    held.spec.suspend = Some(true);
    assert_eq!(
        word(&of(&held, &[])),
        "pending Infra: waits in a queue: its Job is suspended"
    );
    let old = pod("Failed", terminated(143, "Error", STOPPED));
    let new = with(
        pod("Running", json!({"running": {"startedAt": "2026-11-24T06:30:02Z"}})),
        |pod| {
            pod.metadata.creation_timestamp = serde_json::from_value(json!("2026-11-24T06:30:00Z")).expect("a time");
        },
    );
    let resumed = job(json!([]));
    let AttemptState::Running { began } = of(&resumed, &[new, old]) else {
        unreachable!("the newest pod runs")
    };
    assert_eq!(began, Timestamp::parse("2026-11-24T06:30:02Z").expect("a time"));
}

#[test]
fn an_exit_code_is_found_in_the_words_of_a_condition() {
    for (message, want) in [
        (
            "Container stage for pod ns/x failed with exit code 10 matching FailJob rule at index 1",
            Some(10),
        ),
        (
            "Container stage for pod ns/x failed with exit code 143 matching FailJob rule at index 1",
            Some(143),
        ),
        ("Job has reached the specified backoff limit", None),
        ("failed with exit code ", None),
        ("", None),
    ] {
        assert_eq!(exit_code_in(message), want, "{message}");
    }
}
