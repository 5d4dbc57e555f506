//! Manifests that must not run, and who finds that out: the API server at `kubectl apply`, or our own door, which then makes the
//! pipeline `Ready=False` and `Stalled=True`. Either names the field.

#![expect(clippy::too_many_lines, reason = "tables, an entry a manifest")]

use super::objects::Kind;
use Finder::{ApiServer, Door};
use Kind::{Pipeline, Run};
use serde_json::{Value, json};

/// Who finds that a manifest is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finder {
    /// Refused at apply.
    ApiServer,
    /// Taken by the API server, refused by [`trainyard_crds::door`].
    Door,
}

/// A manifest that must not run.
pub(crate) struct Bad {
    pub(crate) name: &'static str,
    /// YAML, or JSON, which is YAML.
    pub(crate) text: String,
    pub(crate) finder: Finder,
    /// The field that is named, as the finder writes it.
    pub(crate) field: &'static str,
    /// Words that stand in what is said of it.
    pub(crate) words: &'static str,
    /// Whether it takes `kubectl apply --server-side` to come so far: without, kubectl keeps the whole object in an annotation,
    /// and an API server takes no more than 256 KiB of those.
    pub(crate) server_side: bool,
}

/// All of them.
pub(crate) fn bad_manifests() -> Vec<Bad> {
    let tables = [unknown(), graph(), schedule(), caps(), forms(), fixed_names(), runs()];
    let mut all: Vec<Bad> = tables.into_iter().flatten().collect();
    all.extend(as_yaml());
    all
}

/// A valid object of a kind with one value replaced.
fn bad(
    name: &'static str,
    kind: Kind,
    (pointer, value): (&str, Value),
    finder: Finder,
    field: &'static str,
    words: &'static str,
) -> Bad {
    Bad {
        name,
        text: kind.with(pointer, &value).to_string(),
        finder,
        field,
        words,
        server_side: false,
    }
}

/// Two stages more than the valid pipeline has.
fn five_stages(fourth: &Value, fifth: &Value) -> Value {
    let mut stages = Pipeline.object()["spec"]["stages"].take();
    let list = stages.as_array_mut().expect("a list");
    list.extend([fourth.clone(), fifth.clone()]);
    stages
}

fn extract(name: &str) -> Value {
    json!({"name": name, "extract": {"csv": {"path": "a.csv"}}})
}

fn after(name: &str, before: &[&str]) -> Value {
    json!({"name": name, "dependsOn": before, "validate": {}})
}

