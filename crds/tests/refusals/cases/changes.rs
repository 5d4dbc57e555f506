//! Changes of an object that is there: what may be changed, and what may not be changed, added or removed.

use super::objects::Kind;
use serde_json::{Value, json};

/// A change, and the field and the words with which it is refused, if it is.
pub(crate) struct Change {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) from: Value,
    pub(crate) to: Value,
    pub(crate) refused: Option<(&'static str, &'static str)>,
}

/// The change of the value at `pointer`; a null stands for none.
fn change(
    name: &'static str,
    kind: Kind,
    pointer: &str,
    [from, to]: [Value; 2],
    refused: Option<(&'static str, &'static str)>,
) -> Change {
    Change {
        name,
        kind,
        from: kind.with(pointer, &from),
        to: kind.with(pointer, &to),
        refused,
    }
}

const PIPELINE_REF: (&str, &str) = ("spec.pipelineRef", "pipelineRef cannot be changed: create another run");
const PARAMETERS: (&str, &str) = (
    "spec.parameters",
    "parameters cannot be changed, added or removed: create another run",
);
const SLOT: (&str, &str) = (
    "spec.slot",
    "slot cannot be changed, added or removed: create another run",
);
const MODEL_VERSION: (&str, &str) = (
    "spec",
    "a model version cannot be changed: its folder never changes either",
);

const NOON: &str = "2026-11-24T12:00:00Z";

/// Every change that somebody may try.
#[expect(clippy::too_many_lines, reason = "a table, an entry a rule")]
pub(crate) fn changes() -> Vec<Change> {
    use Kind::{ModelVersion, Pipeline, Run};
    let region = |value: &str| json!([{"name": "region", "value": value}]);
    let two = |first: &str, second: &str| json!([{"name": first, "value": "1"}, {"name": second, "value": "1"}]);
    let (reference, parameters, state) = ("/spec/pipelineRef", "/spec/parameters", "/spec/state");
    let slot = "/spec/slot";
    let mut changes = vec![
        change(
            "a run stays as it is",
            Run,
            parameters,
            [region("eu"), region("eu")],
            None,
        ),
        change("the same slot", Run, slot, [json!(NOON), json!(NOON)], None),
        change(
            "another slot",
            Run,
            slot,
            [json!(NOON), json!("2026-11-25T12:00:00Z")],
            Some(SLOT),
        ),
        change("a slot more", Run, slot, [Value::Null, json!(NOON)], Some(SLOT)),
        change("a slot less", Run, slot, [json!(NOON), Value::Null], Some(SLOT)),
        change(
            "another pipeline",
            Run,
            reference,
            [json!({"name": "iris"}), json!({"name": "tulips"})],
            Some(PIPELINE_REF),
        ),
        change(
            "another value",
            Run,
            parameters,
            [region("eu"), region("us")],
            Some(PARAMETERS),
        ),
        change(
            "parameters are added",
            Run,
            parameters,
            [Value::Null, region("eu")],
            Some(PARAMETERS),
        ),
        change(
            "parameters are removed",
            Run,
            parameters,
            [region("eu"), Value::Null],
            Some(PARAMETERS),
        ),
        change(
            "one parameter more",
            Run,
            parameters,
            [region("eu"), two("region", "year")],
            Some(PARAMETERS),
        ),
        change(
            "one parameter less",
            Run,
            parameters,
            [two("region", "year"), region("1")],
            Some(PARAMETERS),
        ),
        change(
            "an empty list instead of none",
            Run,
            parameters,
            [Value::Null, json!([])],
            None,
        ),
        change(
            "none instead of an empty list",
            Run,
            parameters,
            [json!([]), Value::Null],
            None,
        ),
        change("a state is added", Run, state, [Value::Null, json!("Suspended")], None),
        change(
            "another state",
            Run,
            state,
            [json!("Suspended"), json!("Running")],
            None,
        ),
        change(
            "a state is removed",
            Run,
            state,
            [json!("Suspended"), Value::Null],
            None,
        ),
        change(
            "a stop is asked for",
            Run,
            state,
            [json!("Running"), json!("Stopped")],
            None,
        ),
        change(
            "everything of a pipeline",
            Pipeline,
            "/spec/stages",
            [
                json!([{"name": "read", "extract": {"csv": {"path": "a.csv"}}}]),
                json!([{"name": "check", "validate": {}}]),
            ],
            None,
        ),
        change(
            "rows are added",
            ModelVersion,
            "/spec/rows",
            [Value::Null, json!(4)],
            Some(MODEL_VERSION),
        ),
        change(
            "rows are removed",
            ModelVersion,
            "/spec/rows",
            [json!(4), Value::Null],
            Some(MODEL_VERSION),
        ),
        change(
            "other rows",
            ModelVersion,
            "/spec/rows",
            [json!(4), json!(5)],
            Some(MODEL_VERSION),
        ),
        change(
            "a label",
            ModelVersion,
            "/metadata/labels",
            [Value::Null, json!({"team": "a"})],
            None,
        ),
    ];
    let others = [
        ("/spec/pipeline", json!("tulips")),
        ("/spec/version", json!("model_20260223_104700_2")),
        ("/spec/path", json!("models/elsewhere")),
        ("/spec/claimName", json!("other")),
        ("/spec/run", json!("another-run")),
        ("/spec/runUid", json!("00000000-8f5e-4c0f-9d5c-1f6f0a3b7c11")),
        ("/spec/stage", json!("train-again")),
        ("/spec/digest", json!(format!("sha256:{}", "00".repeat(32)))),
    ];
    changes.extend(others.into_iter().map(|(pointer, to)| {
        let from = ModelVersion
            .object()
            .pointer(pointer)
            .cloned()
            .expect("a field of the object");
        change(
            "a field of a model version",
            ModelVersion,
            pointer,
            [from, to],
            Some(MODEL_VERSION),
        )
    }));
    changes
}
