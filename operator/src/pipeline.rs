//! One pass over one pipeline: is its spec accepted, and does its token start a run.
//!
//! How its last run did is written at that run's end (`run/finish.rs`).

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
use trainyard_contract::result::{MESSAGE_BYTES_MAX, cut};
use trainyard_crds::v1alpha1::{MLPipeline, MLPipelineStatus};

/// One pass over one pipeline.
pub(crate) async fn reconcile(pipeline: Arc<GuardedPipeline>, ctx: Arc<Context>) -> Result<Action, Error> {
    let object = match &pipeline.0 {
        Ok(object) => object,
        Err(invalid) => return refuse_unknown(&ctx, &invalid.metadata, &invalid.error).await,
    };
    if object.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let before = object.status.clone().unwrap_or_default();
    let mut status = before.clone();
    status.observed_generation = object.metadata.generation;
    match LoadedRevision::new(&object.name_any(), object.spec.clone()) {
        Ok(_) => {
            accept(&mut status, object);
            match trigger::start(&ctx, object, &before).await {
                Ok(trigger) => status.trigger = trigger,
                Err(error) => return Err(say_not_started(&ctx, object, before, error).await),
            }
        }
        Err(faults) => refuse(&mut status, object, "InvalidSpec", &crate::run::first_fault(&faults)),
    }
    status.message = conditions::trouble(&status.conditions, &["Ready", "Healthy"]);
    write(&ctx, object, before, status).await?;
    Ok(Action::await_change())
}

/// Says why the run of a new token is not there, once it is no passing moment. What is asked for is not done: the status stays one about
/// the spec before.
async fn say_not_started(ctx: &Context, object: &MLPipeline, before: MLPipelineStatus, error: Error) -> Error {
    let key = format!(
        "pipeline/{}/{}",
        object.namespace().unwrap_or_default(),
        object.name_any()
    );
    if ctx.failures.in_a_row(&key) >= SAID_AFTER {
        let mut status = before.clone();
        status.message = cut(
            &format!("the run of `spec.trigger` is not started: {}", with_causes(&error)),
            MESSAGE_BYTES_MAX,
        );
        // Where not even that can be written, the log has it.
        let _ = write(ctx, object, before, status).await;
    }
    error
}

fn accept(status: &mut MLPipelineStatus, object: &MLPipeline) {
    let (generation, now) = (object.metadata.generation, clock::now());
    let accepted = Condition::new("Ready", true, "Accepted", "the pipeline can run");
    conditions::set(&mut status.conditions, accepted, generation, now);
    let fine = Condition::new("Stalled", false, "Accepted", "nothing is in the way");
    conditions::set(&mut status.conditions, fine, generation, now);
}

fn refuse(status: &mut MLPipelineStatus, object: &MLPipeline, reason: &str, fault: &str) {
    let (generation, now) = (object.metadata.generation, clock::now());
    for (type_, value) in [("Ready", false), ("Stalled", true)] {
        conditions::set(
            &mut status.conditions,
            Condition::new(type_, value, reason, fault),
            generation,
            now,
        );
    }
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