/// Fields, kinds and words that there are not.
fn unknown() -> Vec<Bad> {
    let none = json!({"name": "extract"});
    let two = json!({"name": "extract", "extract": {"csv": {"path": "a.csv"}}, "validate": {}});
    let kinds = "a stage needs exactly one kind: extract, validate, train, evaluate or predict";
    let source = json!({"csv": {"path": "a.csv", "configMap": {"name": "a", "key": "a.csv"}}});
    let env = json!([{"name": "A", "value": "a", "valueFrom": {"secretKeyRef": {"name": "a", "key": "a"}}}]);
    vec![
        bad(
            "an unknown field of the spec",
            Pipeline,
            ("/spec/stage", json!([])),
            ApiServer,
            "spec.stage",
            "unknown field",
        ),
        bad(
            "a misspelt field of a stage",
            Pipeline,
            ("/spec/stages/1/train/feature", json!(["age"])),
            ApiServer,
            "spec.stages[1].train.feature",
            "unknown field",
        ),
        bad(
            "a kind of stage that does not exist yet",
            Pipeline,
            ("/spec/stages/0/container", json!({"image": "python"})),
            ApiServer,
            "spec.stages[0].container",
            "unknown field",
        ),
        bad(
            "a version that there is not",
            Pipeline,
            ("/apiVersion", json!("trainyard.dev/v9")),
            ApiServer,
            "trainyard.dev/v9",
            "no matches for kind",
        ),
        bad(
            "two kinds in a stage",
            Pipeline,
            ("/spec/stages/0", two),
            ApiServer,
            "spec.stages[0]",
            kinds,
        ),
        bad(
            "no kind in a stage",
            Pipeline,
            ("/spec/stages/0", none),
            ApiServer,
            "spec.stages[0]",
            kinds,
        ),
        bad(
            "two places of a table",
            Pipeline,
            ("/spec/stages/0/extract", source),
            ApiServer,
            "spec.stages[0].extract.csv",
            "exactly one of path and configMap",
        ),
        bad(
            "no algorithm",
            Pipeline,
            ("/spec/stages/1/train/logisticRegression", Value::Null),
            ApiServer,
            "spec.stages[1].train",
            "exactly one algorithm",
        ),
        bad(
            "two values of a variable",
            Pipeline,
            ("/spec/worker/env", env),
            ApiServer,
            "spec.worker.env[0]",
            "one of value and valueFrom",
        ),
        bad(
            "an unknown word",
            Pipeline,
            (
                "/spec/schedule",
                json!({"cron": "@daily", "concurrencyPolicy": "Queue"}),
            ),
            ApiServer,
            "spec.schedule.concurrencyPolicy",
            "\"Allow\", \"Forbid\", \"Replace\"",
        ),
        bad(
            "an unknown file of a model",
            Pipeline,
            ("/spec/stages/1/train/save", json!(["pickle"])),
            ApiServer,
            "spec.stages[1].train.save[0]",
            "\"onnx\", \"joblib\"",
        ),
        bad(
            "a stage list that is a map",
            Pipeline,
            ("/spec/stages", json!({"extract": {}})),
            ApiServer,
            "spec.stages",
            "unknown field",
        ),
        bad(
            "no target",
            Pipeline,
            ("/spec/stages/1/train/target", Value::Null),
            ApiServer,
            "spec.stages[1].train.target",
            "Required value",
        ),
        bad(
            "no stages",
            Pipeline,
            ("/spec/stages", Value::Null),
            ApiServer,
            "spec.stages",
            "Required value",
        ),
    ]
}

