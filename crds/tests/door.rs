//! The door: a raw object becomes the engine's pipeline, or every fault with its field.

use serde_json::{Value, json};
use trainyard_contract::Duration;
use trainyard_crds::MLPipeline;
use trainyard_engine::{Backoff, MemoryGrowth, Pipeline, RetryPolicy};

fn object(spec: &Value) -> MLPipeline {
    serde_json::from_value(json!({
        "apiVersion": "trainyard.dev/v1alpha1",
        "kind": "MLPipeline",
        "metadata": {"name": "iris"},
        "spec": spec,
    }))
    .expect("an MLPipeline")
}

fn extract(name: &str) -> Value {
    json!({"name": name, "extract": {"csv": {"path": "iris.csv"}}})
}

fn faults(spec: &Value) -> Vec<String> {
    Pipeline::try_from(&object(spec))
        .expect_err("faults")
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_pipeline_keeps_what_was_written() {
    let raw = object(&json!({
        "parameters": [{"name": "region", "default": "eu"}],
        "timeouts": {"run": "2h"},
        "stages": [extract("read"), {"name": "check", "dependsOn": ["read"], "validate": {}, "timeouts": {"stage": "90s"}}],
    }));
    let pipeline = Pipeline::try_from(&raw).expect("a pipeline");
    assert_eq!(pipeline.name().as_str(), "iris");
    assert_eq!(pipeline.run_timeout(), Duration::from_secs(7_200));
    assert_eq!(pipeline.parameters()[0].default.as_deref(), Some("eu"));
    let names: Vec<&str> = pipeline.stages().iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["read", "check"]);
    assert_eq!(pipeline.stages()[0].timeout, Duration::from_secs(3_600));
    assert_eq!(pipeline.stages()[1].timeout, Duration::from_secs(90));
}

#[test]
fn retry_is_taken_field_by_field() {
    let mut stage = extract("read");
    stage["retry"] = json!({"limit": 5, "backoff": {"max": "1m"}, "memory": {"max": "2Gi"}});
    stage["resources"] = json!({"limits": {"memory": "512Mi"}});
    let raw = object(&json!({
        "worker": {"resources": {"limits": {"memory": "1Gi"}}},
        "retry": {"limit": 1, "backoff": {"initial": "10s", "factor": 3}},
        "stages": [stage, extract("again")],
    }));
    let pipeline = Pipeline::try_from(&raw).expect("a pipeline");
    let waits = |max| Backoff {
        initial: Duration::from_secs(10),
        factor: 3,
        max: Duration::from_secs(max),
    };
    let memory = MemoryGrowth {
        factor: 1.5,
        max: 2 << 30,
    };
    assert_eq!(
        pipeline.stages()[0].retry,
        RetryPolicy {
            limit: 5,
            backoff: waits(60),
            memory: Some(memory)
        }
    );
    assert_eq!(pipeline.stages()[0].memory, Some(512 << 20));
    assert_eq!(
        pipeline.stages()[1].retry,
        RetryPolicy {
            limit: 1,
            backoff: waits(300),
            memory: None
        }
    );
    assert_eq!(pipeline.stages()[1].memory, Some(1 << 30));
}

#[test]
fn faults_name_their_fields() {
    let mut stage = extract("read");
    stage["validate"] = json!({});
    stage["retry"] = json!({"limit": -1, "memory": {"max": "much"}});
    let spec = json!({
        "schedule": {"cron": "daily", "timeZone": "berlin"},
        "stages": [stage, {"name": "Check", "dependsOn": ["raed"], "validate": {}}],
    });
    assert_eq!(
        faults(&spec),
        [
            "spec.schedule.cron: `daily` has 1 fields; a schedule has five (minute, hour, day of month, month, day of week), or is `@daily` and the like",
            "spec.schedule.timeZone: `berlin` is not the name of a time zone",
            "spec.stages[0]: a stage needs exactly one kind: extract, validate, train, evaluate or predict",
            "spec.stages[0].retry.limit: must not be below 0, is -1",
            "spec.stages[0].retry.memory.max: `much` is not an amount of memory; write it like `512Mi` or `2Gi`",
            "spec.stages[1].dependsOn[0]: there is no stage `raed`",
            "spec.stages[1].name: `Check` is not a DNS label: lower-case letters, digits and `-`, with a letter or digit at both ends",
        ]
    );
}

/// Every text and list within its own bound, and all of them together too much.
#[test]
fn a_spec_is_bounded_as_a_whole() {
    let spec = |columns: usize| {
        let columns: Vec<String> = (0..columns).map(|i| format!("{i:0>250}")).collect();
        json!({"stages": [extract("read"), {"name": "check", "dependsOn": ["read"], "validate": {"requiredColumns": columns}}]})
    };
    assert!(Pipeline::try_from(&object(&spec(1_030))).is_ok());
    assert_eq!(
        faults(&spec(1_040)),
        ["spec: has 263257 bytes as JSON, at most 262144 are allowed"]
    );
}

#[test]
fn a_time_zone_that_there_is_not_gets_the_one_that_was_meant() {
    for (zone, suggestion) in [
        ("berlin", "did you mean `Europe/Berlin`?"),
        ("Mars/Olympus_Mons", "write it like `Europe/Berlin` or `UTC`"),
    ] {
        let spec = json!({"schedule": {"cron": "@daily", "timeZone": zone}, "stages": [extract("read")]});
        let faults = Pipeline::try_from(&object(&spec)).expect_err("a fault");
        assert_eq!(faults[0].field.to_string(), "spec.schedule.timeZone");
        assert_eq!(faults[0].suggestion.as_deref(), Some(suggestion));
    }
}

#[test]
fn an_object_without_a_name_is_refused() {
    let mut raw = object(&json!({"stages": [extract("read")]}));
    raw.metadata.name = None;
    let faults = Pipeline::try_from(&raw).expect_err("a fault");
    assert_eq!(faults[0].to_string(), "metadata.name: a name must not be empty");
}
