//! What is seen of a run's attempts: from the stores only, no request.

use super::ending;
use crate::clock::{APART, Moment, timestamp};
use crate::context::Context;
use crate::names::{self, ATTEMPT, CREATED, GIVEN, RUN_UID, STAGE};
use crate::seen::{SeenJob, SeenPod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use std::sync::Arc;
use trainyard_contract::{RunUid, StageName};
use trainyard_crds::v1alpha1::PipelineRun;
use trainyard_engine::{AttemptState, Observed, ObservedAttempt, Obstacle, Timestamp};

/// The Jobs and pods of one run.
pub(super) struct RunObjects {
    /// Its Jobs, by their controller's uid.
    pub jobs: Vec<Arc<SeenJob>>,
    /// Its pods, by label; whose Job they are of is looked at where it matters.
    pub pods: Vec<Arc<SeenPod>>,
}

impl RunObjects {
    /// Those that the stores show now.
    pub(super) fn of(ctx: &Context, namespace: &str, uid: &RunUid) -> Self {
        let of_run = |metadata: &ObjectMeta| {
            let labels = metadata.labels.as_ref();
            metadata.namespace.as_deref() == Some(namespace)
                && labels.is_some_and(|labels| labels.get(RUN_UID).is_some_and(|u| u == uid.as_str()))
        };
        let is_own = |job: &SeenJob| names::is_controlled_by(job.metadata.owner_references.as_ref(), uid.as_str());
        Self {
            jobs: (ctx.stores.jobs).state_filter(|job| is_own(job) && of_run(&job.metadata)),
            pods: ctx.stores.pods.state_filter(|pod| of_run(&pod.metadata)),
        }
    }

    /// The pods of one attempt, whatever Job they belong to.
    pub(super) fn pods_of(&self, stage: &StageName, attempt: u32) -> Vec<&SeenPod> {
        let is = |pod: &&Arc<SeenPod>| attempt_of(pod.labels()).is_some_and(|(s, a)| s == *stage && a == attempt);
        self.pods.iter().filter(is).map(AsRef::as_ref).collect()
    }

    /// The Job of one attempt.
    pub(super) fn job_of(&self, stage: &StageName, attempt: u32) -> Option<&SeenJob> {
        let is = |job: &&Arc<SeenJob>| attempt_of(job.labels()).is_some_and(|(s, a)| s == *stage && a == attempt);
        self.jobs.iter().find(is).map(AsRef::as_ref)
    }

    /// The attempts as the engine sees them. `noticed` says of an attempt's Job what only events tell, `lost` how one has ended whose node
    /// is lost.
    pub(super) fn observed(
        &self,
        noticed: impl Fn(&SeenJob) -> Option<Obstacle>,
        lost: impl Fn(&SeenJob) -> Option<AttemptState>,
    ) -> Observed {
        let attempts = self.jobs.iter().filter_map(|job| {
            let (stage, attempt) = attempt_of(job.labels())?;
            let pods = self.pods_of(&stage, attempt);
            let stands = match ending::state(job, &pods, noticed(job)) {
                ended @ (AttemptState::Ended { .. } | AttemptState::Gone) => ended,
                open @ (AttemptState::Pending { .. } | AttemptState::Running { .. }) => lost(job).unwrap_or(open),
            };
            Some(ObservedAttempt {
                state: stands,
                created: created(job),
                given: given(job),
                stage,
                attempt,
            })
        });
        Observed {
            attempts: attempts.collect(),
        }
    }
}

/// Brings times that Kubernetes and this operator have written down into even time.
pub(super) fn in_even_time(observed: &mut Observed, even: impl Fn(Timestamp) -> Timestamp) {
    for attempt in &mut observed.attempts {
        attempt.created = even(attempt.created);
        match &mut attempt.state {
            AttemptState::Running { began } => *began = even(*began),
            AttemptState::Ended { began, at, ending: _ } => {
                *began = began.map(&even);
                *at = even(*at);
            }
            AttemptState::Pending { .. } | AttemptState::Gone => {}
        }
    }
}

/// Which attempt an object belongs to, by its labels.
pub(super) fn attempt_of(labels: &std::collections::BTreeMap<String, String>) -> Option<(StageName, u32)> {
    let stage = StageName::parse(labels.get(STAGE)?.as_str()).ok()?;
    Some((stage, labels.get(ATTEMPT)?.parse().ok()?))
}

/// When the engine said so; the Job's own time where somebody took the annotation away, or the API server's clock was set ahead since.
fn created(job: &SeenJob) -> Timestamp {
    let said = job
        .annotations()
        .get(CREATED)
        .and_then(|text| Timestamp::parse(text).ok());
    let own = job.metadata.creation_timestamp.as_ref().map(timestamp);
    said.max(own).unwrap_or_default()
}

/// When a run was created, in even time, at first sight. An attempt that is under way may have been created after a step that only an
/// operator before this one saw: its status, which counts in even time, then says how far the clock was set.
pub(super) fn run_created(object: &PipelineRun, objects: &RunObjects, moment: &Moment) -> Timestamp {
    let created = moment.even(written(object));
    let stages = object.status.iter().flat_map(|status| &status.stages);
    let mut steps = stages.filter_map(|stage| {
        let after = stage.known.latest.as_ref()?.created_after?;
        let job = objects.job_of(&stage.known.name, stage.known.attempts)?;
        let step = moment.even(self::created(job)).as_millis() - created.plus(after).as_millis();
        (step.unsigned_abs() > APART).then_some(step)
    });
    // A later stage has seen more of them.
    let step = steps.next_back().unwrap_or(0);
    Timestamp::from_millis(created.as_millis() + step)
}

/// When the API server says that a run was created.
pub(super) fn written(object: &PipelineRun) -> Timestamp {
    object.creation_timestamp().as_ref().map(timestamp).unwrap_or_default()
}

/// What the attempt was given; one whose annotation somebody took away was given nothing that is known.
fn given(job: &SeenJob) -> trainyard_engine::Given {
    let text = job.annotations().get(GIVEN);
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_step_that_only_the_operator_before_has_seen_stands_between_a_job_and_the_status() {
        let moment = Moment::without_steps(Timestamp::parse("2026-11-24T14:00:00Z").expect("a time"));
        for (what, job_created, created) in [
            ("no step", "2026-11-24T12:15:01Z", "2026-11-24T12:00:00Z"),
            ("an hour ahead", "2026-11-24T13:15:00Z", "2026-11-24T13:00:00Z"),
            ("an hour back", "2026-11-24T11:15:00Z", "2026-11-24T11:00:00Z"),
        ] {
            let run = json!({
                "metadata": {"name": "run", "creationTimestamp": "2026-11-24T12:00:00Z"},
                "spec": {"pipelineRef": {"name": "iris"}},
                "status": {"phase": "Running", "stages": [
                    {"name": "extract", "phase": "Queued", "attempts": 1, "latest": {"createdAfter": "15m"}},
                ]},
            });
            let run: PipelineRun = serde_json::from_value(run).expect("a run");
            let job =
                json!({"metadata": {"creationTimestamp": job_created, "labels": {STAGE: "extract", ATTEMPT: "1"}}});
            let objects = RunObjects {
                jobs: vec![Arc::new(serde_json::from_value(job).expect("a Job"))],
                pods: Vec::new(),
            };
            // Within the second of a Job's time.
            let found = run_created(&run, &objects, &moment);
            assert_eq!(found.to_string(), created, "{what}");
        }
    }
}
