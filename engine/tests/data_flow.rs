//! What reads what: producers through `validate`, gates, trainers, and the columns that stages above have to know of.

use trainyard_contract::stage::{
    CsvSource, EvaluateSpec, ExtractSpec, Impute, OneHot, PredictSpec, PreprocessStep, Split, SplitColumn, TrainSpec,
    ValidateSpec,
};
use trainyard_contract::{PipelineName, RunName, StageSpec};
use trainyard_engine::{Pipeline, PipelineDraft, RetryPolicy, StageDraft, Timeouts, Values};

fn stage(name: &str, spec: StageSpec, depends_on: &[&str], input: Option<&str>) -> StageDraft {
    StageDraft {
        depends_on: depends_on.iter().map(|&above| above.into()).collect(),
        input: input.map(Into::into),
        ..StageDraft::new(name, spec)
    }
}

fn extract() -> StageSpec {
    let csv = CsvSource {
        path: Some("x.csv".into()),
        ..CsvSource::default()
    };
    StageSpec::Extract(ExtractSpec::from(csv))
}

fn validate() -> StageSpec {
    StageSpec::Validate(ValidateSpec::default())
}

fn predict() -> StageSpec {
    StageSpec::Predict(PredictSpec::default())
}

/// Customers are checked twice (once beside the data's way) and trained on; orders are scored with that model.
fn shop() -> Pipeline {
    let train = TrainSpec {
        features: vec!["salary".into(), "age".into()],
        target: "bought".into(),
        logistic_regression: None,
        save: Vec::new(),
        ..TrainSpec::default()
    };
    Pipeline::new(PipelineDraft {
        name: PipelineName::parse("shop").expect("a name"),
        parameters: Vec::new(),
        retry: RetryPolicy::default(),
        timeouts: Timeouts::default(),
        stages: vec![
            stage("score", predict(), &["train"], Some("check-orders")),
            stage("check-orders", validate(), &[], Some("orders")),
            stage("orders", extract(), &[], None),
            stage("train", StageSpec::Train(train), &["beside"], Some("check")),
            stage("beside", validate(), &[], Some("customers")),
            stage("check", validate(), &["customers"], None),
            stage("customers", extract(), &[], None),
            stage("check-scores", validate(), &[], Some("score")),
        ],
    })
    .expect("a valid pipeline")
}

#[test]
fn each_stage_is_wired_to_what_it_reads() {
    let pipeline = shop();
    let name = |i: usize| pipeline.stages()[i].name.as_str();
    let wired: Vec<_> = pipeline
        .order()
        .iter()
        .map(|&i| (name(i), &pipeline.stages()[i]))
        .map(|(own, stage)| {
            let gates: Vec<&str> = stage.gates.iter().map(|&gate| name(gate)).collect();
            (own, stage.producer.map(name), gates, stage.trainer.map(name))
        })
        .collect();
    assert_eq!(
        wired,
        [
            ("customers", None, vec![], None),
            ("beside", Some("customers"), vec![], None),
            ("check", Some("customers"), vec![], None),
            ("train", Some("customers"), vec!["beside", "check"], None),
            ("orders", None, vec![], None),
            ("check-orders", Some("orders"), vec![], None),
            ("score", Some("orders"), vec!["check-orders"], Some("train")),
            ("check-scores", Some("score"), vec![], None),
        ]
    );
}

#[test]
fn stages_above_learn_which_columns_are_needed_below() {
    let pipeline = shop();
    let values = Values {
        parameters: [].into(),
        run: RunName::parse("r1").expect("a name"),
        slot: None,
    };
    let both = (vec!["age", "salary"], vec!["age", "bought", "salary"], vec!["bought"]);
    let features = (vec!["age", "salary"], vec!["age", "salary"], vec![]);
    let none = (vec![], vec![], vec![]);
    for (stage, (numbers, used, targets)) in [
        ("customers", both.clone()),
        ("beside", both.clone()),
        ("check", both.clone()),
        ("train", both),
        ("orders", features.clone()),
        ("check-orders", features.clone()),
        ("score", features),
        ("check-scores", none),
    ] {
        let place = pipeline
            .stages()
            .iter()
            .position(|s| s.name.as_str() == stage)
            .expect(stage);
        let needs = pipeline.column_needs(place, &values);
        assert_eq!((needs.numbers, needs.used), (owned(&numbers), owned(&used)), "{stage}");
        assert_eq!(needs.targets, owned(&targets), "{stage}");
    }
}

/// A table of customers is trained on, judged by its held-out rows and by another table, and scored.
fn churn() -> Pipeline {
    let columns = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let train = TrainSpec {
        features: columns(&["age", "plan", "country"]),
        target: "left".into(),
        row_filter: Some("left is not null and age >= 18 and region = 'eu'".into()),
        split: Some(Split {
            holdout: 0.2,
            hash: Some(SplitColumn { column: "id".into() }),
            time: None,
            random: None,
        }),
        preprocess: vec![
            PreprocessStep {
                columns: columns(&["plan"]),
                impute: Some(Impute::default()),
                ..PreprocessStep::default()
            },
            PreprocessStep {
                columns: columns(&["plan", "country"]),
                one_hot: Some(OneHot::default()),
                ..PreprocessStep::default()
            },
        ],
        ..TrainSpec::default()
    };
    let evaluate = || StageSpec::Evaluate(EvaluateSpec::default());
    Pipeline::new(PipelineDraft {
        name: PipelineName::parse("churn").expect("a name"),
        parameters: Vec::new(),
        retry: RetryPolicy::default(),
        timeouts: Timeouts::default(),
        stages: vec![
            stage("extract", extract(), &[], None),
            stage("train", StageSpec::Train(train), &["extract"], None),
            stage("judge", evaluate(), &["train"], None),
            stage("others", extract(), &[], None),
            stage("judge-others", evaluate(), &["train"], Some("others")),
            stage("today", extract(), &[], None),
            stage("score", predict(), &["train"], Some("today")),
        ],
    })
    .expect("a valid pipeline")
}

#[test]
fn a_judge_reads_what_was_held_out_or_another_labelled_dataset() {
    let pipeline = churn();
    let producer = |i: usize| {
        pipeline.stages()[i]
            .producer
            .map(|p| pipeline.stages()[p].name.as_str())
    };
    assert_eq!([2, 4].map(producer), [Some("train"), Some("others")]);
    assert!([2, 4].iter().all(|&i| pipeline.stages()[i].trainer == Some(1)));
}

#[test]
fn columns_may_be_empty_where_they_are_imputed_or_left_out_by_where() {
    let pipeline = churn();
    let values = Values {
        parameters: [].into(),
        run: RunName::parse("r1").expect("a name"),
        slot: None,
    };
    let of = |i: usize| pipeline.column_needs(i, &values);
    let training = of(0);
    assert_eq!(training.numbers, owned(&["age"]));
    assert_eq!(
        training.used,
        owned(&["age", "country", "id", "left", "plan", "region"])
    );
    assert_eq!(training.may_be_null, owned(&["age", "left", "plan", "region"]));
    assert_eq!(training, of(1));
    let judging = of(3);
    assert_eq!(judging.used, owned(&["age", "country", "left", "plan"]));
    assert_eq!(
        (judging.may_be_null, judging.targets),
        (owned(&["plan"]), owned(&["left"]))
    );
    let scoring = of(5);
    assert_eq!(
        (scoring.used, scoring.may_be_null),
        (owned(&["age", "country", "plan"]), owned(&["plan"]))
    );
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
