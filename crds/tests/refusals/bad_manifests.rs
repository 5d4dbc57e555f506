//! Every bad manifest of the table: the door finds what the table says that it finds, and no more. The API server's part is
//! shown by a real one.

use crate::cases::bad_manifests::{Bad, Finder, bad_manifests};
use std::collections::BTreeSet;
use trainyard_crds::{MLPipeline, door};

#[test]
fn there_are_many_and_no_two_have_one_name() {
    let all = bad_manifests();
    let names: BTreeSet<&str> = all.iter().map(|bad| bad.name).collect();
    assert_eq!(names.len(), all.len());
    assert!(all.len() >= 40, "{}", all.len());
}

/// The bound of all annotations of an object.
const ANNOTATIONS_BYTES_MAX: usize = 256 * 1_024;

#[test]
fn what_is_too_large_for_an_annotation_is_applied_without_one() {
    for bad in bad_manifests() {
        assert_eq!(bad.server_side, bad.text.len() > ANNOTATIONS_BYTES_MAX, "{}", bad.name);
    }
}

#[test]
fn the_door_finds_what_an_api_server_cannot() {
    let mut missed = Vec::new();
    for Bad {
        name,
        text,
        field,
        words,
        ..
    } in bad_manifests().into_iter().filter(|bad| bad.finder == Finder::Door)
    {
        let raw: MLPipeline = serde_json::from_str(&text).expect("an MLPipeline");
        let faults = door::pipeline(&raw).expect_err(name);
        let found = faults.iter().any(|fault| {
            let said = format!("{} {}", fault.message, fault.suggestion.as_deref().unwrap_or_default());
            fault.field.to_string().starts_with(field) && said.contains(words)
        });
        if !found {
            let found: Vec<String> = faults.iter().map(ToString::to_string).collect();
            missed.push(format!("{name}: {field}: {words}: {found:?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
