//! Keys and names that are not for users, or not for the values of a run.

use super::objects::Kind::Pipeline;
use super::rules::Row;
use serde_json::json;
use trainyard_crds::patterns::FIXED;

/// A rule, what it admits and refuses, the field and the words.
#[expect(clippy::too_many_lines, reason = "a table, an entry a rule")]
pub(super) fn reserved() -> Vec<Row> {
    let prefixes = "no key may begin with argocd.argoproj.io/, kustomize.toolkit.fluxcd.io/, helm.toolkit.fluxcd.io/, \
                    trainyard.dev/, batch.kubernetes.io/: those belong to Trainyard, Kubernetes or a GitOps tool";
    let keys = "no key may be app.kubernetes.io/instance, job-name, controller-uid: those belong to Kubernetes or a GitOps tool";
    let (of_pods, of_jobs) = ("spec.worker.podLabels", "spec.worker.jobLabels");
    let (pods, jobs) = ("/spec/worker/podLabels", "/spec/worker/jobLabels");
    let long = |domain: usize| {
        let domain = format!(
            "{}.{}.{}.{}",
            "a".repeat(63),
            "b".repeat(63),
            "c".repeat(63),
            "d".repeat(domain)
        );
        json!({format!("{domain}/{}", "e".repeat(63)): "x"})
    };
    let longer = "a key is longer than 317 characters";
    let values = "$(parameters.x)";
    let image = json!("registry.example/worker:$(parameters.x)");
    let env = |of: &str, name: &str, key: &str| json!([{"name": "A", "valueFrom": {of: {"name": name, "key": key}}}]);
    let csv = |name: &str, key: &str| json!({"configMap": {"name": name, "key": key}});
    let model = |pipeline: &str| json!({"use": "Champion", "pipeline": pipeline});
    vec![
        (
            Pipeline,
            pods,
            json!({"app.kubernetes.io/name": "a"}),
            json!({"argocd.argoproj.io/instance": "a"}),
            of_pods,
            prefixes,
        ),
        (
            Pipeline,
            jobs,
            json!({"argocd.argoproj": "a"}),
            json!({"kustomize.toolkit.fluxcd.io/name": "a"}),
            of_jobs,
            prefixes,
        ),
        (
            Pipeline,
            pods,
            json!({"fluxcd.io/a": "a"}),
            json!({"helm.toolkit.fluxcd.io/name": "a"}),
            of_pods,
            prefixes,
        ),
        (
            Pipeline,
            jobs,
            json!({"trainyard": "a"}),
            json!({"trainyard.dev/run": "a"}),
            of_jobs,
            prefixes,
        ),
        (
            Pipeline,
            pods,
            json!({"kubernetes.io/a": "a"}),
            json!({"batch.kubernetes.io/job-name": "a"}),
            of_pods,
            prefixes,
        ),
        (
            Pipeline,
            jobs,
            json!({"instance": "a"}),
            json!({"app.kubernetes.io/instance": "a"}),
            of_jobs,
            keys,
        ),
        (
            Pipeline,
            pods,
            json!({"job": "a"}),
            json!({"job-name": "a"}),
            of_pods,
            keys,
        ),
        (
            Pipeline,
            pods,
            json!({"controller": "a"}),
            json!({"controller-uid": "a"}),
            of_pods,
            keys,
        ),
        (Pipeline, pods, long(61), long(62), of_pods, longer),
        (
            Pipeline,
            "/spec/worker/image",
            json!("worker"),
            image,
            "spec.worker.image",
            FIXED,
        ),
        (
            Pipeline,
            "/spec/workspace/claimName",
            json!("yard"),
            json!(values),
            "spec.workspace.claimName",
            FIXED,
        ),
        (
            Pipeline,
            "/spec/worker/serviceAccountName",
            json!("a"),
            json!(values),
            "spec.worker.serviceAccountName",
            FIXED,
        ),
        (
            Pipeline,
            "/spec/worker/imagePullSecrets",
            json!([{"name": "registry"}]),
            json!([{"name": "registry-$(parameters.x)"}]),
            "spec.worker.imagePullSecrets[0].name",
            FIXED,
        ),
        (
            Pipeline,
            "/spec/worker/env",
            env("secretKeyRef", "a", "b"),
            env("secretKeyRef", values, "b"),
            "spec.worker.env[0].valueFrom.secretKeyRef.name",
            FIXED,
        ),
        (
            Pipeline,
            "/spec/stages/0/env",
            env("configMapKeyRef", "a", "b"),
            env("configMapKeyRef", "a", values),
            "spec.stages[0].env[0].valueFrom.configMapKeyRef.key",
            FIXED,
        ),
        (
            Pipeline,
            "/spec/stages/0/extract/csv",
            csv("iris", "iris.csv"),
            csv("iris-$(slot.date)", "iris.csv"),
            "spec.stages[0].extract.csv.configMap.name",
            FIXED,
        ),
        (
            Pipeline,
            "/spec/stages/0/extract/csv",
            csv("iris", "iris.csv"),
            csv("iris", "$(slot.date).csv"),
            "spec.stages[0].extract.csv.configMap.key",
            FIXED,
        ),
        (
            Pipeline,
            "/spec/stages/2/predict/model",
            model("iris"),
            model(values),
            "spec.stages[2].predict.model.pipeline",
            FIXED,
        ),
    ]
}
