//! Jobs at their end whose pod the store does not show at its own: the watch of pods may merely be behind that of Jobs. Only here is
//! the API server asked about pods of a Job that is there. Without it an attempt whose result is only late would count as one without
//! a result, and be made again.

use super::ending;
use super::observe::{RunObjects, attempt_of};
use crate::context::Context;
use crate::error::Error;
use crate::names::{ATTEMPT, RUN_UID, STAGE};
use crate::seen::{SeenJob, SeenPod};
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use std::sync::Arc;
use trainyard_contract::StageName;
use trainyard_engine::{Run, RunStatus};

/// Replaces the pods of such attempts of `run` by those that there are now.
pub(super) async fn look(ctx: &Context, namespace: &str, run: &Run, objects: &mut RunObjects) -> Result<(), Error> {
    for (stage, attempt) in late(&run.status, objects) {
        let pods: Api<SeenPod> = Api::namespaced(ctx.client.clone(), namespace);
        let of_attempt = format!("{RUN_UID}={},{STAGE}={stage},{ATTEMPT}={attempt}", run.uid);
        let found = pods.list(&ListParams::default().labels(&of_attempt)).await;
        let found = found.map_err(Error::kube("look for the pods of an attempt"))?;
        objects
            .pods
            .retain(|pod| attempt_of(pod.labels()).is_none_or(|(s, a)| (s, a) != (stage.clone(), attempt)));
        objects.pods.extend(found.items.into_iter().map(Arc::new));
    }
    Ok(())
}

/// Attempts without a verdict whose Job is at its end, and none of its pods in the store.
fn late(status: &RunStatus, objects: &RunObjects) -> Vec<(StageName, u32)> {
    let late = objects.jobs.iter().filter_map(|job| {
        let (stage, attempt) = attempt_of(job.labels())?;
        let pods = objects.pods_of(&stage, attempt);
        (is_open(status, &stage, attempt) && ending::is_at_its_end(job) && !shows_an_end(job, &pods))
            .then_some((stage, attempt))
    });
    late.collect()
}

fn is_open(status: &RunStatus, stage: &StageName, attempt: u32) -> bool {
    let known = status.stage(stage);
    let verdict = known.and_then(|known| known.latest.as_ref()?.verdict.as_ref());
    let latest = known.map_or(0, |known| known.attempts);
    attempt > latest || (attempt == latest && verdict.is_none())
}

fn shows_an_end(job: &SeenJob, pods: &[&SeenPod]) -> bool {
    let ended = |pod: &&SeenPod| matches!(pod.status.phase.as_deref(), Some("Succeeded" | "Failed"));
    ending::pods_of(job, pods).iter().any(ended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use trainyard_engine::StageStatus;

    fn labels(attempt: u32) -> Value {
        json!({STAGE: "train", ATTEMPT: attempt.to_string()})
    }

    fn job(attempt: u32, condition: &str) -> Arc<SeenJob> {
        let job = json!({
            "metadata": {"uid": "job", "labels": labels(attempt)},
            "status": {"conditions": [{"type": condition, "status": "True"}]},
        });
        Arc::new(serde_json::from_value(job).expect("a Job"))
    }

    fn pod(of: &str, phase: &str) -> Arc<SeenPod> {
        let owner = json!({"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": of, "controller": true});
        let pod = json!({
            "metadata": {"labels": labels(1), "ownerReferences": [owner]},
            "status": {"phase": phase},
        });
        Arc::new(serde_json::from_value(pod).expect("a pod"))
    }

    #[test]
    fn an_end_without_its_pod_s_is_looked_into_once() {
        let train = StageName::parse("train").expect("a name");
        let begun = |attempts| RunStatus {
            stages: vec![StageStatus {
                attempts,
                ..StageStatus::new(train.clone())
            }],
            ..RunStatus::default()
        };
        for (what, status, jobs, pods, want) in [
            ("no pod yet", begun(1), job(1, "Complete"), vec![], 1),
            (
                "it still runs, as far as is known",
                begun(1),
                job(1, "Failed"),
                vec![pod("job", "Running")],
                1,
            ),
            (
                "its end is there",
                begun(1),
                job(1, "Complete"),
                vec![pod("job", "Succeeded")],
                0,
            ),
            (
                "the end of another Job's pod",
                begun(1),
                job(1, "Complete"),
                vec![pod("other", "Succeeded")],
                1,
            ),
            (
                "the Job is not at its end",
                begun(1),
                job(1, "FailureTarget"),
                vec![],
                0,
            ),
            ("a later attempt has begun", begun(2), job(1, "Failed"), vec![], 0),
            ("nobody has written it down", begun(0), job(1, "Complete"), vec![], 1),
        ] {
            let objects = RunObjects { jobs: vec![jobs], pods };
            assert_eq!(late(&status, &objects).len(), want, "{what}");
        }
    }
}
