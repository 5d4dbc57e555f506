//! What may be changed of an object that is there, and what may not be changed, added or removed.

use super::request::{api, complaints, object};
use crate::cases::changes::changes;
use kube::ResourceExt as _;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use trainyard_e2e::vocabulary::in_namespace;

/// Makes the spec and the labels of an object those of another. A patch, since the operator may write to it meanwhile.
fn to_become(other: &Value) -> Patch<Value> {
    let mut steps = vec![json!({"op": "replace", "path": "/spec", "value": other["spec"]})];
    if let Some(labels) = other["metadata"].get("labels") {
        steps.push(json!({"op": "add", "path": "/metadata/labels", "value": labels}));
    }
    let steps = serde_json::from_value(Value::Array(steps)).unwrap();
    Patch::Json(steps)
}

#[tokio::test]
async fn refuses_to_change_add_or_remove_what_stays() {
    in_namespace(async |ns| {
        let mut missed = Vec::new();
        for (number, change) in changes().into_iter().enumerate() {
            let mut from = object(change.from);
            from.metadata.name = Some(format!("{}-{number}", from.name_any()));
            let api = api(ns, change.kind);
            let created = api.create(&PostParams::default(), &from).await;
            let name = created
                .unwrap_or_else(|error| panic!("{}: {error}", change.name))
                .name_any();
            let patch = to_become(&change.to);
            let found = complaints(api.patch(&name, &PatchParams::default(), &patch).await);
            let as_told = match (&found[..], change.refused) {
                ([], None) => true,
                ([(field, message)], Some((at, words))) => field == at && message.ends_with(words),
                _ => false,
            };
            if !as_told {
                missed.push(format!("{}: {:?}: {found:?}", change.name, change.refused));
            }
        }
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    })
    .await;
}
