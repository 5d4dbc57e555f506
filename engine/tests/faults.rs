//! What is refused, and in which words: one table a topic, whole faults at a time.

use trainyard_contract::stage::{
    ConfigMapKey, CsvSource, ExtractSpec, LogisticRegressionSpec, ModelChoice, ModelUse, PredictSpec, TrainSpec,
    ValidateSpec,
};
use trainyard_contract::{Duration, PipelineName, RunName, RunUid, StageSpec};
use trainyard_engine::{
    Backoff, MemoryGrowth, ParameterDraft, Pipeline, PipelineDraft, RetryPolicy, Run, RunDraft, SpecFault, StageDraft,
    StageTimeouts, Timeouts, Timestamp,
};

fn csv(path: &str) -> StageSpec {
    StageSpec::Extract(ExtractSpec {
        csv: Some(CsvSource {
            path: Some(path.into()),
            ..CsvSource::default()
        }),
    })
}

fn extract(name: &str) -> StageDraft {
    StageDraft::new(name, csv("x.csv"))
}

fn validate(name: &str) -> StageDraft {
    StageDraft::new(name, StageSpec::Validate(ValidateSpec::default()))
}

fn train_on(name: &str, features: &[&str], target: &str) -> StageDraft {
    let spec = TrainSpec {
        features: features.iter().map(|&feature| feature.into()).collect(),
        target: target.into(),
        logistic_regression: Some(LogisticRegressionSpec::default()),
        save: Vec::new(),
    };
    StageDraft::new(name, StageSpec::Train(spec))
}

fn train(name: &str) -> StageDraft {
    train_on(name, &["age"], "bought")
}

fn predict(name: &str, model_use: ModelUse, version: Option<&str>, pipeline: Option<&str>) -> StageDraft {
    let model = ModelChoice {
        model_use: Some(model_use),
        version: version.map(Into::into),
        pipeline: pipeline.map(Into::into),
    };
    StageDraft::new(name, StageSpec::Predict(PredictSpec { model }))
}

/// The stage, depending on others.
trait After {
    fn after(self, above: &[&str]) -> Self;
    fn reading(self, input: &str) -> Self;
}

impl After for StageDraft {
    fn after(self, above: &[&str]) -> Self {
        Self {
            depends_on: above.iter().map(|&name| name.into()).collect(),
            ..self
        }
    }

    fn reading(self, input: &str) -> Self {
        Self {
            input: Some(input.into()),
            ..self
        }
    }
}

fn draft(stages: Vec<StageDraft>) -> PipelineDraft {
    PipelineDraft {
        name: PipelineName::parse("shop").expect("a name"),
        parameters: Vec::new(),
        retry: RetryPolicy::default(),
        timeouts: Timeouts::default(),
        stages,
    }
}

/// Every fault as `FIELD: MESSAGE (SUGGESTION)`.
fn told(faults: &[SpecFault]) -> Vec<String> {
    let told = |fault: &SpecFault| match &fault.suggestion {
        Some(suggestion) => format!("{fault} ({suggestion})"),
        None => fault.to_string(),
    };
    faults.iter().map(told).collect()
}

fn faults_of(draft: PipelineDraft) -> Vec<String> {
    Pipeline::new(draft)
        .err()
        .map(|faults| told(&faults))
        .unwrap_or_default()
}

#[track_caller]
fn refuses(stages: Vec<StageDraft>, wanted: &[&str]) {
    assert_eq!(faults_of(draft(stages)), wanted);
}

#[test]
fn names_are_checked_and_must_differ() {
    refuses(vec![], &["spec.stages: a pipeline needs at least one stage"]);
    refuses(
        vec![extract("load"), extract("load"), extract("Load")],
        &[
            "spec.stages[1].name: `load` is the name of two stages (the other is spec.stages[0])",
            "spec.stages[2].name: `Load` is not a DNS label: lower-case letters, digits and `-`, with a letter or digit at both ends",
        ],
    );
    refuses(
        (0..201).map(|i| extract(&format!("s{i}"))).collect(),
        &["spec.stages: 201 stages, at most 200 are allowed"],
    );
}

