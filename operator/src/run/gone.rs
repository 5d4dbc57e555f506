//! Attempts that are recorded and not seen any more. Only here is the API server asked about a Job: a store that does not show
//! it may merely be behind.

use super::observe::RunObjects;
use crate::context::Context;
use crate::error::Error;
use crate::names::{self, ATTEMPT, RUN_UID, STAGE};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use std::time::Duration;
use trainyard_contract::{FailureClass, StageName};
use trainyard_engine::{AttemptState, Given, ObservedAttempt, Obstacle, Run};

/// What was found out about attempts without a Job in the store.
#[derive(Default)]
pub(super) struct Missing {
    /// Attempts whose Job is gone: over, or with a pod that still runs.
    pub attempts: Vec<ObservedAttempt>,
    /// What a person should know of one whose pod still runs.
    pub said: Option<String>,
    /// When to look again, where something is still there.
    pub look_again: Option<Duration>,
}

/// How long until another look: the watch usually comes first.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Looks for the open attempts of `run` whose Job the store does not show.
pub(super) async fn look(ctx: &Context, namespace: &str, run: &Run, objects: &RunObjects) -> Result<Missing, Error> {
    let mut missing = Missing::default();
    for stage in &run.status.stages {
        let open = stage.latest.as_ref().is_some_and(|latest| latest.verdict.is_none());
        if !open || objects.job_of(&stage.name, stage.attempts).is_some() {
            continue;
        }
        let state = match left(ctx, namespace, run, &stage.name, stage.attempts).await? {
            Left::Job => None,
            // The engine remembers when it began, if it has.
            Left::Pod(pod) => {
                let waits_for = still_runs(&pod);
                missing.said = Some(format!("`{}`: {}", stage.name, waits_for.message));
                Some(AttemptState::Pending {
                    waits_for: Some(waits_for),
                })
            }
            Left::Nothing => Some(AttemptState::Gone),
        };
        if state != Some(AttemptState::Gone) {
            missing.look_again = Some(LOOK_AGAIN);
        }
        let created = stage.latest.as_ref().and_then(|latest| latest.created_after);
        if let Some(state) = state {
            missing.attempts.push(ObservedAttempt {
                stage: stage.name.clone(),
                attempt: stage.attempts,
                created: created.map_or(run.created, |after| run.created.plus(after)),
                given: Given {
                    input_attempt: stage.latest.as_ref().and_then(|latest| latest.input_attempt),
                    model_version: stage.model_version.clone(),
                },
                state,
            });
        }
    }
    Ok(missing)
}

/// What is left of an attempt.
enum Left {
    Job,
    /// A pod of this name that has not ended, as whoever deletes a Job with `--cascade=orphan` leaves it.
    Pod(String),
    /// Its program runs no more.
    Nothing,
}

async fn left(ctx: &Context, namespace: &str, run: &Run, stage: &StageName, attempt: u32) -> Result<Left, Error> {
    let jobs: Api<Job> = Api::namespaced(ctx.client.clone(), namespace);
    let name = names::job(&run.name, &run.uid, stage, attempt);
    let job = jobs.get_opt(&name).await.map_err(Error::kube("look for a Job"))?;
    if job.is_some_and(|job| names::is_job_of(&job, &run.uid)) {
        return Ok(Left::Job);
    }
    let pods: Api<Pod> = Api::namespaced(ctx.client.clone(), namespace);
    let of_attempt = format!("{RUN_UID}={},{STAGE}={stage},{ATTEMPT}={attempt}", run.uid);
    let running = ListParams::default()
        .labels(&of_attempt)
        .fields("status.phase!=Succeeded,status.phase!=Failed")
        .limit(1);
    let pods = pods
        .list_metadata(&running)
        .await
        .map_err(Error::kube("look for pods of an attempt"))?;
    Ok(pods
        .items
        .first()
        .map_or(Left::Nothing, |pod| Left::Pod(pod.name_any())))
}

/// The operator may delete no pod: that is left to people, or to the time that the pod may take.
fn still_runs(pod: &str) -> Obstacle {
    Obstacle {
        class: FailureClass::Infra,
        message: format!("its Job is gone, and pod {pod} still runs: it goes on when that ends, or is deleted"),
    }
}
