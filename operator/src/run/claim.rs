//! The workspace's claim: created when it is missing, never deleted, never resized.

use super::revision::LoadedRevision;
use crate::context::Context;
use crate::error::Error;
use crate::names::{MANAGED_BY, OPERATOR};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::PostParams;
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
        Some(_) => Ok(None),
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

/// From how many nodes a workspace can be used at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Any number.
    ManyNodes,
    /// One, as far as is known: a claim that waits for its first pod may still become anything.
    OneNode,
}

impl Access {
    /// Whether other nodes can go on where one is lost.
    pub(super) fn is_shared(self) -> bool {
        self == Self::ManyNodes
    }
}

/// From how many nodes the workspace of a claim can be used.
pub(super) async fn access(ctx: &Context, namespace: &str, name: &str) -> Result<Access, Error> {
    let api: Api<PersistentVolumeClaim> = Api::namespaced(ctx.client.clone(), namespace);
    let read = Error::kube("read the workspace's claim");
    let found = api.get_opt(name).await.map_err(read)?;
    // What the volume has once there is one, what was asked for before.
    let has = found
        .as_ref()
        .and_then(|claim| claim.status.as_ref()?.access_modes.clone());
    let asked = || {
        found
            .as_ref()
            .and_then(|claim| claim.spec.as_ref()?.access_modes.clone())
    };
    let modes = has.or_else(asked).unwrap_or_default();
    Ok(if modes.iter().any(|mode| mode == "ReadWriteMany") {
        Access::ManyNodes
    } else {
        Access::OneNode
    })
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