/// The order of the stages, their data, their values.
fn graph() -> Vec<Bad> {
    let cycle = five_stages(&after("a", &["b"]), &after("b", &["a"]));
    let itself = five_stages(&after("a", &["a"]), &extract("b"));
    let ambiguous = five_stages(&extract("second"), &after("check", &["extract", "second"]));
    let nothing = json!([{"name": "check", "validate": {}}]);
    let twice = five_stages(&extract("extract"), &extract("b"));
    let second_model = json!({
        "name": "again", "dependsOn": ["extract"],
        "train": {"features": ["sepal"], "target": "species", "logisticRegression": {}},
    });
    let two_models = five_stages(&second_model, &extract("b"));
    let no_model = json!([extract("extract"), {"name": "predict", "input": "extract", "predict": {}}]);
    let path = "/spec/stages/0/extract/csv/path";
    let of_path = "spec.stages[0].extract.csv.path";
    vec![
        bad(
            "a cycle",
            Pipeline,
            ("/spec/stages", cycle),
            Door,
            "spec.stages[4].dependsOn[0]",
            "in a circle: a -> b -> a",
        ),
        bad(
            "a stage after itself",
            Pipeline,
            ("/spec/stages", itself),
            Door,
            "spec.stages[3].dependsOn",
            "itself",
        ),
        bad(
            "an unknown dependency",
            Pipeline,
            ("/spec/stages/1/dependsOn", json!(["exract"])),
            ApiServer,
            "spec.stages",
            "every dependsOn must name a stage",
        ),
        bad(
            "an unknown input",
            Pipeline,
            ("/spec/stages/2/input", json!("exract")),
            ApiServer,
            "spec.stages",
            "every input must name a stage",
        ),
        bad(
            "an ambiguous input",
            Pipeline,
            ("/spec/stages", ambiguous),
            Door,
            "spec.stages[4].input",
            "`extract` and `second`",
        ),
        bad(
            "no dataset above",
            Pipeline,
            ("/spec/stages", nothing),
            Door,
            "spec.stages[0].input",
            "no stage above",
        ),
        bad(
            "one name for two stages",
            Pipeline,
            ("/spec/stages", twice),
            ApiServer,
            "spec.stages[3]",
            "Duplicate value",
        ),
        bad(
            "two models",
            Pipeline,
            ("/spec/stages", two_models),
            Door,
            "spec.stages[3].train",
            "champion",
        ),
        bad(
            "no model above",
            Pipeline,
            ("/spec/stages", no_model),
            Door,
            "spec.stages[1].predict.model",
            "train",
        ),
        bad(
            "the target among the features",
            Pipeline,
            ("/spec/stages/1/train/target", json!("petal")),
            ApiServer,
            "spec.stages[1].train.target",
            "must not be among the features",
        ),
        bad(
            "a feature twice",
            Pipeline,
            ("/spec/stages/1/train/features", json!(["petal", "petal"])),
            ApiServer,
            "spec.stages[1].train.features[1]",
            "Duplicate value",
        ),
        bad(
            "no features",
            Pipeline,
            ("/spec/stages/1/train/features", json!([])),
            ApiServer,
            "spec.stages[1].train.features",
            "at least 1 items",
        ),
        bad(
            "a parameter that nobody declares",
            Pipeline,
            (path, json!("$(parameters.region).csv")),
            Door,
            of_path,
            "there is no parameter `region`",
        ),
        bad(
            "a value that there is not",
            Pipeline,
            (path, json!("$(params.region).csv")),
            Door,
            of_path,
            "is no value",
        ),
        bad(
            "a value without an end",
            Pipeline,
            (path, json!("$(parameters.region")),
            Door,
            of_path,
            "is never closed by `)`",
        ),
        bad(
            "an output of a later stage",
            Pipeline,
            (path, json!("$(stages.train.outputs.rows).csv")),
            Door,
            of_path,
            "does not run before",
        ),
        bad(
            "one name for two parameters",
            Pipeline,
            ("/spec/parameters", json!([{"name": "a"}, {"name": "a"}])),
            ApiServer,
            "spec.parameters[1]",
            "Duplicate value",
        ),
    ]
}

fn schedule() -> Vec<Bad> {
    let schedule = |cron: &str, zone: &str| ("/spec/schedule", json!({"cron": cron, "timeZone": zone}));
    let (cron, zone) = ("spec.schedule.cron", "spec.schedule.timeZone");
    let deadline = json!({"cron": "@daily", "startingDeadlineSeconds": 0});
    vec![
        bad(
            "four fields of a schedule",
            Pipeline,
            schedule("* * * *", "UTC"),
            Door,
            cron,
            "has 4 fields",
        ),
        bad(
            "a minute that there is not",
            Pipeline,
            schedule("60 * * * *", "UTC"),
            Door,
            cron,
            "`60` is no minute",
        ),
        bad(
            "a word that there is not",
            Pipeline,
            schedule("@yearly", "UTC"),
            Door,
            cron,
            "`@yearly` is no schedule",
        ),
        bad(
            "no schedule in a schedule",
            Pipeline,
            ("/spec/schedule", json!({})),
            ApiServer,
            cron,
            "Required value",
        ),
        bad(
            "a zone that there is not",
            Pipeline,
            schedule("@daily", "Mars/Olympus_Mons"),
            Door,
            zone,
            "is not the name of a time zone",
        ),
        bad(
            "a zone in small letters",
            Pipeline,
            schedule("@daily", "europe/berlin"),
            Door,
            zone,
            "is not the name of a time zone",
        ),
        bad(
            "a deadline of nothing",
            Pipeline,
            ("/spec/schedule", deadline),
            ApiServer,
            "spec.schedule.startingDeadlineSeconds",
            "greater than or equal to 1",
        ),
    ]
}