#[test]
fn an_unknown_stage_is_named_with_what_was_meant() {
    refuses(
        vec![
            extract("extract"),
            validate("validate").after(&["extrat"]),
            train("train").after(&["validate"]),
        ],
        &["spec.stages[1].dependsOn[0]: there is no stage `extrat` (did you mean `extract`?)"],
    );
    refuses(
        vec![extract("load"), validate("check").reading("zebra")],
        &["spec.stages[1].input: there is no stage `zebra` (the other stages are `load`)"],
    );
    refuses(
        vec![extract("load"), validate("check").after(&["load", "load"])],
        &["spec.stages[1].dependsOn[1]: `load` stands here twice"],
    );
    let many: Vec<String> = (0..21).map(|i| format!("s{i}")).collect();
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut stages: Vec<StageDraft> = names.iter().map(|name| extract(name)).collect();
    stages.push(extract("last").after(&names));
    refuses(
        stages,
        &["spec.stages[21].dependsOn: 21 entries, at most 20 are allowed"],
    );
}

#[test]
fn a_circle_is_written_out() {
    refuses(
        vec![extract("a").after(&["b"]), extract("b").after(&["a"])],
        &["spec.stages[1].dependsOn[0]: stages depend on each other in a circle: a -> b -> a"],
    );
    refuses(
        vec![
            extract("load"),
            validate("a").after(&["load", "c"]),
            validate("b").reading("a"),
            validate("c").after(&["b"]),
            train("train").reading("c"),
        ],
        &["spec.stages[2].input: stages depend on each other in a circle: a -> c -> b -> a"],
    );
    refuses(
        vec![extract("a").after(&["a"]), validate("b").reading("b")],
        &[
            "spec.stages[0].dependsOn[0]: `a` cannot depend on itself",
            "spec.stages[1].input: `b` cannot read its own dataset",
        ],
    );
}

#[test]
fn the_dataset_that_a_stage_reads_must_be_clear() {
    refuses(
        vec![extract("new"), extract("old"), train("train").after(&["new", "old"])],
        &["spec.stages[2].input: `train` could read the dataset of `new` and `old` (say which, with `input`)"],
    );
    refuses(
        vec![validate("validate"), train("train").after(&["validate"])],
        &[
            "spec.stages[0].input: `validate` needs a dataset, and no stage above it yields one (let it depend on an \
           `extract` stage, or name one as its `input`)",
        ],
    );
    refuses(
        vec![
            extract("load"),
            train("train").reading("load"),
            validate("check").reading("train"),
        ],
        &[
            "spec.stages[2].input: `train` is a `train` stage and yields no dataset (name an `extract`, `validate` or \
           `predict` stage)",
        ],
    );
    refuses(
        vec![extract("load"), extract("more").reading("load")],
        &["spec.stages[1].input: an `extract` stage reads no dataset (use `dependsOn` for the order alone)"],
    );
}

#[test]
fn the_model_that_a_stage_reads_must_be_clear() {
    use ModelUse::{Champion, ThisRun, Version};
    let version = "model_20260223_104700";
    refuses(
        vec![extract("load"), predict("score", ThisRun, None, None).after(&["load"])],
        &[
            "spec.stages[1].predict.model: `score` uses the model of this run, and no `train` stage runs before it (let \
           it depend on a `train` stage, or use another model: `use: Champion`)",
        ],
    );
    for (choice, wanted) in [
        (
            predict("score", Champion, Some(version), None),
            "version: version goes with use: Version, and only with it",
        ),
        (
            predict("score", Version, None, None),
            "version: version goes with use: Version, and only with it",
        ),
        (
            predict("score", Version, Some("best"), None),
            "version: `best` is not a model version: `model_YYYYMMDD_HHMMSS`, or `model_YYYYMMDD_HHMMSS_2` and so on",
        ),
        (
            predict("score", Champion, None, Some("../x")),
            "pipeline: `../x` is not a DNS label: lower-case letters, digits and `-`, with a letter or digit at both ends",
        ),
    ] {
        let field = "spec.stages[1].predict.model";
        refuses(
            vec![extract("load"), choice.after(&["load"])],
            &[&format!("{field}.{wanted}")],
        );
    }
    refuses(
        vec![
            extract("load"),
            train("small").after(&["load"]),
            train("large").after(&["load"]),
        ],
        &[
            "spec.stages[2].train: a second `train` stage beside `small` would leave open which model becomes the \
           champion (put it into a pipeline of its own: stages of kind `promote`, which decide, do not exist yet)",
        ],
    );
}

