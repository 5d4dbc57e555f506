//! What keeps pods out of a namespace: a policy of the cluster, and a webhook that cannot be asked.

use super::{Namespace, PATIENCE};
use crate::deadline::until;
use crate::image::SHELL;
use serde_json::{Value, json};
use std::time::Duration;

/// The kinds that this makes, for the cluster as a whole: their names are those of the namespace that they are about.
const KINDS: &str = "validatingadmissionpolicybindings,validatingadmissionpolicies,validatingwebhookconfigurations";

impl Namespace {
    /// Every new pod in it is refused by a policy of the cluster, with this message.
    pub async fn refuse_pods(&self, message: &str) {
        self.apply(json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": self.name()},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [new_pods()]},
                "validations": [{"expression": "false", "message": message}],
            },
        }))
        .await;
        self.apply(json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": self.name()},
            "spec": {
                "policyName": self.name(),
                "validationActions": ["Deny"],
                "matchResources": {"namespaceSelector": self.selector()},
            },
        }))
        .await;
        self.until_pods_are(false).await;
    }

    /// A webhook is to be asked about every new pod in it, and its server is not there.
    pub async fn ask_nobody_about_pods(&self) {
        self.apply(json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": self.name()},
            "webhooks": [{
                "name": "pods.guard.example",
                "clientConfig": {"service": {"name": "guard", "namespace": self.name(), "path": "/pods"}},
                "rules": [new_pods()],
                "namespaceSelector": self.selector(),
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }],
        }))
        .await;
        self.until_pods_are(false).await;
    }

    /// Takes both away again.
    pub async fn admit_pods(&self) {
        self.kubectl(&format!("delete {KINDS} {} --ignore-not-found", self.name()))
            .await;
        self.until_pods_are(true).await;
    }

    /// An API server goes by a policy a moment after it has taken it.
    async fn until_pods_are(&self, admitted: bool) {
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "would-be"},
            "spec": {"containers": [{"name": "shell", "image": SHELL}]},
        })
        .to_string();
        let what = if admitted {
            "pods are admitted"
        } else {
            "pods are refused"
        };
        let settled = until(what, Duration::from_secs(PATIENCE), async || {
            let said = self.kubectl_with("create --dry-run=server --filename -", &pod).await;
            Ok((said.succeeded == admitted).then_some(()))
        });
        settled.await.unwrap_or_else(|error| panic!("{error:#}"));
    }

    fn selector(&self) -> Value {
        json!({"matchLabels": {"kubernetes.io/metadata.name": self.name()}})
    }
}

fn new_pods() -> Value {
    json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]})
}