/// Beyond every cap by one.
fn caps() -> Vec<Bad> {
    let stages: Vec<Value> = (0..=200).map(|i| extract(&format!("s{i}"))).collect();
    let mut many: Vec<Value> = (0..21).map(|i| extract(&format!("s{i}"))).collect();
    let names: Vec<String> = (0..21).map(|i| format!("s{i}")).collect();
    many.push(json!({"name": "last", "input": "s0", "dependsOn": names, "validate": {}}));
    let parameters: Vec<Value> = (0..65).map(|i| json!({"name": format!("p{i}")})).collect();
    let long = |length: usize| json!([{"name": "region", "default": "x".repeat(length)}]);
    let bytes = json!([{"name": "region", "default": "ä".repeat(2_049)}]);
    let columns: Vec<String> = (0..1_100).map(|i| format!("{i:0>250}")).collect();
    let env: Vec<Value> = (0..21)
        .map(|i| json!({"name": format!("V{i}"), "value": "x"}))
        .collect();
    let name = "n".repeat(41);
    vec![
        bad(
            "201 stages",
            Pipeline,
            ("/spec/stages", json!(stages)),
            ApiServer,
            "spec.stages",
            "at most 200 items",
        ),
        bad(
            "21 dependencies",
            Pipeline,
            ("/spec/stages", json!(many)),
            ApiServer,
            "spec.stages[21].dependsOn",
            "at most 20 items",
        ),
        bad(
            "65 parameters",
            Pipeline,
            ("/spec/parameters", json!(parameters)),
            ApiServer,
            "spec.parameters",
            "at most 64 items",
        ),
        bad(
            "a parameter of 4,097 letters",
            Pipeline,
            ("/spec/parameters", long(4_097)),
            ApiServer,
            "spec.parameters[0].default",
            "4096",
        ),
        bad(
            "a parameter of 4,098 bytes",
            Pipeline,
            ("/spec/parameters", bytes),
            ApiServer,
            "spec.parameters[0].default",
            "at most 4096 bytes",
        ),
        bad(
            "a pipeline's name of 41 letters",
            Pipeline,
            ("/metadata/name", json!(name)),
            ApiServer,
            "metadata.name",
            "40",
        ),
        bad(
            "a stage's name of 41 letters",
            Pipeline,
            ("/spec/stages/2/name", json!(name)),
            ApiServer,
            "spec.stages[2].name",
            "40",
        ),
        bad(
            "21 variables of a stage",
            Pipeline,
            ("/spec/stages/0/env", json!(env)),
            ApiServer,
            "spec.stages[0].env",
            "at most 20 items",
        ),
        bad(
            "eleven retries",
            Pipeline,
            ("/spec/retry", json!({"limit": 11})),
            ApiServer,
            "spec.retry.limit",
            "less than or equal to 10",
        ),
        Bad {
            server_side: true,
            ..bad(
                "a spec of 275,000 bytes",
                Pipeline,
                (
                    "/spec/stages/1",
                    json!({"name": "train", "dependsOn": ["extract"], "validate": {"requiredColumns": columns}}),
                ),
                Door,
                "spec",
                "at most 262144 are allowed",
            )
        },
    ]
}

