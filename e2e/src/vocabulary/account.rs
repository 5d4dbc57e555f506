//! What an account may do, and what it has asked for.

use super::{Namespace, PATIENCE};
use crate::cluster::Cluster;
use crate::deadline::until;
use crate::rights::{self, Right};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::Duration;

/// An account that no role was ever given to.
const NOBODY: &str = "system:serviceaccount:default:nobody";

impl Namespace {
    /// What `account` may do in it, beyond what any account may.
    pub async fn rights_of(&self, account: &str) -> BTreeSet<Right> {
        self.rights_of_in(account, self.name()).await
    }

    /// What `account` may do in another namespace, beyond what any account may.
    pub async fn rights_of_in(&self, account: &str, namespace: &str) -> BTreeSet<Right> {
        let granted = async |account: &str| {
            // Of two namespaces the later one holds.
            let words = format!("auth can-i --list --as {account} --namespace {namespace}");
            let table = self.kubectl(&words).await;
            rights::granted(&table).unwrap_or_else(|fault| panic!("kubectl {words}: {fault}"))
        };
        &granted(account).await - &granted(NOBODY).await
    }
}

impl Namespace {
    /// Creates an object in it as `account`, which must be admitted.
    pub async fn create_as(&self, account: &str, manifest: impl Display) {
        let manifest = manifest.to_string();
        let said = self.kubectl_with(&creation_as(account), &manifest).await;
        assert!(said.succeeded, "kubectl create: {}\nof\n{manifest}", said.errors);
    }

    /// What kubectl complains about where `account` creates this object. It must be refused.
    pub async fn create_refused_to(&self, account: &str, manifest: impl Display) -> String {
        self.cluster().needs("an API server as strict as ours");
        let manifest = manifest.to_string();
        let said = self.kubectl_with(&creation_as(account), &manifest).await;
        assert!(!said.succeeded, "it was to be refused: {}\n{manifest}", said.out);
        said.errors
    }
}

fn creation_as(account: &str) -> String {
    format!("create --as {account} --filename -")
}

impl Cluster {
    /// What `account` has asked for on objects, granted or not, by the audit log.
    pub fn asked_by(&self, account: &str) -> BTreeSet<Right> {
        rights::asked(&self.audit_log(), account).unwrap_or_else(|fault| panic!("{fault}"))
    }

    /// Waits until `account` has asked for all of these, by the audit log: a line comes a moment after what it is about.
    pub async fn asks_for(&self, account: &str, wanted: &BTreeSet<Right>) {
        let all_there = async || Ok(wanted.is_subset(&self.asked_by(account)).then_some(()));
        let found = until("its rights are used", Duration::from_secs(PATIENCE), all_there).await;
        if found.is_err() {
            let asked = self.asked_by(account);
            let never: Vec<_> = wanted.difference(&asked).map(Right::to_string).collect();
            panic!("{account} never asked for {never:?}");
        }
    }

    /// What `account` has asked for without the right to, by the audit log.
    pub fn forbidden_to(&self, account: &str) -> Vec<String> {
        rights::forbidden(&self.audit_log(), account).unwrap_or_else(|fault| panic!("{fault}"))
    }
}
