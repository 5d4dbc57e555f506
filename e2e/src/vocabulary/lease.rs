//! The Lease by which one of several operators acts, and what people may do to it.

use super::{PATIENCE, wait};
use crate::cluster::Cluster;
use crate::operator::{LEASE, OPERATOR_NAMESPACE};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;

impl Cluster {
    /// How often it has gone from one holder to another.
    pub async fn changes_of_leaders(&self) -> i32 {
        let lease = self.leases().get(LEASE).await;
        let lease = lease.unwrap_or_else(|error| panic!("the Lease: {error}"));
        lease.spec.and_then(|spec| spec.lease_transitions).unwrap_or_default()
    }

    /// Writes somebody else into the Lease, as another operator would that is too eager.
    pub async fn give_lease_to(&self, holder: &str) {
        let patch = Patch::Merge(json!({"spec": {"holderIdentity": holder}}));
        let given = self.leases().patch(LEASE, &PatchParams::default(), &patch).await;
        given.unwrap_or_else(|error| panic!("the Lease is not `{holder}`'s: {error}"));
    }

    /// Deletes the Lease.
    pub async fn delete_lease(&self) {
        let deleted = self.leases().delete(LEASE, &DeleteParams::default()).await;
        deleted.unwrap_or_else(|error| panic!("the Lease is not deleted: {error}"));
    }

    pub(super) async fn wait_for_leader(&self, what: &str, holds: impl Fn(Option<&str>) -> bool) {
        let holder = |spec: &LeaseSpec| spec.holder_identity.clone();
        let holder = |lease: &Lease| lease.spec.as_ref().and_then(holder);
        let holds = |lease: Option<&Lease>| holds(lease.and_then(holder).as_deref());
        wait::until(self.leases(), LEASE, what, PATIENCE, holds).await;
    }

    fn leases(&self) -> Api<Lease> {
        Api::namespaced(self.client(), OPERATOR_NAMESPACE)
    }
}