/// Texts and numbers that are none.
fn forms() -> Vec<Bad> {
    let resources = |requests: Value, limits: Value| json!({"requests": requests, "limits": limits});
    let label = |key: &str| json!({key: "a"});
    vec![
        bad(
            "a name with a dot",
            Pipeline,
            ("/metadata/name", json!("iris.v2")),
            ApiServer,
            "metadata.name",
            "is not a DNS label",
        ),
        bad(
            "a name in capitals",
            Pipeline,
            ("/metadata/name", json!("Iris")),
            ApiServer,
            "metadata.name",
            "lower",
        ),
        bad(
            "a stage's name in capitals",
            Pipeline,
            ("/spec/stages/2/name", json!("Predict")),
            ApiServer,
            "spec.stages[2].name",
            "is not a DNS label",
        ),
        bad(
            "a malformed duration",
            Pipeline,
            ("/spec/timeouts", json!({"run": "5 minutes"})),
            ApiServer,
            "spec.timeouts.run",
            "is not a duration; write it like",
        ),
        bad(
            "a duration that is a number",
            Pipeline,
            ("/spec/timeouts", json!({"stage": 90})),
            ApiServer,
            "spec.timeouts.stage",
            "string",
        ),
        bad(
            "a timeout of nothing",
            Pipeline,
            ("/spec/stages/1/timeouts", json!({"stage": "0s"})),
            ApiServer,
            "spec.stages[1].timeouts.stage",
            "must be more than 0s",
        ),
        bad(
            "a first wait beyond the longest",
            Pipeline,
            ("/spec/retry", json!({"backoff": {"initial": "10m"}})),
            ApiServer,
            "spec.retry.backoff.initial",
            "must not be longer than backoff.max",
        ),
        bad(
            "a factor that does not grow",
            Pipeline,
            ("/spec/retry", json!({"memory": {"max": "4Gi", "factor": "1"}})),
            ApiServer,
            "spec.retry.memory.factor",
            "must be more than 1",
        ),
        bad(
            "a malformed quantity",
            Pipeline,
            ("/spec/worker/resources", json!({"limits": {"memory": "512MB"}})),
            ApiServer,
            "spec.worker.resources.limits[memory]",
            "is not a quantity",
        ),
        bad(
            "a resource that there is not",
            Pipeline,
            ("/spec/worker/resources", json!({"limits": {"memroy": "1Gi"}})),
            ApiServer,
            "spec.worker.resources.limits",
            "a key is not a resource",
        ),
        bad(
            "a request above its limit",
            Pipeline,
            (
                "/spec/stages/1/resources",
                resources(json!({"memory": "2Gi"}), json!({"memory": "1Gi"})),
            ),
            ApiServer,
            "spec.stages[1].resources.requests",
            "must not be larger than limits",
        ),
        bad(
            "a label of the operator's",
            Pipeline,
            ("/spec/worker/podLabels", label("trainyard.dev/run")),
            ApiServer,
            "spec.worker.podLabels",
            "no key may begin with",
        ),
        bad(
            "a label of Argo CD's",
            Pipeline,
            ("/spec/worker/podLabels", label("argocd.argoproj.io/instance")),
            ApiServer,
            "spec.worker.podLabels",
            "no key may begin with",
        ),
        bad(
            "the label that Argo CD tracks by",
            Pipeline,
            ("/spec/worker/jobLabels", label("app.kubernetes.io/instance")),
            ApiServer,
            "spec.worker.jobLabels",
            "no key may be app.kubernetes.io/instance",
        ),
        bad(
            "a label of Flux's",
            Pipeline,
            ("/spec/worker/jobLabels", label("kustomize.toolkit.fluxcd.io/name")),
            ApiServer,
            "spec.worker.jobLabels",
            "no key may begin with",
        ),
        bad(
            "a label that no pod takes",
            Pipeline,
            ("/spec/worker/podLabels", json!({"team": "a b"})),
            ApiServer,
            "spec.worker.podLabels[team]",
            "is not the value of a label",
        ),
        bad(
            "a penalty of nothing",
            Pipeline,
            ("/spec/stages/1/train/logisticRegression", json!({"c": 0})),
            ApiServer,
            "spec.stages[1].train.logisticRegression.c",
            "greater than 0",
        ),
        bad(
            "a version without its use",
            Pipeline,
            (
                "/spec/stages/2/predict/model",
                json!({"version": "model_20260223_104700"}),
            ),
            ApiServer,
            "spec.stages[2].predict.model.version",
            "version goes with use: Version",
        ),
    ]
}

