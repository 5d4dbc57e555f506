//! `spec.retention`: finished runs that the operator made, and model versions, beyond what is kept.
//!
//! The folder of each is written down in the pipeline's status first, then the object is deleted, and the first stage of the next run
//! removes the folder (`run/care.rs`): cut off anywhere, nothing is forgotten. Runs that somebody made are left to them.

use super::schedule;
use crate::clock::timestamp;
use crate::context::Context;
use crate::error::Error;
use crate::names::{self, CLAIM, FINISHED, KEEP, PIPELINE, SLOT, TRIGGER};
use crate::seen::SeenVersion;
use kube::api::{DeleteParams, ListParams, PostParams, Preconditions};
use kube::core::PartialObjectMeta;
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use tracing::{info, warn};
use trainyard_contract::{ModelVersionName, RunName, RunUid, layout};
use trainyard_crds::door::retention;
use trainyard_crds::v1alpha1::{MLPipeline, PipelineRun, REMOVED_FOLDERS_MAX, RemovedFolder};
use trainyard_engine::retention::{FinishedRun, surplus_runs, surplus_versions};

/// How many objects a list brings at once.
const PAGE: u32 = 500;

/// Something that retention removes.
struct Surplus {
    folder: RemovedFolder,
    name: String,
    uid: Option<String>,
    /// As it was read: one that somebody has labelled since then stays.
    resource_version: Option<String>,
}

/// Removes what is beyond the pipeline's retention.
pub(super) async fn keep(ctx: &Context, pipeline: &MLPipeline) -> Result<(), Error> {
    let Some(mut pipeline) = schedule::read_anew(ctx, pipeline).await? else {
        return Ok(());
    };
    let runs = old_runs(ctx, &pipeline).await?;
    let versions = old_versions(ctx, &pipeline).await?;
    if runs.is_empty() && versions.is_empty() {
        return Ok(());
    }
    let namespace = pipeline.namespace().unwrap_or_default();
    let mut status = pipeline.status.clone().unwrap_or_default();
    let new = runs.iter().chain(&versions).map(|surplus| &surplus.folder);
    let new: Vec<_> = new
        .filter(|folder| !status.removed_folders.contains(folder))
        .cloned()
        .collect();
    if !new.is_empty() {
        status.removed_folders.extend(new);
        let forgotten = status.removed_folders.len().saturating_sub(REMOVED_FOLDERS_MAX);
        for RemovedFolder { path, .. } in status.removed_folders.drain(..forgotten) {
            // Nobody has come by to remove it for very long: objects that pile up are worse than a folder that stays.
            warn!(
                namespace,
                path, "the list of removed folders is full: the oldest stays on its volume"
            );
        }
        pipeline.status = Some(status);
        let api: Api<MLPipeline> = Api::namespaced(ctx.client.clone(), &namespace);
        let written = api
            .replace_status(&pipeline.name_any(), &PostParams::default(), &pipeline)
            .await;
        written.map_err(Error::kube("write down what retention removes"))?;
    }
    for run in &runs {
        delete::<PipelineRun>(ctx, &namespace, run).await?;
    }
    for version in &versions {
        delete::<SeenVersion>(ctx, &namespace, version).await?;
    }
    Ok(())
}

async fn old_runs(ctx: &Context, pipeline: &MLPipeline) -> Result<Vec<Surplus>, Error> {
    let name = pipeline.name_any();
    let labels = format!("{PIPELINE}={name},{TRIGGER},{FINISHED},{KEEP}!=true");
    let runs: Api<PipelineRun> = Api::namespaced(ctx.client.clone(), &pipeline.namespace().unwrap_or_default());
    let mut finished = Vec::new();
    let mut objects = BTreeMap::new();
    let mut page = ListParams::default().labels(&labels).limit(PAGE);
    loop {
        let list = Error::kube("list the finished runs of a pipeline");
        let runs = runs.list_metadata(&page).await.map_err(list)?;
        for run in &runs.items {
            if let Some((finished_run, uid)) = finished_run(pipeline, run) {
                let claim = run.annotations().get(CLAIM).cloned();
                objects.insert(finished_run.name.clone(), (uid, claim, run.resource_version()));
                finished.push(finished_run);
            }
        }
        match runs.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => break,
        }
    }
    let last_slot = pipeline.status.as_ref().and_then(|status| status.last_slot.as_ref());
    // A run that a clock far ahead has started stays: its slot may yet come, and would run again.
    let last_slot = last_slot.map(|last| timestamp(last).min(ctx.clock.now()));
    let surplus = surplus_runs(finished, retention(&pipeline.spec), last_slot);
    let claim = crate::run::claim_name(&pipeline.spec);
    let surplus = surplus.into_iter().filter_map(|run| {
        let (uid, of_run, resource_version) = objects.get(&run.name)?;
        Some(Surplus {
            folder: RemovedFolder {
                claim_name: of_run.as_deref().unwrap_or(claim).to_owned(),
                path: layout::run_folder(&run.name, uid).to_string(),
            },
            name: run.name.to_string(),
            uid: Some(uid.to_string()),
            resource_version: resource_version.clone(),
        })
    });
    Ok(surplus.collect())
}

