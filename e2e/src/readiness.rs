//! When the cluster can be used, by watches; and the objects that it begins with.

use crate::processes::Processes;
use anyhow::{Context, Result, anyhow};
use k8s_openapi::api::core::v1::{Node, ServiceAccount};
use kube::api::{DynamicObject, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::wait::{Condition, await_condition, conditions};
use kube::{Api, Client};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;
use std::time::Duration;
use tokio::time::timeout;

/// Until a node is Ready and the controllers have made what every namespace has, on a machine that has much else to do.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Creates an object of any kind.
pub(crate) async fn create(client: &Client, object: Value) -> Result<()> {
    let object: DynamicObject = serde_json::from_value(object).context("an object has a kind")?;
    let types = object.types.clone().context("an object has a kind")?;
    let kind = GroupVersionKind::try_from(&types).with_context(|| format!("{types:?} is no kind"))?;
    // By the rule; the kinds that the cluster begins with keep to it.
    let plural = ApiResource::from_gvk(&kind);
    let api: Api<DynamicObject> = match &object.metadata.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &plural),
        None => Api::all_with(client.clone(), &plural),
    };
    let name = object.metadata.name.clone().unwrap_or_default();
    let created = api.create(&PostParams::default(), &object).await;
    created.with_context(|| format!("cannot create {} {name}", kind.kind))?;
    Ok(())
}

/// Waits for the account that the first pod runs as: the API server is ready before it is there.
pub(crate) async fn service_account(client: &Client, processes: &mut Processes) -> Result<()> {
    let api: Api<ServiceAccount> = Api::namespaced(client.clone(), "default");
    let there = wait_for(api, "default", conditions::is_created()).await;
    explain(there, "the service account `default` is not there", processes)
}

/// Waits until a node is Ready.
pub(crate) async fn node(client: &Client, name: &str, processes: &mut Processes) -> Result<()> {
    let ready = |node: Option<&Node>| {
        let status = node.and_then(|node| node.status.as_ref());
        let conditions = status.and_then(|status| status.conditions.as_ref());
        conditions.is_some_and(|all| all.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
    };
    let there = wait_for(Api::all(client.clone()), name, ready).await;
    explain(there, &format!("{name} is not Ready"), processes)
}

async fn wait_for<K>(api: Api<K>, name: &str, condition: impl Condition<K>) -> Result<()>
where
    K: Clone + Debug + Send + DeserializeOwned + kube::Resource + 'static,
{
    match timeout(READY_WITHIN, await_condition(api, name, condition)).await {
        Ok(seen) => seen.map(drop).context("the watch ended"),
        Err(_) => Err(anyhow!("not within {} s", READY_WITHIN.as_secs())),
    }
}

/// A process that ended is the better explanation.
fn explain(result: Result<()>, what: &str, processes: &mut Processes) -> Result<()> {
    if result.is_err() {
        processes.all_run()?;
    }
    result.with_context(|| what.to_owned())
}
