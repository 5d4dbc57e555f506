//! The workspace's claim: created when it is missing, never deleted, never resized.

use super::revision::LoadedRevision;
use crate::context::Context;
use crate::error::Error;
use crate::memory::Access;
use crate::names::{MANAGED_BY, OPERATOR};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::PostParams;
use kube::{Api, ResourceExt};
use std::collections::BTreeMap;
use tracing::info;

/// Makes sure that the claim is there. What keeps it from being used, if something does.
pub(super) async fn ensure(ctx: &Context, namespace: &str, revision: &LoadedRevision) -> Result<Option<String>, Error> {
    let name = revision.claim_name();
    let api: Api<PersistentVolumeClaim> = Api::namespaced(ctx.client.clone(), namespace);
    match api
        .get_opt(name)
        .await
        .map_err(Error::kube("read the workspace's claim"))?
    {
        Some(claim) if claim.metadata.deletion_timestamp.is_some() => {
            Ok(Some(format!("waits: the workspace's claim `{name}` is being deleted")))
        }
        Some(claim) => {
            access_of(ctx, namespace, &claim);
            Ok(None)
        }
        None => match api.create(&PostParams::default(), &claim(ctx, name, revision)).await {
            Ok(_) => {
                info!(namespace, claim = name, "workspace created");
                Ok(None)
            }
            // Another run made it just now.
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
            Err(kube::Error::Api(status)) if status.code == 403 || status.code == 422 => Ok(Some(format!(
                "waits: the workspace's claim `{name}` cannot be created: {}",
                status.message
            ))),
            Err(error) => Err(Error::kube("create the workspace's claim")(error)),
        },
    }
}

/// From how many nodes the workspace of a claim can be used.
pub(super) async fn access(ctx: &Context, namespace: &str, name: &str) -> Result<Access, Error> {
    let api: Api<PersistentVolumeClaim> = Api::namespaced(ctx.client.clone(), namespace);
    let read = Error::kube("read the workspace's claim");
    let found = api.get_opt(name).await.map_err(read)?;
    Ok(found.map_or(Access::OneNode, |claim| access_of(ctx, namespace, &claim)))
}

/// The same, as it was a moment ago.
pub(super) async fn known_access(ctx: &Context, namespace: &str, name: &str) -> Result<Access, Error> {
    match ctx.claims.get(&key(namespace, name)) {
        Some(known) => Ok(known),
        None => access(ctx, namespace, name).await,
    }
}

/// What a claim says; kept in mind once it is bound.
fn access_of(ctx: &Context, namespace: &str, claim: &PersistentVolumeClaim) -> Access {
    // What the volume has once there is one, what was asked for before.
    let status = claim.status.as_ref();
    let has = status.and_then(|status| status.access_modes.as_ref());
    let asked = || claim.spec.as_ref()?.access_modes.as_ref();
    let is_shared = |modes: &Vec<String>| modes.iter().any(|mode| mode == "ReadWriteMany");
    let access = if has.or_else(asked).is_some_and(is_shared) {
        Access::ManyNodes
    } else {
        Access::OneNode
    };
    if status.and_then(|status| status.phase.as_deref()) == Some("Bound") {
        ctx.claims.put(key(namespace, &claim.name_any()), access);
    }
    access
}

fn key(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

fn claim(ctx: &Context, name: &str, revision: &LoadedRevision) -> PersistentVolumeClaim {
    let size = revision
        .spec
        .workspace
        .as_ref()
        .and_then(|workspace| workspace.size.as_ref());
    let size = size.map_or(ctx.settings.workspace_size.as_str(), |size| size.as_str());
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(BTreeMap::from([(MANAGED_BY.to_owned(), OPERATOR.to_owned())])),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            // Every provisioner has it; pods of one node share it.
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            storage_class_name: ctx.settings.workspace_storage_class.clone(),
            resources: Some(VolumeResourceRequirements {
                requests: Some(BTreeMap::from([("storage".to_owned(), Quantity(size.to_owned()))])),
                limits: None,
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    }
}