/// One that this very pipeline owns.
fn finished_run(pipeline: &MLPipeline, run: &PartialObjectMeta<PipelineRun>) -> Option<(FinishedRun, RunUid)> {
    let owners = run.meta().owner_references.as_ref();
    if run.meta().deletion_timestamp.is_some() || !names::is_controlled_by(owners, &pipeline.uid()?) {
        return None;
    }
    let finished = FinishedRun {
        name: RunName::parse(run.name_any()).ok()?,
        created: run.creation_timestamp().as_ref().map(timestamp)?,
        succeeded: run.labels().get(FINISHED).is_some_and(|end| end == "Succeeded"),
        slot: run.labels().get(SLOT).and_then(|slot| names::slot_of(slot)),
    };
    Some((finished, RunUid::parse(run.uid()?).ok()?))
}

async fn old_versions(ctx: &Context, pipeline: &MLPipeline) -> Result<Vec<Surplus>, Error> {
    let retention = retention(&pipeline.spec);
    if retention.model_versions.is_none() {
        return Ok(Vec::new());
    }
    let api: Api<SeenVersion> = Api::namespaced(ctx.client.clone(), &pipeline.namespace().unwrap_or_default());
    let labels = format!("{PIPELINE}={},{KEEP}!=true", pipeline.name_any());
    let list = Error::kube("list the model versions of a pipeline");
    let known = api.list(&ListParams::default().labels(&labels)).await.map_err(list)?;
    let version_of = |object: &SeenVersion| ModelVersionName::parse(object.spec.version.as_str()).ok();
    let versions = known.items.iter().filter_map(version_of).collect();
    let champion = pipeline.status.as_ref().and_then(|status| status.champion.clone());
    let champion = champion.and_then(|champion| ModelVersionName::parse(champion).ok());
    let under_way: BTreeSet<String> = ctx.stores.runs.state().iter().filter_map(|run| run.uid()).collect();
    // A pipeline that was made again, or restored without its status, knows no champion: its versions do.
    let is_champion = |object: &SeenVersion| match &champion {
        Some(champion) => object.spec.version == champion.as_str(),
        None => object.status.champion,
    };
    let is_needed = |object: &&SeenVersion| is_champion(object) || under_way.contains(&object.spec.run_uid);
    let needed: BTreeSet<&str> = known
        .items
        .iter()
        .filter(is_needed)
        .map(|object| object.spec.version.as_str())
        .collect();
    let surplus = surplus_versions(versions, retention, |version| needed.contains(version.as_str()));
    let surplus = entries_of(&surplus, &known.items).into_iter().map(|object| Surplus {
        folder: RemovedFolder {
            claim_name: object.spec.claim_name.clone(),
            path: object.spec.path.clone(),
        },
        name: object.name_any(),
        uid: object.uid(),
        resource_version: object.resource_version(),
    });
    Ok(surplus.collect())
}

/// The entries of these versions, each named as often as it goes. Two volumes may hold a version of one name: the entry that was made
/// first goes first.
fn entries_of<'k>(surplus: &[ModelVersionName], known: &'k [SeenVersion]) -> Vec<&'k SeenVersion> {
    let mut left: Vec<_> = known.iter().collect();
    left.sort_by_key(|entry| (entry.creation_timestamp().as_ref().map(timestamp), entry.name_any()));
    let entries = surplus.iter().filter_map(|version| {
        let first = left.iter().position(|entry| entry.spec.version == version.as_str())?;
        Some(left.remove(first))
    });
    entries.collect()
}

async fn delete<K>(ctx: &Context, namespace: &str, surplus: &Surplus) -> Result<(), Error>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    K: Clone + Debug + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(ctx.client.clone(), namespace);
    let params = DeleteParams {
        preconditions: Some(Preconditions {
            uid: surplus.uid.clone(),
            resource_version: surplus.resource_version.clone(),
        }),
        ..DeleteParams::background()
    };
    match api.delete(&surplus.name, &params).await {
        Ok(_) => {
            info!(namespace, kind = %K::kind(&()), name = surplus.name, "removed by retention");
            Ok(())
        }
        // It is gone, another one has its name, or somebody has changed it just now: it is looked at again when a run ends.
        Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => Ok(()),
        Err(error) => Err(Error::kube("remove what is beyond the retention")(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_two_volumes_entries_of_one_version_the_older_goes() {
        let entry = |name: &str, created: &str, version: &str, claim: &str| -> SeenVersion {
            let entry = json!({
                "metadata": {"name": name, "creationTimestamp": created},
                "spec": {
                    "version": version,
                    "path": format!("models/iris/{version}"),
                    "claimName": claim,
                    "runUid": "5f0c2a91",
                    "digest": "sha256:0",
                },
            });
            serde_json::from_value(entry).expect("a model version")
        };
        let (twice, once) = ("model_20260302_090000", "model_20260301_090000");
        let known = [
            entry("iris-20260302-090000-5f0c", "2026-03-02T09:00:09Z", twice, "new"),
            entry("iris-20260301-090000", "2026-03-01T09:00:01Z", once, "old"),
            entry("iris-20260302-090000", "2026-03-02T09:00:01Z", twice, "old"),
        ];
        let named = |names: &[&str]| -> Vec<_> {
            let versions: Vec<_> = names
                .iter()
                .map(|name| ModelVersionName::parse(*name).expect("a version"))
                .collect();
            let entries = entries_of(&versions, &known).into_iter();
            entries.map(ResourceExt::name_any).collect()
        };
        assert_eq!(named(&[once, twice]), ["iris-20260301-090000", "iris-20260302-090000"]);
        assert_eq!(
            named(&[twice, twice]),
            ["iris-20260302-090000", "iris-20260302-090000-5f0c"]
        );
    }
}
