//! Maps of labels: which keys and values an API server takes, and which keys are not for users.

use crate::patterns::{LABEL_KEY_MAX, LABEL_KEY_PATTERN, LABEL_VALUE_MAX, LABEL_VALUE_PATTERN};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

/// The most labels of a map.
const LABELS_MAX: usize = 32;

/// Keys that begin so belong to somebody else: the tools of Git deployments would take our Jobs and pods for their own and prune them,
/// Kubernetes' and our own labels say which pod belongs to what.
pub const RESERVED_PREFIXES: [&str; 5] = [
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "trainyard.dev/",
    "batch.kubernetes.io/",
];

/// Keys that belong to somebody else: Argo CD's default label of what it tracks, and the old ones of the Job controller.
pub const RESERVED_KEYS: [&str; 3] = ["app.kubernetes.io/instance", "job-name", "controller-uid"];

/// Labels of nodes.
pub(super) fn node_labels(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": LABELS_MAX,
        "propertyNames": {"pattern": LABEL_KEY_PATTERN, "maxLength": LABEL_KEY_MAX},
        "additionalProperties": {"type": "string", "maxLength": LABEL_VALUE_MAX, "pattern": LABEL_VALUE_PATTERN},
    })
}

/// Labels that users give to our Jobs and pods.
pub(super) fn own_labels(generator: &mut SchemaGenerator) -> Schema {
    let quoted = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| format!("'{text}'"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (prefixes, keys) = (quoted(&RESERVED_PREFIXES), quoted(&RESERVED_KEYS));
    let mut schema = node_labels(generator);
    schema.insert(
        "x-kubernetes-validations".to_owned(),
        json!([
            {"rule": format!("!self.exists(key, [{prefixes}].exists(prefix, key.startsWith(prefix)))"),
             "message": format!("no key may begin with {}: those belong to Trainyard, Kubernetes or a GitOps tool", RESERVED_PREFIXES.join(", "))},
            {"rule": format!("!self.exists(key, key in [{keys}])"),
             "message": format!("no key may be {}: those belong to Kubernetes or a GitOps tool", RESERVED_KEYS.join(", "))},
        ]),
    );
    schema
}
