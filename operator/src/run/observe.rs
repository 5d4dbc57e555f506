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

/// Brings times that Kubernetes and this operator have written down into the time of the moment.
pub(super) fn in_even_time(observed: &mut Observed, moment: &Moment) {
    for attempt in &mut observed.attempts {
        attempt.created = moment.even(attempt.created);
        match &mut attempt.state {
            AttemptState::Running { began } => *began = moment.even(*began),
            AttemptState::Ended { began, at, ending: _ } => {
                *began = began.map(|began| moment.even(began));
                *at = moment.even(*at);
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

/// When the engine said so; the Job's own time where somebody took the annotation away, or the clock that it was written by was not that of
/// the API server.
fn created(job: &SeenJob) -> Timestamp {
    let said = job
        .annotations()
        .get(CREATED)
        .and_then(|text| Timestamp::parse(text).ok());
    let own = job.metadata.creation_timestamp.as_ref().map(timestamp);
    let (Some(said), Some(own)) = (said, own) else {
        return said.or(own).unwrap_or_default();
    };
    if said.as_millis().abs_diff(own.as_millis()) > APART {
        own
    } else {
        said
    }
}

/// What the attempt was given; one whose annotation somebody took away was given nothing that is known.
fn given(job: &SeenJob) -> trainyard_engine::Given {
    let text = job.annotations().get(GIVEN);
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}
