//! Whole Jobs, compared with the files of `operator/tests/golden`. `UPDATE_GOLDEN=1` rewrites them; the cluster tests send each
//! of them to a real API server, so that none can be stable and wrong.

use super::*;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde_json::{Value, json};
use std::path::Path;
use trainyard_contract::result::{Artifact, Outcome};
use trainyard_contract::{RunName, RunUid, StageResult};
use trainyard_engine::{
    Action, AttemptState, Ending, HostPlaces, Observed, ObservedAttempt, RunDraft, Timestamp, plan,
};

/// When the run was created.
const CREATED: &str = "2026-02-23T10:47:00Z";

/// A pipeline with a table of a ConfigMap, with one more field of its spec.
fn revision(field: &str, value: Value) -> LoadedRevision {
    let mut spec = json!({
        "stages": [
            {"name": "extract", "extract": {"csv": {"configMap": {"name": "iris-data", "key": "iris.csv"}}}},
            {"name": "train", "dependsOn": ["extract"],
             "train": {"features": ["sepal", "petal"], "target": "species", "logisticRegression": {}}},
        ],
    });
    spec[field] = value;
    let spec = serde_json::from_value(spec).expect("a spec");
    LoadedRevision::new("iris", spec).expect("a pipeline that can run")
}

/// How an attempt ended, for the story of a run.
fn ended(ending: Ending) -> AttemptState {
    let at =
        |seconds: i64| Timestamp::from_millis(Timestamp::parse(CREATED).expect("a time").as_millis() + seconds * 1_000);
    AttemptState::Ended {
        began: Some(at(3)),
        at: at(4),
        ending,
    }
}

fn extracted() -> AttemptState {
    ended(Ending::Reported(StageResult {
        attempt: 1,
        rows: Some(150),
        artifacts: vec![Artifact {
            path: "data.arrow".into(),
            sha256: "d".repeat(64),
            bytes: 4_096,
        }],
        ..StageResult::ended(Outcome::Succeeded)
    }))
}

/// The Job of the attempt that is started after these ends of earlier ones, in order.
fn job_after(revision: &LoadedRevision, ends: Vec<(&str, AttemptState)>) -> Value {
    let settings = Settings::example();
    let draft = RunDraft {
        name: RunName::parse("iris-1").expect("a name"),
        uid: RunUid::parse("0d3791c7-1111-4222-8333-944455556666").expect("a uid"),
        created: Timestamp::parse(CREATED).expect("a time"),
        parameters: BTreeMap::new(),
        slot: None,
    };
    let mut run = Run::new(&revision.pipeline, draft).expect("parameters that fit");
    let mut observed = Observed::default();
    let mut ends = ends.into_iter();
    // Long enough after each end that no backoff is left.
    for minute in 1_i64.. {
        let now = Timestamp::from_millis(run.created.as_millis() + minute * 60_000);
        let plan = plan(&run, &revision.pipeline, &observed, now);
        run.status = plan.status;
        let starts = plan.actions.into_iter().find_map(|action| match action {
            Action::StartAttempt(start) => Some(*start),
            Action::StopAttempt { .. } | Action::RegisterModelVersion { .. } | Action::MoveChampion { .. } => None,
        });
        let Some(start) = starts else { continue };
        let Some((stage, end)) = ends.next() else {
            return rendered(revision, &run, &start, &settings);
        };
        assert_eq!(start.stage.as_str(), stage, "the story is another one");
        observed.attempts.push(ObservedAttempt {
            stage: start.stage.clone(),
            attempt: start.attempt,
            created: now,
            given: start.given.clone(),
            state: end,
        });
    }
    unreachable!("a run goes on until its story is told")
}

fn rendered(revision: &LoadedRevision, run: &Run, start: &StartAttempt, settings: &Settings) -> Value {
    let places = HostPlaces {
        workspace: WORKSPACE.into(),
        source: source(&start.spec),
        champion: None,
        tidy: None,
        next_champion: None,
    };
    let document = start.document(run, &revision.pipeline, places);
    let attempt = Attempt {
        run,
        owner: OwnerReference {
            api_version: "trainyard.dev/v1alpha1".to_owned(),
            kind: "PipelineRun".to_owned(),
            name: run.name.to_string(),
            uid: run.uid.to_string(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        },
        namespace: "ml",
        revision,
        start,
        removes: &[],
        on_one_node: true,
        document: &document,
        created: run.created,
    };
    serde_json::to_value(job(&attempt, settings)).expect("a Job is JSON")
}

fn golden(name: &str, value: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let text = format!(
        "# Compared by operator/src/run/manifest/golden.rs; UPDATE_GOLDEN=1 rewrites it.\n{}",
        trainyard_crds::yaml_text::yaml(value)
    );
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).expect("the golden file can be written");
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == wanted, "{} is another Job now:\n{text}", path.display());
}

