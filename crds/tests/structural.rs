//! The schemas are ones that an API server takes, and every list, map and text of ours has a bound.

use serde_json::Value;
use std::collections::BTreeSet;
use trainyard_crds::Kind;
use trainyard_crds::patterns::PATTERNS;
use trainyard_engine::{EVICTIONS_MAX, INTERNAL_MAX, RECOVERIES_MAX, REMAKES_MAX};

/// What a structural schema of Kubernetes must not have at our places, or what hides better messages.
const BANNED: [&str; 10] = [
    "$ref",
    "oneOf",
    "anyOf",
    "allOf",
    "not",
    "nullable",
    "definitions",
    "uniqueItems",
    "pattern",
    "propertyNames",
];

/// Types that Kubernetes writes, not we.
const FOREIGN: [&str; 2] = ["spec.worker.tolerations[]", "status.conditions[]"];

fn walk(path: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    for (word, sign) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[word].is_object() {
            walk(&format!("{path}{sign}"), &schema[word], visit);
        }
    }
    for (name, child) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        walk(&path, child, visit);
    }
}

/// Visits every place of the schemas of all definitions.
fn walk_definitions(mut visit: impl FnMut(&str, &Value)) {
    for kind in Kind::all() {
        let definition = kind.definition();
        let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        walk("", schema, &mut |path, schema| visit(path, schema));
    }
}

#[test]
fn nothing_in_them_is_banned() {
    walk_definitions(|path, schema| {
        for word in BANNED {
            assert!(schema.get(word).is_none(), "{path} has {word}");
        }
        let known = ["int32", "int64", "double", "date-time"];
        let format = schema["format"].as_str();
        assert!(
            format.is_none_or(|format| known.contains(&format)),
            "{path}: {format:?}"
        );
        assert!(
            schema["exclusiveMinimum"].is_null() || schema["exclusiveMinimum"].is_boolean(),
            "{path}"
        );
        let typed = schema["type"].is_string() || schema["x-kubernetes-int-or-string"] == true;
        assert!(typed, "{path} has no type");
    });
}

/// An API server drops a null, so that what it holds would never equal what was applied.
#[test]
fn no_word_of_them_is_left_without_a_value() {
    walk_definitions(|path, schema| {
        for (word, value) in schema.as_object().into_iter().flatten() {
            assert!(!value.is_null(), "{path} has {word}: null");
        }
    });
}

#[test]
fn everything_of_ours_has_a_bound_and_a_description() {
    walk_definitions(|path, schema| {
        if path.is_empty() || path == "metadata" || FOREIGN.iter().any(|foreign| path.starts_with(foreign)) {
            return;
        }
        let bound = match schema["type"].as_str() {
            Some("array") => "maxItems",
            Some("object") if schema["additionalProperties"].is_object() => "maxProperties",
            Some("string") if schema["enum"].is_null() && schema["format"].is_null() => "maxLength",
            Some(_) | None => "",
        };
        assert!(bound.is_empty() || schema[bound].is_u64(), "{path} has no {bound}");
        let part = path.ends_with("[]") || path.ends_with("{}");
        assert!(part || schema["description"].is_string(), "{path} has no description");
    });
}

#[test]
fn descriptions_are_for_people_who_do_not_read_the_source() {
    walk_definitions(|path, schema| {
        let text = schema["description"].as_str().unwrap_or_default();
        let foreign = FOREIGN.iter().any(|foreign| path.starts_with(foreign));
        for sign in ["[`", "::", "_MAX"] {
            assert!(foreign || !text.contains(sign), "{path}: {text}");
        }
    });
}

#[test]
fn numbers_in_descriptions_are_those_of_the_engine() {
    let run = Kind::run();
    let stage = &run.schema()["properties"]["status"]["properties"]["stages"]["items"];
    let spent = &stage["properties"]["spent"]["properties"];
    for (name, most) in [
        ("evictions", EVICTIONS_MAX),
        ("internal", INTERNAL_MAX),
        ("inputChanged", REMAKES_MAX),
        ("remade", REMAKES_MAX),
        ("lost", RECOVERIES_MAX),
    ] {
        let text = spent[name]["description"].as_str().expect("a description");
        assert!(text.ends_with(&format!("at most {most}.")), "{name}: {text}");
    }
}

#[test]
fn each_pattern_of_a_schema_has_words_and_the_other_way_round() {
    let mut found = BTreeSet::new();
    for kind in Kind::all() {
        walk("", kind.schema(), &mut |_, schema| {
            let own = [&schema["pattern"], &schema["propertyNames"]["pattern"]];
            found.extend(own.into_iter().filter_map(Value::as_str).map(str::to_owned));
        });
    }
    let known: BTreeSet<String> = PATTERNS.iter().map(|pattern| pattern.regex.to_owned()).collect();
    assert_eq!(found, known);
}

#[test]
fn lists_by_key_require_their_key() {
    walk_definitions(|path, schema| {
        for key in schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten() {
            let required = schema["items"]["required"]
                .as_array()
                .is_some_and(|required| required.contains(key));
            assert!(required, "{path}: {key}");
        }
    });
}

#[test]
fn a_status_that_nobody_wrote_says_so() {
    for (kind, wanted) in [
        (Kind::pipeline(), serde_json::json!({"observedGeneration": -1})),
        (Kind::run(), serde_json::json!({"observedGeneration": -1})),
        (Kind::model_version(), serde_json::json!({"champion": false})),
    ] {
        assert_eq!(
            kind.schema()["properties"]["status"]["default"],
            wanted,
            "{}",
            kind.kind
        );
    }
}
