//! Each rule admits what is right, and refuses what is wrong with the words and the field of the table. Offline, kube's CEL is held
//! against the same table.

use super::request::{api, complaints, object};
use crate::cases::objects::Kind;
use crate::cases::rules::cases;
use kube::api::PostParams;
use serde_json::Value;
use trainyard_e2e::vocabulary::{Namespace, in_namespace};

/// What the API server complains about when it is to create this, and does not.
async fn refusals(ns: &Namespace, kind: Kind, value: Value) -> Vec<(String, String)> {
    let dry_run = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    complaints(api(ns, kind).create(&dry_run, &object(value)).await)
}

#[tokio::test]
async fn admits_what_each_rule_admits() {
    in_namespace(async |ns| {
        let mut refused = Vec::new();
        for case in cases() {
            let found = refusals(ns, case.kind, case.admits()).await;
            if !found.is_empty() {
                refused.push(format!("{} at {}: {found:?}", case.words, case.field));
            }
        }
        assert!(refused.is_empty(), "{}", refused.join("\n"));
    })
    .await;
}

#[tokio::test]
async fn refuses_what_each_rule_refuses_and_names_the_field() {
    in_namespace(async |ns| {
        let mut missed = Vec::new();
        for case in cases() {
            let found = refusals(ns, case.kind, case.refuses()).await;
            // No second complaint: it would hide the one that helps.
            let as_told =
                matches!(&found[..], [(field, message)] if field == case.field && message.ends_with(&case.words));
            if !as_told {
                missed.push(format!("{} at {}: {found:?}", case.words, case.field));
            }
        }
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    })
    .await;
}