#[test]
fn the_job_of_an_extract_from_a_config_map() {
    let revision = revision("workspace", json!({"claimName": "yard"}));
    golden("job-extract.yaml", &job_after(&revision, vec![]));
}

#[test]
fn the_job_of_a_train_stage_reads_what_extract_committed() {
    let revision = revision("retry", json!({"limit": 1}));
    golden("job-train.yaml", &job_after(&revision, vec![("extract", extracted())]));
}

#[test]
fn a_retry_after_out_of_memory_has_more_of_it() {
    let mut revision = revision("retry", json!({"memory": {"factor": "1.5", "max": "1Gi"}}));
    revision.spec.worker =
        serde_json::from_value(json!({"resources": {"requests": {"memory": "100Mi"}, "limits": {"memory": "200Mi"}}}))
            .expect("a worker");
    let revision = LoadedRevision::new("iris", revision.spec).expect("a pipeline that can run");
    let out_of_memory = ended(Ending::OutOfMemory { message: String::new() });
    golden(
        "job-extract-with-more-memory.yaml",
        &job_after(&revision, vec![("extract", out_of_memory)]),
    );
}

#[test]
fn a_pipeline_says_how_its_pods_look() {
    let worker = json!({
        "image": "registry.example/worker:2",
        "imagePullSecrets": [{"name": "registry"}],
        "serviceAccountName": "trainer",
        "resources": {"requests": {"cpu": "100m"}},
        "env": [
            {"name": "PRICE", "value": "$(HOME) costs $5"},
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "warehouse", "key": "password"}}},
        ],
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "podLabels": {"team": "iris", "trainyard.dev/stage": "nobody may say this"},
        "jobLabels": {"kueue.x-k8s.io/queue-name": "nightly"},
    });
    golden(
        "job-with-all-of-worker.yaml",
        &job_after(&revision("worker", worker), vec![]),
    );
}

/// What the worker reads is what the engine wrote, whatever characters stand in it.
#[test]
fn a_document_reaches_its_worker_as_it_is() {
    let odd = "$(HOME) $$ ${x} \"quoted\" \u{e4}\n\t'";
    let mut spec = revision("retry", json!({})).spec;
    if let Some(train) = &mut spec.stages[1].train {
        odd.clone_into(&mut train.target);
    }
    let revision = LoadedRevision::new("iris", spec);
    // `$(HOME)` is no value of a pipeline, and refused; the rest is a column's name.
    assert!(revision.is_err());
    let mut spec = self::revision("retry", json!({})).spec;
    let odd = odd.replace("$(HOME)", "$$(HOME)");
    if let Some(train) = &mut spec.stages[1].train {
        odd.clone_into(&mut train.target);
    }
    let revision = LoadedRevision::new("iris", spec).expect("a column may be called so");
    let job = job_after(&revision, vec![("extract", extracted())]);
    let text = job["spec"]["template"]["metadata"]["annotations"][DOCUMENT]
        .as_str()
        .expect("a document");
    let document: StageDocument = serde_json::from_str(text).expect("a document");
    let StageSpec::Train(train) = document.spec else {
        unreachable!("the second stage trains");
    };
    assert_eq!(train.target, odd.replace("$$(HOME)", "$(HOME)"));
}

/// Minted when the stage first starts, and kept from then on.
#[test]
fn every_attempt_of_a_train_stage_gets_the_same_version() {
    let revision = revision("retry", json!({"limit": 1}));
    let killed = || ended(Ending::Silent { exit_code: Some(137) });
    let first = job_after(&revision, vec![("extract", extracted())]);
    let second = job_after(&revision, vec![("extract", extracted()), ("train", killed())]);
    let version = |job: &Value| job["metadata"]["labels"][MODEL_VERSION].clone();
    assert_eq!(version(&first), version(&second));
    assert_eq!(second["metadata"]["labels"][ATTEMPT], "2");
}

#[test]
fn a_path_is_looked_for_in_the_workspace_only() {
    let spec = |csv: Value| serde_json::from_value::<StageSpec>(json!({"extract": {"csv": csv}})).expect("a stage");
    for (csv, absolute) in [
        (json!({"path": "people.csv"}), None),
        (json!({"path": "../people.csv"}), None),
        (json!({"path": "/proc/self/environ"}), Some("/proc/self/environ")),
        (json!({"configMap": {"name": "people", "key": "people.csv"}}), None),
    ] {
        assert_eq!(absolute_path(&spec(csv)), absolute);
    }
    let relative = source(&spec(json!({"path": "../people.csv"}))).expect("a source");
    assert!(relative.path.is_relative(), "the worker keeps it below the workspace");
}