#[test]
fn columns_must_differ() {
    let with =
        |features: &[&str], target: &str| vec![extract("load"), train_on("train", features, target).after(&["load"])];
    refuses(
        with(&[], "y"),
        &["spec.stages[1].train.features: a model needs at least one feature"],
    );
    refuses(
        with(&["a", "b", "a"], "y"),
        &["spec.stages[1].train.features[2]: `a` stands here twice"],
    );
    refuses(
        with(&["a", "y"], "y"),
        &[
            "spec.stages[1].train.target: target must not be among the features (take `y` out of the features: the \
           model would only learn to copy it)",
        ],
    );
}

#[test]
fn values_are_known_and_in_their_places() {
    let parameter = |name: &str| ParameterDraft {
        name: name.into(),
        default: Some("eu".into()),
    };
    let with = |path: &str| PipelineDraft {
        parameters: vec![parameter("region"), parameter("year")],
        ..draft(vec![
            StageDraft::new("load", csv(path)),
            train("train").after(&["load"]),
            StageDraft::new("more", csv("$(stages.train.outputs.auc)")).after(&["train"]),
        ])
    };
    let field = "spec.stages[0].extract.csv.path";
    for (path, wanted) in [
        (
            "$(parameters.regio)",
            "there is no parameter `regio` (did you mean `region`?)",
        ),
        (
            "$(parameters.x)",
            "there is no parameter `x` (the parameters are `region` and `year`)",
        ),
        (
            "$(parameters.region",
            "`$(` is never closed by `)` (write `$$(` for the characters `$(`)",
        ),
        ("$(run.nam)", "`$(run.nam)` is no value (did you mean `run.name`?)"),
        (
            "$(stages.trian.outputs.x)",
            "there is no stage `trian` (did you mean `train`?)",
        ),
        ("$(stages.load.outputs.x)", "`load` cannot read its own outputs"),
        (
            "$(stages.train.outputs.x)",
            "`train` does not run before `load`, so that its outputs are not there yet (add `train` to its dependsOn)",
        ),
    ] {
        assert_eq!(faults_of(with(path)), [format!("{field}: {wanted}")], "{path}");
    }
    for path in ["$(parameters.region)/$(run.name)-$(slot.date).csv", "$$(x)", "100 $"] {
        assert_eq!(faults_of(with(path)), [""; 0], "{path}");
    }
}

#[test]
fn names_of_other_objects_and_columns_of_models_take_no_late_values() {
    let config_map = ConfigMapKey {
        name: "$(run.name)".into(),
        key: "x.csv".into(),
    };
    let csv = CsvSource {
        config_map: Some(config_map),
        ..CsvSource::default()
    };
    refuses(
        vec![
            StageDraft::new("load", StageSpec::Extract(ExtractSpec { csv: Some(csv) })),
            train_on("train", &["$(stages.load.outputs.best)"], "$(run.name)").after(&["load"]),
        ],
        &[
            "spec.stages[0].extract.csv.configMap.name: `$(run.name)` cannot stand here: the names of other objects are fixed",
            "spec.stages[1].train.features[0]: `$(stages.load.outputs.best)` cannot stand here: the columns of a model \
             must be known when the run starts",
        ],
    );
}

#[test]
fn policies_make_sense() {
    let nothing = Duration::from_millis(0);
    let odd = RetryPolicy {
        limit: 11,
        backoff: Backoff {
            initial: Duration::from_secs(9),
            factor: 0,
            max: Duration::from_secs(4),
        },
        memory: Some(MemoryGrowth {
            factor: f64::NAN,
            max: 9,
        }),
    };
    let stage = StageDraft {
        retry: Some(odd),
        timeouts: StageTimeouts {
            stage: Some(nothing),
            pending: None,
        },
        ..extract("load")
    };
    let timeouts = Timeouts {
        pending: nothing,
        ..Timeouts::default()
    };
    assert_eq!(
        faults_of(PipelineDraft {
            timeouts,
            ..draft(vec![stage])
        }),
        [
            "spec.stages[0].retry.backoff.factor: must be at least 1",
            "spec.stages[0].retry.backoff.initial: backoff.initial must not be longer than backoff.max",
            "spec.stages[0].retry.limit: must be 0 to 10, is 11",
            "spec.stages[0].retry.memory.factor: must be more than 1",
            "spec.stages[0].timeouts.stage: must be more than 0s",
            "spec.timeouts.pending: must be more than 0s",
        ]
    );
}

