//! The schema is one that an API server takes, and every list, map and text of ours has a bound.

use serde_json::Value;
use trainyard_crds::pipeline_schema;

/// What a structural schema of Kubernetes must not have at our places, or what hides better messages.
const BANNED: [&str; 8] = [
    "$ref",
    "oneOf",
    "anyOf",
    "allOf",
    "not",
    "nullable",
    "definitions",
    "uniqueItems",
];

/// Types that Kubernetes writes, not we.
const FOREIGN: [&str; 2] = ["spec.worker.tolerations", "status.conditions"];

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

#[test]
fn nothing_in_it_is_banned() {
    walk("", &pipeline_schema(), &mut |path, schema| {
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

#[test]
fn everything_of_ours_has_a_bound_and_a_description() {
    walk("", &pipeline_schema(), &mut |path, schema| {
        let ours = path.starts_with("spec") && !FOREIGN.iter().any(|foreign| path.starts_with(foreign));
        if !ours {
            return;
        }
        let bound = match schema["type"].as_str() {
            Some("array") => "maxItems",
            Some("object") if schema["additionalProperties"].is_object() => "maxProperties",
            Some("string") if schema["enum"].is_null() && schema["pattern"].is_null() => "maxLength",
            Some(_) | None => "",
        };
        let label = ["nodeSelector{}", "podLabels{}", "jobLabels{}"]
            .iter()
            .any(|map| path.ends_with(map));
        assert!(
            bound.is_empty() || label || schema[bound].is_u64(),
            "{path} has no {bound}"
        );
        let part = path.ends_with("[]") || path.ends_with("{}");
        assert!(part || schema["description"].is_string(), "{path} has no description");
    });
}

#[test]
fn lists_by_key_require_their_key() {
    walk("", &pipeline_schema(), &mut |path, schema| {
        for key in schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten() {
            let required = schema["items"]["required"]
                .as_array()
                .is_some_and(|required| required.contains(key));
            assert!(required, "{path}: {key}");
        }
    });
}
