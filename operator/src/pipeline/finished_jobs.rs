//! The Jobs of finished runs: they and their pods would stay in etcd and in everybody's memory.
//!
//! Those of the newest run stay, so that its logs can be read by kubectl; those of an earlier one go some time after their end. What
//! happened is in the run's status by then, the logs are on the volume.

use crate::clock::timestamp;
use crate::context::Context;
use crate::error::Error;
use crate::names::{PIPELINE, RUN_UID};
use crate::seen::SeenJob;
use k8s_openapi::api::batch::v1::Job;
use kube::api::{DeleteParams, ListParams};
use kube::{Api, Resource, ResourceExt};
use std::collections::BTreeMap;
use std::sync::Arc;
use tracing::info;
use trainyard_crds::v1alpha1::MLPipeline;
use trainyard_engine::Timestamp;

/// Removes them. When to look again, if some are left for later.
pub(super) async fn remove(ctx: &Context, pipeline: &MLPipeline, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let namespace = pipeline.namespace().unwrap_or_default();
    let mut later: Option<Timestamp> = None;
    for (run_uid, due) in due(ctx, &namespace, &pipeline.name_any()) {
        if due > now {
            later = Some(later.map_or(due, |earlier| earlier.min(due)));
            continue;
        }
        let api: Api<Job> = Api::namespaced(ctx.client.clone(), &namespace);
        let of_run = ListParams::default().labels(&format!("{RUN_UID}={run_uid}"));
        match api.delete_collection(&DeleteParams::background(), &of_run).await {
            Ok(_) => info!(namespace, run_uid, "the Jobs of a finished run are removed"),
            Err(error) => return Err(Error::kube("remove the Jobs of a finished run")(error)),
        }
    }
    Ok(later)
}

/// The finished runs of a pipeline that have Jobs, but for the newest, and when those go.
fn due(ctx: &Context, namespace: &str, pipeline: &str) -> Vec<(String, Timestamp)> {
    let of_pipeline = |job: &SeenJob| {
        job.metadata.namespace.as_deref() == Some(namespace)
            && job.metadata.deletion_timestamp.is_none()
            && job.labels().get(PIPELINE).is_some_and(|name| name == pipeline)
    };
    let jobs = ctx.stores.jobs.state_filter(of_pipeline);
    let mut by_run: BTreeMap<String, Vec<Arc<SeenJob>>> = BTreeMap::new();
    for job in jobs {
        if let Some(run) = job.labels().get(RUN_UID) {
            by_run.entry(run.clone()).or_default().push(Arc::clone(&job));
        }
    }
    // A run that is not finished is in the store: its Jobs were made by a pass that saw it there.
    let unfinished = ctx
        .stores
        .runs
        .state_filter(|run| run.meta().namespace.as_deref() == Some(namespace));
    for run in unfinished.iter().filter_map(|run| run.uid()) {
        by_run.remove(&run);
    }
    let began = |jobs: &[Arc<SeenJob>]| jobs.iter().filter_map(|job| created(job)).max();
    let newest = by_run.iter().max_by_key(|(run, jobs)| (began(jobs), (*run).clone()));
    let newest = newest.map(|(run, _)| run.clone());
    let kept = ctx.settings.finished_jobs_kept;
    let others = by_run.into_iter().filter(|(run, _)| Some(run) != newest.as_ref());
    let due = others.map(|(run, jobs)| {
        let ended = jobs.iter().filter_map(|job| ended(job)).max().unwrap_or_default();
        (run, ended.plus(kept))
    });
    due.collect()
}

fn created(job: &SeenJob) -> Option<Timestamp> {
    job.metadata.creation_timestamp.as_ref().map(timestamp)
}

/// When a Job ended; one that has not, but whose run has, as if it had when it began.
fn ended(job: &SeenJob) -> Option<Timestamp> {
    let failed = job
        .status
        .conditions
        .iter()
        .flatten()
        .filter_map(|c| c.last_transition_time.as_ref());
    let times = job.status.completion_time.iter().chain(failed).map(timestamp);
    times.max().or_else(|| created(job))
}