/// A parameter where a name stands.
fn fixed_names() -> Vec<Bad> {
    let value = "$(parameters.x)";
    let words = "no `$(…)` can stand here";
    let secret = json!([{"name": "A", "valueFrom": {"secretKeyRef": {"name": value, "key": "a"}}}]);
    let config_map = json!({"csv": {"configMap": {"name": value, "key": "a.csv"}}});
    let model = json!({"use": "Champion", "pipeline": value});
    vec![
        bad(
            "a parameter in the image",
            Pipeline,
            ("/spec/worker/image", json!(format!("worker:{value}"))),
            ApiServer,
            "spec.worker.image",
            words,
        ),
        bad(
            "a parameter in the claim",
            Pipeline,
            ("/spec/workspace/claimName", json!(value)),
            ApiServer,
            "spec.workspace.claimName",
            words,
        ),
        bad(
            "a parameter in a Secret's name",
            Pipeline,
            ("/spec/stages/1/env", secret),
            ApiServer,
            "spec.stages[1].env[0].valueFrom.secretKeyRef.name",
            words,
        ),
        bad(
            "a parameter in a pull Secret's name",
            Pipeline,
            ("/spec/worker/imagePullSecrets", json!([{"name": value}])),
            ApiServer,
            "spec.worker.imagePullSecrets[0].name",
            words,
        ),
        bad(
            "a parameter in a ConfigMap's name",
            Pipeline,
            ("/spec/stages/0/extract", config_map),
            ApiServer,
            "spec.stages[0].extract.csv.configMap.name",
            words,
        ),
        bad(
            "a parameter in a service account",
            Pipeline,
            ("/spec/worker/serviceAccountName", json!(value)),
            ApiServer,
            "spec.worker.serviceAccountName",
            words,
        ),
        bad(
            "a parameter in another pipeline's name",
            Pipeline,
            ("/spec/stages/2/predict/model", model),
            ApiServer,
            "spec.stages[2].predict.model.pipeline",
            words,
        ),
    ]
}

fn runs() -> Vec<Bad> {
    let parameters: Vec<Value> = (0..65).map(|i| json!({"name": format!("p{i}"), "value": ""})).collect();
    vec![
        bad(
            "a run of nothing",
            Run,
            ("/spec/pipelineRef", Value::Null),
            ApiServer,
            "spec.pipelineRef",
            "Required value",
        ),
        bad(
            "a run's name of 58 letters",
            Run,
            ("/metadata/name", json!("n".repeat(58))),
            ApiServer,
            "metadata.name",
            "57",
        ),
        bad(
            "a state that there is not",
            Run,
            ("/spec/state", json!("Paused")),
            ApiServer,
            "spec.state",
            "\"Running\", \"Suspended\", \"Stopped\"",
        ),
        bad(
            "65 values",
            Run,
            ("/spec/parameters", json!(parameters)),
            ApiServer,
            "spec.parameters",
            "at most 64 items",
        ),
        bad(
            "a value that is a number",
            Run,
            ("/spec/parameters", json!([{"name": "a", "value": 5}])),
            ApiServer,
            "spec.parameters[0].value",
            "string",
        ),
        bad(
            "an unknown field of a run",
            Run,
            ("/spec/pipeline", json!("iris")),
            ApiServer,
            "spec.pipeline",
            "unknown field",
        ),
    ]
}

/// What kubectl reads otherwise than it is meant: JSON cannot show it.
fn as_yaml() -> Vec<Bad> {
    let yaml = |validate: &str, target: &str| {
        format!(
            "apiVersion: trainyard.dev/v1alpha1\n\
             kind: MLPipeline\n\
             metadata: {{name: iris}}\n\
             spec:\n\
             \x20 stages:\n\
             \x20 - {{name: extract, extract: {{csv: {{path: iris.csv}}}}}}\n\
             \x20 - {{name: check, dependsOn: [extract], validate: {{{validate}}}}}\n\
             \x20 - {{name: train, dependsOn: [check], train: {{features: [sepal], target: {target}, logisticRegression: {{}}}}}}\n"
        )
    };
    vec![
        Bad {
            name: "the word Off without quotes",
            text: yaml("noNulls: Off", "species"),
            finder: ApiServer,
            field: "spec.stages[1].validate.noNulls",
            words: "must be of type string: \"boolean\"",
            server_side: false,
        },
        Bad {
            name: "a target called y without quotes",
            text: yaml("", "y"),
            finder: ApiServer,
            field: "spec.stages[2].train.target",
            words: "must be of type string: \"boolean\"",
            server_side: false,
        },
    ]
}
