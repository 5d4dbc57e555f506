//! The pipeline as it was when a run began: an immutable `ControllerRevision` that the run names before its first Job.
//!
//! It holds the spec with its defaults, not substituted: as one text, since the API server takes a revision for changed, and refuses
//! that, when whoever changes its owners (the garbage collector) writes keys in another order or a number in another form. It belongs
//! to its pipeline and to the runs that use it, and goes when all of them have gone.

use crate::context::Context;
use crate::error::Error;
use crate::names::{self, MANAGED_BY, OPERATOR, PIPELINE};
use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Resource, ResourceExt};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trainyard_contract::PipelineName;
use trainyard_crds::door;
use trainyard_crds::v1alpha1::{MLPipeline, MLPipelineSpec, PipelineRun, Revision};
use trainyard_engine::{Pipeline, SpecFault};

/// The claim of pipelines that name none: one workspace a namespace.
const CLAIM: &str = "trainyard";

/// A revision, read and checked.
#[derive(Debug)]
pub(crate) struct LoadedRevision {
    /// As it was written.
    pub spec: MLPipelineSpec,
    /// As the engine has it.
    pub pipeline: Pipeline,
}

impl LoadedRevision {
    /// What a spec is as a pipeline of this name.
    ///
    /// # Errors
    /// Every fault of the spec.
    pub(crate) fn new(pipeline: &str, spec: MLPipelineSpec) -> Result<Self, Vec<SpecFault>> {
        let raw = MLPipeline::new(pipeline, spec);
        let pipeline = door::pipeline(&raw)?;
        Ok(Self {
            spec: raw.spec,
            pipeline,
        })
    }

    /// The claim that holds the workspace.
    pub(crate) fn claim_name(&self) -> &str {
        claim_name(&self.spec)
    }
}

/// The claim that holds the workspace of a pipeline.
pub(crate) fn claim_name(spec: &MLPipelineSpec) -> &str {
    let workspace = spec.workspace.as_ref();
    workspace
        .and_then(|workspace| workspace.claim_name.as_deref())
        .unwrap_or(CLAIM)
}

/// Keeps the present spec of `pipeline` for `run`. Repeatable: the name follows from the spec.
pub(super) async fn keep(ctx: &Context, pipeline: &MLPipeline, run: &PipelineRun) -> Result<Revision, Error> {
    let namespace = run.namespace().unwrap_or_default();
    let name = pipeline.name_any();
    let text = spec_text(&pipeline.spec);
    let sha256 = names::sha256(&text);
    let parsed = PipelineName::parse(name.clone()).map_err(|e| Error::Internal(e.to_string()))?;
    let revision = Revision {
        name: names::revision(&parsed, &sha256),
        sha256,
    };
    let api: Api<ControllerRevision> = Api::namespaced(ctx.client.clone(), &namespace);
    let owners = [owner(pipeline), owner(run)];
    for _ in 0..TRIES {
        if share(ctx, &api, &revision.name, &owners).await? {
            return Ok(revision);
        }
        let object = ControllerRevision {
            metadata: ObjectMeta {
                name: Some(revision.name.clone()),
                labels: Some(BTreeMap::from([
                    (MANAGED_BY.to_owned(), OPERATOR.to_owned()),
                    (PIPELINE.to_owned(), name.clone()),
                ])),
                owner_references: Some(owners.to_vec()),
                ..ObjectMeta::default()
            },
            data: Some(RawExtension(json!({"spec": same_in_every_writer(&text)}))),
            revision: pipeline.metadata.generation.unwrap_or_default(),
        };
        match api.create(&PostParams::default(), &object).await {
            Ok(_) => return Ok(revision),
            // Another run of the pipeline has made it meanwhile.
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => return Err(Error::kube("create the revision")(error)),
        }
    }
    Err(Error::Conflict {
        doing: "share the revision",
    })
}

/// How often a revision is looked for anew that comes and goes at the same time.
const TRIES: u32 = 3;
/// How many owners a revision has before finished runs are no longer among them: each is some 150 bytes of an object that may not grow
/// without end, and is written for each run.
const OWNERS: usize = 100;

