//! Names, order, data flow, models and columns.

use super::fixtures::{After, extract, predict, refuses, train, train_on, validate};
use trainyard_contract::stage::ModelUse;
use trainyard_engine::StageDraft;

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
