//! What tools that deploy from Git make of an object, by the library that Flux and kpt decide with.

use super::{Namespace, kubectl};

impl Namespace {
    /// What kstatus says of an object as it is now: `InProgress`, `Current`, `Failed`, …
    pub async fn kstatus(&self, kind: &str, name: &str) -> String {
        let object = self.kubectl(&format!("get {kind} {name} --output json")).await;
        let said = kubectl::run(self.cluster(), "kstatus", &[], &object).await;
        assert!(said.succeeded, "kstatus of {kind} `{name}`: {}", said.errors);
        let status = said.out.split('\t').next().unwrap_or_default();
        status.to_owned()
    }
}