/// Adds owners to a revision; whether it is there. Each is a patch of its own element, so that many runs at once are in nobody's way.
async fn share(
    ctx: &Context,
    api: &Api<ControllerRevision>,
    name: &str,
    owners: &[OwnerReference],
) -> Result<bool, Error> {
    let patch = |references: serde_json::Value| Patch::Strategic(json!({"metadata": {"ownerReferences": references}}));
    let added = api
        .patch_metadata(name, &PatchParams::default(), &patch(json!(owners)))
        .await;
    let added = match added {
        Ok(added) => added,
        Err(kube::Error::Api(status)) if status.code == 404 => return Ok(false),
        Err(error) => return Err(Error::kube("share the revision")(error)),
    };
    if added.owner_references().len() <= OWNERS {
        return Ok(true);
    }
    let unfinished: BTreeSet<String> = ctx.stores.runs.state().iter().filter_map(|run| run.uid()).collect();
    let surplus = finished_runs(added.owner_references(), &unfinished);
    if !surplus.is_empty() {
        let removed = surplus.iter().map(|uid| json!({"$patch": "delete", "uid": uid}));
        let removed = api
            .patch_metadata(name, &PatchParams::default(), &patch(removed.collect()))
            .await;
        removed.map_err(Error::kube("part the revision from finished runs"))?;
    }
    Ok(true)
}

/// The uids of runs among the owners that have ended: none of them reads it again.
fn finished_runs<'a>(owners: &'a [OwnerReference], unfinished: &BTreeSet<String>) -> Vec<&'a str> {
    let runs = owners.iter().filter(|owner| owner.kind == PipelineRun::kind(&()));
    let ended = runs.filter(|owner| !unfinished.contains(&owner.uid));
    ended.map(|owner| owner.uid.as_str()).collect()
}

/// Makes the revision that a run names anew, where somebody has deleted it and the pipeline still is as it says. Whether it is.
pub(super) async fn make_again(ctx: &Context, pipeline: &MLPipeline, run: &PipelineRun) -> Result<bool, Error> {
    let named = run.status.as_ref().and_then(|status| status.revision.as_ref());
    let still_is = named.is_some_and(|named| named.sha256 == names::sha256(&spec_text(&pipeline.spec)));
    if still_is {
        keep(ctx, pipeline, run).await?;
    }
    Ok(still_is)
}

/// The revision that a run names, from memory or from the API server.
pub(super) async fn load(ctx: &Context, run: &PipelineRun, revision: &Revision) -> Result<Arc<LoadedRevision>, Error> {
    let namespace = run.namespace().unwrap_or_default();
    if let Some(loaded) = ctx.revisions.get(&namespace, &revision.name) {
        return Ok(loaded);
    }
    let api: Api<ControllerRevision> = Api::namespaced(ctx.client.clone(), &namespace);
    let object = api
        .get_opt(&revision.name)
        .await
        .map_err(Error::kube("read the revision"))?
        .ok_or_else(|| Error::RevisionGone(revision.name.clone()))?;
    let data = object.data.unwrap_or_default();
    let spec = data.0["spec"].as_str().unwrap_or_default();
    let spec: MLPipelineSpec = serde_json::from_str(spec).map_err(|e| Error::RevisionUnreadable {
        name: revision.name.clone(),
        cause: e.to_string(),
    })?;
    let loaded =
        LoadedRevision::new(&run.spec.pipeline_ref.name, spec).map_err(|faults| Error::RevisionUnreadable {
            name: revision.name.clone(),
            cause: faults.first().map(ToString::to_string).unwrap_or_default(),
        })?;
    let loaded = Arc::new(loaded);
    ctx.revisions.put(&namespace, &revision.name, Arc::clone(&loaded));
    Ok(loaded)
}

/// A JSON text without the characters that Go's writer escapes and others do not: within a text they stand as escapes already.
fn same_in_every_writer(json: &str) -> String {
    ['<', '>', '&', '\u{2028}', '\u{2029}']
        .into_iter()
        .fold(json.to_owned(), |json, letter| {
            json.replace(letter, &format!("\\u{:04x}", u32::from(letter)))
        })
}

/// A spec has only string keys.
fn spec_text(spec: &MLPipelineSpec) -> String {
    serde_json::to_string(spec).unwrap_or_default()
}

/// An owner that does not control: a revision has several.
fn owner<K: Resource<DynamicType = ()>>(object: &K) -> OwnerReference {
    OwnerReference {
        controller: None,
        block_owner_deletion: None,
        ..object.controller_owner_ref(&()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_its_owners_only_runs_that_have_ended_may_go() {
        let owner = |kind: &str, uid: &str| OwnerReference {
            kind: kind.to_owned(),
            uid: uid.to_owned(),
            ..OwnerReference::default()
        };
        let runs = ["1", "2", "3"].map(|uid| owner("PipelineRun", uid));
        let owners: Vec<_> = [owner("MLPipeline", "pipeline")].into_iter().chain(runs).collect();
        let unfinished = BTreeSet::from(["2".to_owned(), "9".to_owned()]);
        assert_eq!(finished_runs(&owners, &unfinished), ["1", "3"]);
    }
}
