//! Manifests without a fault: nothing is said of them.

use std::fmt::Write as _;
use trainyard_cli::manifest::check;

fn silent(name: &str, text: &str) {
    let told = check(name, text.as_bytes())
        .iter()
        .fold(String::new(), |mut told, fault| {
            let _ = writeln!(told, "{fault}");
            told
        });
    assert_eq!(told, "", "{name}");
}

#[test]
fn the_seed() {
    silent("seed", include_str!("../../data/ml-production-pipeline.yaml"));
}

/// They fail for another reason than their form.
#[test]
fn the_examples_of_failures() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/failures");
    let files = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|file| file.expect("a file").path());
    let files: Vec<_> = files.collect();
    assert!(files.len() >= 8, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a text");
        silent(&file.display().to_string(), &text);
    }
}

#[test]
fn every_field_of_a_pipeline() {
    silent(
        "every field",
        r#"
apiVersion: trainyard.dev/v1alpha1
kind: MLPipeline
metadata: {name: churn, namespace: ml, labels: {team: growth}, annotations: {note: "x"}}
spec:
  schedule:
    cron: "30 5 * * *"
    timeZone: Europe/Berlin
    suspend: false
    concurrencyPolicy: Forbid
    missedRuns: Latest
    startingDeadlineSeconds: 3600
  trigger: "2026-11-24-first"
  parameters:
  - {name: region, default: eu}
  - {name: day}
  workspace: {claimName: trainyard, size: 5Gi}
  worker:
    image: registry.example.com/worker:1.2
    imagePullSecrets: [{name: registry}]
    serviceAccountName: trainer.ml
    resources: {requests: {cpu: 500m, memory: 256Mi}, limits: {cpu: 2, memory: 1.5Gi}}
    env:
    - {name: LOG, value: "on"}
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: warehouse, key: password}}}
    nodeSelector: {kubernetes.io/arch: amd64}
    tolerations: [{key: batch, operator: Exists, effect: NoSchedule}]
    podLabels: {team: growth}
    jobLabels: {kueue.x-k8s.io/queue-name: batch}
  retry: {limit: 2, backoff: {initial: 1s, factor: 2, max: 5m}, memory: {factor: "1.5", max: 4Gi}}
  timeouts: {run: 6h, stage: 1h30m, pending: 10m}
  stages:
  - name: extract
    extract:
      csv:
        path: data/$(parameters.region)/people.csv
        delimiter: ";"
        quote: "'"
        header: Lowercase
        nullValues: [n/a, "-"]
        columns: [{name: age, type: Integer}, {name: plan, type: Text}, {name: salary}]
  - name: validate
    dependsOn: [extract]
    validate: {requiredColumns: [age], columns: [{name: salary, type: Number}], noNulls: "Off"}
  - name: train
    input: validate
    train:
      features: [age, salary]
      target: churned
      logisticRegression:
        c: 1e-2
        classWeight: {weights: {0: 1, 1: 2.5, "yes": 3}}
        maxIterations: 500.0
        tolerance: 1e-10
      save: [onnx, joblib]
    resources: {limits: {memory: 2Gi}}
    retry: {limit: 0, backoff: {max: 1m}}
    timeouts: {stage: 10m}
    env: [{name: THREADS, value: "2"}]
  - name: predict
    input: extract
    dependsOn: [train]
    predict: {model: {use: ThisRun}}
  retention: {successfulRuns: 10, failedRuns: 0, modelVersions: 5}
"#,
    );
}

#[test]
fn what_kubectl_prints_of_an_object() {
    silent(
        "kubectl get -o yaml",
        r#"
apiVersion: trainyard.dev/v1alpha1
kind: MLPipeline
metadata:
  creationTimestamp: "2026-11-24T05:30:00Z"
  generation: 3
  name: churn
  resourceVersion: "12345"
  uid: 5f0c2a91-0000-4000-8000-000000000000
spec:
  stages:
  - {name: extract, extract: {csv: {path: a.csv}}}
status:
  observedGeneration: 3
  champion: model_20261124_053000
  conditions:
  - {type: Ready, status: "True", reason: Accepted, message: "", lastTransitionTime: "2026-11-24T05:30:00Z"}
"#,
    );
}

#[test]
fn anchors_merges_and_several_documents() {
    silent(
        "anchors",
        "
---
# nothing
---
apiVersion: trainyard.dev/v1alpha1
kind: MLPipeline
metadata: {name: anchors}
spec:
  stages:
  - &read
    name: a
    extract: &source {csv: {path: a.csv}}
  - name: b
    extract: *source
  - <<: *read
    name: c
    dependsOn: [a]
---
",
    );
}

#[test]
fn forty_empty_stages() {
    let mut text = "apiVersion: trainyard.dev/v1alpha1\nkind: MLPipeline\nmetadata: {name: chain}\nspec:\n  stages:\n  - {name: s0, extract: {csv: {path: a.csv}}}\n".to_owned();
    for i in 1..=40 {
        let _ = writeln!(
            text,
            "  - {{name: s{i}, dependsOn: [s{}], validate: {{noNulls: \"Off\"}}}}",
            i - 1
        );
    }
    silent("chain", &text);
}
