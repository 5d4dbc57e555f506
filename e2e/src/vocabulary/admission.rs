//! What keeps pods out of a namespace: a policy of the cluster, and a webhook that cannot be asked.

use super::{Namespace, PATIENCE};
use crate::deadline::until;
use crate::image::SHELL;
use serde_json::{Value, json};
use std::time::Duration;

/// The kinds that this makes, for the cluster as a whole: their names are those of the namespace that they are about.
const KINDS: &str = "validatingadmissionpolicybindings,validatingadmissionpolicies,validatingwebhookconfigurations,\
                     mutatingadmissionpolicybindings,mutatingadmissionpolicies";

/// What a new pod may be, and a new Job.
const POD: &str = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "would-be"},
    "spec": {"containers": [{"name": "shell", "image": "would-be"}]}}"#;
const JOB: &str = r#"{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "would-be"},
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "shell", "image": "would-be"}]}}}}"#;

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
        self.ask_nobody_about(&new_pods()).await;
        self.until_pods_are(false).await;
    }

    /// The same about every new Job. An API server goes by it a moment after it has taken it.
    pub async fn ask_nobody_about_jobs(&self) {
        self.ask_nobody_about(&json!({
            "apiGroups": ["batch"], "apiVersions": ["v1"], "resources": ["jobs"], "operations": ["CREATE"],
        }))
        .await;
        self.until_admitted(JOB, false).await;
    }

    /// Takes it away again.
    pub async fn admit_jobs(&self) {
        self.leave_pods_alone().await;
        self.until_admitted(JOB, true).await;
    }

    /// Every new pod in it gets a second container, before its own, as meshes do that hold an application back until they are ready.
    pub async fn add_a_container_to_pods(&self) {
        let container = format!(
            "[JSONPatch{{op: \"add\", path: \"/spec/containers/0\", value: Object.spec.containers{{name: \"sidecar\", image: \"{SHELL}\"}}}}]"
        );
        self.apply(json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingAdmissionPolicy",
            "metadata": {"name": self.name()},
            "spec": {
                "failurePolicy": "Fail",
                "reinvocationPolicy": "Never",
                "matchConstraints": {"resourceRules": [new_pods()]},
                "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": container}}],
            },
        }))
        .await;
        self.apply(json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingAdmissionPolicyBinding",
            "metadata": {"name": self.name()},
            "spec": {"policyName": self.name(), "matchResources": {"namespaceSelector": self.selector()}},
        }))
        .await;
        let gets_it = until(
            "pods get a second container",
            Duration::from_secs(PATIENCE),
            async || {
                let said = self
                    .kubectl_with("create --dry-run=server --output yaml --filename -", POD)
                    .await;
                Ok(said.out.contains("sidecar").then_some(()))
            },
        );
        gets_it.await.unwrap_or_else(|error| panic!("{error:#}"));
    }

    /// Takes away all that this namespace's pods and Jobs go through; an API server goes by that a moment later.
    pub async fn leave_pods_alone(&self) {
        self.kubectl(&format!("delete {KINDS} {} --ignore-not-found", self.name()))
            .await;
    }

    async fn ask_nobody_about(&self, new: &Value) {
        self.apply(json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": self.name()},
            "webhooks": [{
                "name": format!("{}.guard.example", new["resources"][0].as_str().unwrap_or_default()),
                "clientConfig": {"service": {"name": "guard", "namespace": self.name(), "path": "/pods"}},
                "rules": [new],
                "namespaceSelector": self.selector(),
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }],
        }))
        .await;
    }

    /// Takes both away again.
    pub async fn admit_pods(&self) {
        self.leave_pods_alone().await;
        self.until_pods_are(true).await;
    }

    async fn until_pods_are(&self, admitted: bool) {
        self.until_admitted(POD, admitted).await;
    }

    /// An API server goes by a policy a moment after it has taken it.
    async fn until_admitted(&self, object: &str, admitted: bool) {
        let what = if admitted { "it is admitted" } else { "it is refused" };
        let settled = until(what, Duration::from_secs(PATIENCE), async || {
            let said = self.kubectl_with("create --dry-run=server --filename -", object).await;
            Ok((said.succeeded == admitted).then_some(()))
        });
        settled.await.unwrap_or_else(|error| panic!("{error:#}: {object}"));
    }

    fn selector(&self) -> Value {
        json!({"matchLabels": {"kubernetes.io/metadata.name": self.name()}})
    }
}

fn new_pods() -> Value {
    json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]})
}
