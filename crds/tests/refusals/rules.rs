//! Each rule in CEL: what it admits, what it refuses, and in which words.

use crate::cases::changes::{Change, changes};
use crate::cases::objects::{Kind, with_dots};
use crate::cases::rules::cases;
use kube::core::cel::{CompiledSchema, ScopeContext, Validator, WarningKind, analyze_rule, compile_schema};
use serde_json::Value;
use std::collections::BTreeSet;

/// The schema of a kind's definition.
fn schema(kind: Kind) -> Value {
    let kind = match kind {
        Kind::Pipeline => trainyard_crds::Kind::pipeline(),
        Kind::Run => trainyard_crds::Kind::run(),
        Kind::ModelVersion => trainyard_crds::Kind::model_version(),
    };
    kind.definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"].take()
}

/// A field from the root: what a rule there names begins with a dot.
fn from_root(field: &str) -> String {
    field.trim_start_matches('.').to_owned()
}

const KINDS: [Kind; 3] = [Kind::Pipeline, Kind::Run, Kind::ModelVersion];

/// The rules of all kinds, compiled once: that takes a while.
struct Rules([CompiledSchema; 3]);

impl Rules {
    fn compiled() -> Self {
        Self(KINDS.map(|kind| compile_schema(&schema(kind))))
    }

    /// The field and the words of each rule that refuses an object, or its change.
    fn refusals(&self, kind: Kind, object: &Value, before: Option<&Value>) -> Vec<(String, String)> {
        let place = KINDS.iter().position(|other| *other == kind).expect("one of them");
        match Validator::new().validate_compiled(&self.0[place], object, before) {
            Ok(()) => Vec::new(),
            Err(errors) => errors
                .into_iter()
                .map(|e| (from_root(&e.field_path), e.message))
                .collect(),
        }
    }
}

#[test]
fn admits_valid_objects() {
    let rules = Rules::compiled();
    for kind in KINDS {
        assert_eq!(rules.refusals(kind, &kind.object(), None), [], "{kind:?}");
    }
}

#[test]
fn each_rule_admits_what_is_right() {
    let rules = Rules::compiled();
    for case in cases() {
        assert_eq!(rules.refusals(case.kind, &case.admits(), None), [], "{}", case.words);
    }
}

#[test]
fn each_rule_refuses_what_is_wrong_and_names_the_field() {
    let rules = Rules::compiled();
    for case in cases() {
        let refusals = rules.refusals(case.kind, &case.refuses(), None);
        assert_eq!(refusals, [(with_dots(case.field), case.words)]);
    }
}

#[test]
fn what_must_not_change_cannot_be_changed_added_or_removed() {
    let rules = Rules::compiled();
    for Change {
        name,
        kind,
        from,
        to,
        refused,
    } in changes()
    {
        let refusals = rules.refusals(kind, &to, Some(&from));
        let wanted: Vec<_> = refused
            .map(|(field, words)| (field.to_owned(), words.to_owned()))
            .into_iter()
            .collect();
        assert_eq!(refusals, wanted, "{name}: {to}");
        assert_eq!(rules.refusals(kind, &from, None), [], "{name}");
        assert_eq!(rules.refusals(kind, &to, None), [], "{name}");
    }
}

/// Each rule of a schema, with its own place in it.
fn rules<'a>(schema: &'a Value, found: &mut Vec<(&'a Value, &'a Value)>) {
    found.extend(
        schema["x-kubernetes-validations"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|rule| (schema, rule)),
    );
    for child in [&schema["items"], &schema["additionalProperties"]] {
        if child.is_object() {
            rules(child, found);
        }
    }
    for child in schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(|properties| properties.values())
    {
        rules(child, found);
    }
}

#[test]
fn no_rule_is_without_a_case() {
    let schemas = KINDS.map(schema);
    let mut found = Vec::new();
    for schema in &schemas {
        rules(schema, &mut found);
    }
    let rules: BTreeSet<&str> = found.iter().filter_map(|(_, rule)| rule["message"].as_str()).collect();
    let cases = cases();
    let of_changes = changes();
    let tested: BTreeSet<&str> = cases
        .iter()
        .map(|case| case.words.as_str())
        .chain(
            of_changes
                .iter()
                .filter_map(|change| change.refused.map(|(_, words)| words)),
        )
        .collect();
    assert_eq!(rules, tested);
}

/// A list, map or text without a bound makes a rule too dear for an API server, which then refuses the whole definition. What each
/// rule costs, the server's own estimator says (`e2e/binaries/cel-cost`); the one here is a coarse one.
#[test]
fn no_rule_walks_what_has_no_bound() {
    let schemas = KINDS.map(schema);
    let mut found = Vec::new();
    for schema in &schemas {
        rules(schema, &mut found);
    }
    for (place, rule) in found {
        let rule = rule["rule"].as_str().expect("a rule");
        let warnings = analyze_rule(rule, &compile_schema(place), ScopeContext::CrdValidation);
        let unbound: Vec<_> = warnings
            .iter()
            .filter(|w| w.kind == WarningKind::MissingBounds)
            .collect();
        assert!(unbound.is_empty(), "{rule}: {unbound:?}");
    }
}