#[test]
fn parameters_are_named_well_and_not_too_large() {
    let parameter = |name: &str, default: String| ParameterDraft {
        name: name.into(),
        default: Some(default),
    };
    let parameters = vec![
        parameter("a", "x".repeat(4_097)),
        parameter("b", "x".repeat(4_096)),
        parameter("b", String::new()),
        parameter("c)d", String::new()),
    ];
    assert_eq!(
        faults_of(PipelineDraft {
            parameters,
            ..draft(vec![extract("load")])
        }),
        [
            "spec.parameters[0].default: 4097 bytes, at most 4096 are allowed",
            "spec.parameters[2].name: `b` is the name of two parameters (the other is spec.parameters[1])",
            "spec.parameters[3].name: `c)d` is not the name of a parameter: 1 to 63 letters, digits, `_` and `-`",
        ]
    );
    let many = (0..65).map(|i| parameter(&format!("p{i}"), String::new())).collect();
    assert_eq!(
        faults_of(PipelineDraft {
            parameters: many,
            ..draft(vec![extract("load")])
        }),
        ["spec.parameters: 65 parameters, at most 64 are allowed"]
    );
}

fn run(pipeline: &Pipeline, parameters: &[(&str, &str)]) -> Result<Run, Vec<String>> {
    let draft = RunDraft {
        name: RunName::parse("r1").expect("a name"),
        uid: RunUid::parse("5f0c2a91").expect("a uid"),
        created: Timestamp::default(),
        parameters: parameters
            .iter()
            .map(|&(name, value)| (name.into(), value.into()))
            .collect(),
        slot: None,
    };
    Run::new(pipeline, draft).map_err(|faults| told(&faults))
}

#[test]
fn a_run_sets_declared_parameters_only_and_all_that_have_no_default() {
    let parameter = |name: &str, default: Option<&str>| ParameterDraft {
        name: name.into(),
        default: default.map(Into::into),
    };
    let stages = vec![
        extract("load"),
        train_on("train", &["age", "$(parameters.extra)"], "bought").after(&["load"]),
    ];
    let parameters = vec![parameter("region", Some("eu")), parameter("extra", None)];
    let pipeline = Pipeline::new(PipelineDraft {
        parameters,
        ..draft(stages)
    })
    .expect("a valid pipeline");

    let good = run(&pipeline, &[("extra", "salary")]).expect("a valid run");
    assert_eq!(
        good.values.parameters,
        [("extra", "salary"), ("region", "eu")]
            .map(|(k, v)| (k.into(), v.into()))
            .into()
    );
    assert_eq!(pipeline.column_needs(0, &good.values).used, ["age", "bought", "salary"]);

    for (given, wanted) in [
        (
            &[("regon", "us"), ("extra", "salary")][..],
            &["parameters.regon: pipeline `shop` has no parameter `regon` (did you mean `region`?)"][..],
        ),
        (
            &[][..],
            &["parameters.extra: has no default, so that a run must set it (set it with `-p extra=VALUE`)"][..],
        ),
        (
            &[("extra", "age")][..],
            &["spec.stages[1].train.features[1]: `age` stands here twice"][..],
        ),
    ] {
        assert_eq!(
            run(&pipeline, given),
            Err(wanted.iter().map(|&w| w.into()).collect()),
            "{given:?}"
        );
    }
}

#[test]
fn a_run_without_a_slot_cannot_say_its_date() {
    let pipeline = Pipeline::new(draft(vec![StageDraft::new("load", csv("$(slot.date).csv"))])).expect("valid");
    let wanted = "spec.stages[0].extract.csv.path: `$(slot.date)` stands for a due time, but this run has no slot";
    assert_eq!(run(&pipeline, &[]), Err(vec![wanted.into()]));
}
