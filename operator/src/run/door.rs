//! From a raw run to the engine's: a bad object stops here, with the field's name.

use super::revision::LoadedRevision;
use crate::clock::timestamp;
use crate::conditions;
use crate::context::Context;
use crate::error::Error;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Patch, PatchParams};
use kube::core::PartialObjectMeta;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};
use serde_json::json;
use trainyard_contract::result::{MESSAGE_BYTES_MAX, cut};
use trainyard_contract::{RunName, RunUid};
use trainyard_crds::door;
use trainyard_crds::v1alpha1::{MLPipeline, PipelineRun, RunState};
use trainyard_engine::{DesiredState, Run, RunDraft, SpecFault};

/// Which run it is.
pub(super) struct Identity {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: RunName,
    /// Its uid.
    pub uid: RunUid,
}

impl Identity {
    /// Of an object that an API server gave us.
    pub(super) fn of(object: &PipelineRun) -> Result<Self, Error> {
        let broken = |e: trainyard_contract::names::NameError| Error::Internal(e.to_string());
        Ok(Self {
            namespace: object.namespace().unwrap_or_default(),
            name: RunName::parse(object.name_any()).map_err(broken)?,
            uid: RunUid::parse(object.uid().unwrap_or_default()).map_err(broken)?,
        })
    }
}

/// A pipeline that can run.
pub(super) struct Runnable {
    /// As it was read.
    pub object: MLPipeline,
    /// As it was understood.
    pub loaded: LoadedRevision,
}

/// Why a run has no pipeline.
pub(super) enum NoPipeline {
    /// It may still come: the run waits.
    NotThere(String),
    /// The run can never be what it was meant to be.
    Refused(String),
}

/// The pipeline that a new run names.
pub(super) fn pipeline(ctx: &Context, object: &PipelineRun, identity: &Identity) -> Result<Runnable, NoPipeline> {
    let name = &object.spec.pipeline_ref.name;
    let key = ObjectRef::new(name).within(&identity.namespace);
    let Some(found) = ctx.stores.pipelines.get(&key) else {
        return Err(NoPipeline::NotThere(format!(
            "waits for the pipeline `{name}`, which is not in this namespace"
        )));
    };
    let pipeline = match &found.0 {
        Ok(pipeline) => pipeline.clone(),
        Err(invalid) => {
            let cause = &invalid.error;
            return Err(NoPipeline::Refused(format!(
                "the pipeline `{name}` cannot be read by this version: {cause}"
            )));
        }
    };
    if pipeline.metadata.deletion_timestamp.is_some() {
        return Err(NoPipeline::NotThere(format!(
            "waits: the pipeline `{name}` is being deleted"
        )));
    }
    let refused = |faults: Vec<SpecFault>| NoPipeline::Refused(first(&faults));
    let loaded = LoadedRevision::new(name, pipeline.spec.clone())
        .map_err(|faults| NoPipeline::Refused(format!("the pipeline `{name}` cannot run: {}", first(&faults))))?;
    let draft = draft(object, identity, &loaded).map_err(|fault| refused(vec![fault]))?;
    Run::new(&loaded.pipeline, draft).map_err(refused)?;
    Ok(Runnable {
        object: pipeline,
        loaded,
    })
}

/// The first fault, and how many more there are.
pub(crate) fn first(faults: &[SpecFault]) -> String {
    let Some(fault) = faults.first() else {
        return String::new();
    };
    let hint = fault.suggestion.as_ref().map(|s| format!("; {s}")).unwrap_or_default();
    match faults.len() - 1 {
        0 => format!("{fault}{hint}"),
        1 => format!("{fault}{hint}, and 1 more fault"),
        more => format!("{fault}{hint}, and {more} more faults"),
    }
}

/// The engine's run, with what is known of it so far.
pub(super) fn run(object: &PipelineRun, identity: &Identity, revision: &LoadedRevision) -> Result<Run, Error> {
    let broken = |faults: Vec<SpecFault>| Error::Internal(first(&faults));
    let draft = draft(object, identity, revision).map_err(|fault| broken(vec![fault]))?;
    let mut run = Run::new(&revision.pipeline, draft).map_err(broken)?;
    run.state = match object.spec.state.unwrap_or_default() {
        RunState::Running => DesiredState::Running,
        RunState::Suspended => DesiredState::Suspended,
        RunState::Stopped => DesiredState::Stopped,
    };
    if let Some(status) = &object.status {
        run.status = status.known();
    }
    Ok(run)
}

/// The run that an object asks for, not checked.
pub(super) fn draft(
    object: &PipelineRun,
    identity: &Identity,
    revision: &LoadedRevision,
) -> Result<RunDraft, SpecFault> {
    let created = object.creation_timestamp().as_ref().map(timestamp).unwrap_or_default();
    let parameters = object.spec.parameters.iter();
    Ok(RunDraft {
        name: identity.name.clone(),
        uid: identity.uid.clone(),
        created,
        parameters: parameters.map(|p| (p.name.clone(), p.value.clone())).collect(),
        slot: door::run_slot(&revision.spec, object.spec.slot.as_deref(), created)?,
    })
}

/// Says on a run that this version cannot read it: it is left alone, and the others go on.
pub(super) async fn refuse_unknown(ctx: &Context, metadata: &ObjectMeta, error: &str) -> Result<Action, Error> {
    let (Some(name), Some(namespace)) = (&metadata.name, &metadata.namespace) else {
        return Ok(Action::await_change());
    };
    // The answer is an object that cannot be read either, but for its metadata.
    let api: Api<PartialObjectMeta<PipelineRun>> = Api::namespaced(ctx.client.clone(), namespace);
    let patch = json!({
        "metadata": {"uid": metadata.uid, "resourceVersion": metadata.resource_version},
        "status": {
            "observedGeneration": metadata.generation,
            "message": cut(&format!("this version of Trainyard cannot read the run: {error}"), MESSAGE_BYTES_MAX),
            "conditions": conditions::unknown(&["Stalled"], metadata, error),
        },
    });
    let params = PatchParams::default();
    // A pass after our own write comes to the same text, and changes nothing.
    let patched = api.patch_status(name, &params, &Patch::Merge(&patch)).await;
    patched.map_err(Error::kube("say that a run cannot be read"))?;
    Ok(Action::await_change())
}
