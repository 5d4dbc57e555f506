//! One pass over one pipeline: is its spec accepted, and does its token or its schedule start a run.
//!
//! How its last run did is written at that run's end (`run/finish.rs`).

mod finished_jobs;
mod retention;
mod schedule;
mod start;
mod trigger;

use crate::clock;
use crate::conditions::{self, Condition};
use crate::context::{Context, GuardedPipeline};
use crate::error::{Error, with_causes};
use crate::run::{LoadedRevision, SAID_AFTER};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Patch, PatchParams, PostParams};
use kube::core::PartialObjectMeta;
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tracing::warn;
use trainyard_contract::result::{MESSAGE_BYTES_MAX, cut};
use trainyard_crds::door;
use trainyard_crds::v1alpha1::{MLPipeline, MLPipelineStatus};
use trainyard_engine::Timestamp;
use trainyard_engine::schedule::DueSlots;

/// A pass that was cut off is repeated after this time at the latest: one that has to be earlier is not left to that.
const TIDIED_AGAIN: Duration = Duration::from_secs(60);

/// One pass over one pipeline.
pub(crate) async fn reconcile(pipeline: Arc<GuardedPipeline>, ctx: Arc<Context>) -> Result<Action, Error> {
    let object = match &pipeline.0 {
        Ok(object) => object,
        Err(invalid) => return refuse_unknown(&ctx, &invalid.metadata, &invalid.error).await,
    };
    if object.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    if let Err(faults) = LoadedRevision::new(&object.name_any(), object.spec.clone()) {
        refuse(&ctx, object, &crate::run::first_fault(&faults)).await?;
        return Ok(Action::await_change());
    }
    let started = keep_schedule(&ctx, object).await?;
    let later = match tidy(&ctx, object).await {
        Ok(later) => later,
        // What is to be removed can wait; the next slot cannot.
        Err(error) if started.is_some_and(|wake| wake < TIDIED_AGAIN) => {
            warn!(error = with_causes(&error), "what retention removes is not removed");
            None
        }
        Err(error) => return Err(error),
    };
    Ok(match [started, later].into_iter().flatten().min() {
        Some(wake) => Action::requeue(wake),
        None => Action::await_change(),
    })
}

/// Whether the end of any run makes a model version too many.
pub(crate) fn keeps_few_versions(pipeline: &MLPipeline) -> bool {
    door::retention(&pipeline.spec).model_versions.is_some()
}

/// Removes what is beyond the pipeline's retention, once a run has ended, and Jobs of finished runs. When to look again.
async fn tidy(ctx: &Context, object: &MLPipeline) -> Result<Option<Duration>, Error> {
    let key = format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any());
    let generation = object.metadata.generation;
    if !ctx.tidied.is(&key, generation) {
        ctx.tidied.begin(&key, generation);
        if let Err(error) = retention::keep(ctx, object).await {
            ctx.tidied.undo(&key);
            return Err(error);
        }
    }
    let now = ctx.clock.now();
    let later = finished_jobs::remove(ctx, object, now).await?;
    Ok(later.map(|at| clock::until(now, at)))
}

/// Follows the schedule and the token. When to look again.
async fn keep_schedule(ctx: &Context, object: &MLPipeline) -> Result<Option<Duration>, Error> {
    let now = ctx.clock.now();
    match schedule::nothing_new(object, now) {
        Some(due) => Pass { ctx, object, now }.end(&due).await,
        None => match schedule::read_anew(ctx, object).await? {
            Some(object) if object.metadata.deletion_timestamp.is_none() => {
                let pass = Pass {
                    ctx,
                    object: &object,
                    now,
                };
                match schedule::decide(ctx, &object, now).await {
                    Ok(due) => pass.end(&due).await,
                    Err(error) => Err(pass.say_not_started("a run by `spec.schedule`", error).await),
                }
            }
            // Its end, or its change, wakes another pass.
            _ => Ok(None),
        },
    }
}

/// A pass over a pipeline that can run.
struct Pass<'a> {
    ctx: &'a Context,
    object: &'a MLPipeline,
    now: Timestamp,
}

