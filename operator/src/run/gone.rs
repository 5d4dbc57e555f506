//! Attempts that are recorded and not seen any more. Only here is the API server asked about a Job: a store that does not show
//! it may merely be behind.

use super::observe::RunObjects;
use crate::context::Context;
use crate::error::Error;
use crate::names::{self, ATTEMPT, RUN_UID, STAGE};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::ListParams;
use std::time::Duration;
use trainyard_contract::StageName;
use trainyard_engine::{AttemptState, Given, ObservedAttempt, Run};

/// What was found out about attempts without a Job in the store.
#[derive(Default)]
pub(super) struct Missing {
    /// Attempts whose Job is gone and of which no pod is left.
    pub gone: Vec<ObservedAttempt>,
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
        let created = stage.latest.as_ref().and_then(|latest| latest.created_after);
        if is_gone(ctx, namespace, run, &stage.name, stage.attempts).await? {
            missing.gone.push(ObservedAttempt {
                stage: stage.name.clone(),
                attempt: stage.attempts,
                created: created.map_or(run.created, |after| run.created.plus(after)),
                given: Given {
                    input_attempt: stage.latest.as_ref().and_then(|latest| latest.input_attempt),
                    model_version: stage.model_version.clone(),
                },
                state: AttemptState::Gone,
            });
        } else {
            missing.look_again = Some(LOOK_AGAIN);
        }
    }
    Ok(missing)
}

/// Neither the Job nor a pod of the attempt is there: its program runs no more.
async fn is_gone(ctx: &Context, namespace: &str, run: &Run, stage: &StageName, attempt: u32) -> Result<bool, Error> {
    let jobs: Api<Job> = Api::namespaced(ctx.client.clone(), namespace);
    let name = names::job(&run.name, &run.uid, stage, attempt);
    let job = jobs.get_opt(&name).await.map_err(Error::kube("look for a Job"))?;
    if job.is_some_and(|job| names::is_job_of(&job, &run.uid)) {
        return Ok(false);
    }
    let pods: Api<Pod> = Api::namespaced(ctx.client.clone(), namespace);
    let of_attempt = format!("{RUN_UID}={},{STAGE}={stage},{ATTEMPT}={attempt}", run.uid);
    let left = pods
        .list_metadata(&ListParams::default().labels(&of_attempt).limit(1))
        .await
        .map_err(Error::kube("look for pods of an attempt"))?;
    Ok(left.items.is_empty())
}
