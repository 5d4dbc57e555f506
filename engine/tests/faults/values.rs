//! Values, policies, and the parameters of a pipeline and of a run.

use super::fixtures::{After, csv, draft, extract, faults_of, refuses, told, train, train_on};
use trainyard_contract::stage::{ConfigMapKey, CsvSource, ExtractSpec};
use trainyard_contract::{Duration, RunName, RunUid, StageSpec};
use trainyard_engine::{
    Backoff, MemoryGrowth, ParameterDraft, Pipeline, PipelineDraft, RetryPolicy, Run, RunDraft, StageDraft,
    StageTimeouts, Timeouts, Timestamp,
};

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
            StageDraft::new("load", StageSpec::Extract(ExtractSpec::from(csv))),
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
            &[
                "parameters.extra: has no default, so that a run must set it (set it with `-p extra=VALUE`, on a cluster in the run's `spec.parameters`)",
            ][..],
        ),
        (
            &[("extra", "age")][..],
            &["spec.stages[1].train.features[1]: `age` stands here twice"][..],
        ),
        (
            &[("extra", "")][..],
            &["spec.stages[1].train.features[1]: is empty, since `$(parameters.extra)` is"][..],
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
    let wanted = "spec.stages[0].extract.csv.path: `$(slot.date)` stands for a due time, but this run has no slot \
                  (give the pipeline a `schedule`, or the run a slot: `--slot 2026-11-24T05:30:00Z`, on a cluster its `spec.slot`)";
    assert_eq!(run(&pipeline, &[]), Err(vec![wanted.into()]));
}