impl Pass<'_> {
    /// Follows the token, and writes what is known. The runs of `due` are there by now.
    async fn end(&self, due: &DueSlots) -> Result<Option<Duration>, Error> {
        let before = self.object.status.clone().unwrap_or_default();
        let mut status = before.clone();
        status.observed_generation = self.object.metadata.generation;
        accept(&mut status, self.object);
        schedule::keep(&mut status, due);
        status.message = message(&status, self.object, self.now);
        let followed = match trigger::follow(self.ctx, self.object, &before).await {
            Ok(trigger) => {
                status.trigger = trigger;
                Ok(())
            }
            // The schedule goes on all the same; but not all that is asked for is done.
            Err(error) => {
                status.observed_generation = before.observed_generation;
                if self.failures_in_a_row() >= SAID_AFTER {
                    status.message = not_started("the run of `spec.trigger`", &error);
                }
                Err(error)
            }
        };
        write(self.ctx, self.object, before, status).await?;
        self.ctx.metrics.slots_settled(&due.settled);
        self.ctx.events.tell_slots(self.object, &due.settled).await;
        followed?;
        Ok(due.wake_at.map(|at| clock::until(self.now, at)))
    }

    /// Says why a run is not there, once it is no passing moment. What is asked for is not done: the status stays one about the spec
    /// before.
    async fn say_not_started(&self, which: &str, error: Error) -> Error {
        if self.failures_in_a_row() >= SAID_AFTER {
            let before = self.object.status.clone().unwrap_or_default();
            let mut status = before.clone();
            status.message = not_started(which, &error);
            // Where not even that can be written, the log has it.
            let _ = write(self.ctx, self.object, before, status).await;
        }
        error
    }

    fn failures_in_a_row(&self) -> u32 {
        let (namespace, name) = (self.object.namespace().unwrap_or_default(), self.object.name_any());
        self.ctx.failures.in_a_row(&format!("pipeline/{namespace}/{name}"))
    }
}

fn not_started(which: &str, error: &Error) -> String {
    cut(
        &format!("{which} is not started: {}", with_causes(error)),
        MESSAGE_BYTES_MAX,
    )
}

/// What is wrong, and why the schedule starts nothing.
pub(crate) fn message(status: &MLPipelineStatus, object: &MLPipeline, now: Timestamp) -> String {
    let trouble = conditions::trouble(&status.conditions, &["Ready", "Healthy"]);
    let starts_nothing = door::paused(object).or_else(|| {
        let until = schedule::history(status).ahead(now).filter(|_| object.spec.schedule.is_some())?;
        Some(format!(
            "the schedule starts nothing until {until}: the clock was once that far ahead; if it is right now, pause the schedule and let \
             it go on"
        ))
    });
    match (trouble.is_empty(), starts_nothing) {
        (_, None) => trouble,
        (true, Some(why)) => cut(&why, MESSAGE_BYTES_MAX),
        (false, Some(why)) => cut(&format!("{trouble}; {why}"), MESSAGE_BYTES_MAX),
    }
}

fn accept(status: &mut MLPipelineStatus, object: &MLPipeline) {
    let (generation, now) = (object.metadata.generation, clock::now());
    let accepted = Condition::new("Ready", true, "Accepted", "the pipeline can run");
    conditions::set(&mut status.conditions, accepted, generation, now);
    let fine = Condition::new("Stalled", false, "Accepted", "nothing is in the way");
    conditions::set(&mut status.conditions, fine, generation, now);
}

/// Says what is wrong with a spec. Its schedule is not kept meanwhile; what it misses is decided about when it is mended.
async fn refuse(ctx: &Context, object: &MLPipeline, fault: &str) -> Result<(), Error> {
    let (generation, now) = (object.metadata.generation, clock::now());
    let before = object.status.clone().unwrap_or_default();
    let mut status = before.clone();
    status.observed_generation = generation;
    status.next_slot = None;
    for (type_, value) in [("Ready", false), ("Stalled", true)] {
        let refused = Condition::new(type_, value, "InvalidSpec", fault);
        conditions::set(&mut status.conditions, refused, generation, now);
    }
    status.message = conditions::trouble(&status.conditions, &["Ready", "Healthy"]);
    write(ctx, object, before, status).await
}

async fn write(
    ctx: &Context,
    object: &MLPipeline,
    before: MLPipelineStatus,
    status: MLPipelineStatus,
) -> Result<(), Error> {
    if status == before {
        return Ok(());
    }
    let mut object = object.clone();
    object.status = Some(status);
    let pipelines: Api<MLPipeline> = Api::namespaced(ctx.client.clone(), &object.namespace().unwrap_or_default());
    let written = pipelines
        .replace_status(&object.name_any(), &PostParams::default(), &object)
        .await;
    written.map(|_| ()).map_err(Error::kube("write the pipeline's status"))
}

/// Says on a pipeline that this version cannot read it: it is left alone, and the others go on.
async fn refuse_unknown(ctx: &Context, metadata: &ObjectMeta, error: &str) -> Result<Action, Error> {
    let (Some(name), Some(namespace)) = (&metadata.name, &metadata.namespace) else {
        return Ok(Action::await_change());
    };
    let patch = json!({
        "metadata": {"uid": metadata.uid, "resourceVersion": metadata.resource_version},
        "status": {
            "observedGeneration": metadata.generation,
            "message": cut(&format!("this version of Trainyard cannot read the pipeline: {error}"), MESSAGE_BYTES_MAX),
            "conditions": conditions::unknown(&["Ready", "Stalled"], metadata, error),
        },
    });
    // The answer is an object that cannot be read either, but for its metadata.
    let api: Api<PartialObjectMeta<MLPipeline>> = Api::namespaced(ctx.client.clone(), namespace);
    let patched = api
        .patch_status(name, &PatchParams::default(), &Patch::Merge(&patch))
        .await;
    patched.map_err(Error::kube("say that a pipeline cannot be read"))?;
    Ok(Action::await_change())
}
