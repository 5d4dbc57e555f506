//! `model.pkl`: the model as a pickle that `joblib.load` opens as a real scikit-learn `LogisticRegression`, or with `preprocess` as a
//! `Pipeline` that ends in one ([`pipeline`]).
//!
//! Written by hand, in pickle protocol 2, of public names only: `LogisticRegression()` makes an object with the defaults of
//! whatever scikit-learn loads it, `numpy.array(list, dtype)` its arrays, and its state is public attributes. The state's
//! `_sklearn_version` is the loading `sklearn.__version__`, so that no scikit-learn warns of another version's pickle.
//! Parameters that some version warns about (`penalty`, `multi_class`) are left at its defaults, which mean this model.
//!
//! Read by scikit-learn 1.3 to 1.9 with numpy 1.26 to 2.4 (`tests/python/check_model.py`).

mod machine;
mod pipeline;

use super::{Classes, ModelFile};
use machine::{Pickle, op};
use std::collections::BTreeMap;
use trainyard_contract::stage::ClassWeight;

/// The bytes of `model.pkl`. `class_weight` is the manifest's, which every label of the data has been checked against.
pub fn bytes(model: &ModelFile, class_weight: Option<&ClassWeight>) -> Vec<u8> {
    let mut pickle = Pickle::new();
    if model.preprocess.is_empty() {
        regression(&mut pickle, model, class_weight);
    } else {
        pipeline::write(&mut pickle, model, |pickle| regression(pickle, model, class_weight));
    }
    pickle.finish()
}

fn regression(pickle: &mut Pickle, model: &ModelFile, class_weight: Option<&ClassWeight>) {
    pickle.object("sklearn.linear_model", "LogisticRegression", |pickle| {
        state(pickle, model, class_weight);
    });
}

/// The entries of the object's state.
fn state(pickle: &mut Pickle, model: &ModelFile, class_weight: Option<&ClassWeight>) {
    pickle.text("C");
    pickle.float(model.c);
    pickle.text("class_weight");
    write_class_weight(pickle, &model.classes, class_weight);
    pickle.text("classes_");
    match &model.classes {
        Classes::Whole(classes) => pickle.array("int64", classes, |p, &class| p.integer(class)),
        Classes::Text(classes) => pickle.array("object", classes, |p, class| p.text(class)),
    }
    pickle.text("coef_");
    pickle.array("float64", &model.coefficients, |p, row| {
        p.list(row, |p, &number| p.float(number));
    });
    pickle.text("intercept_");
    pickle.numbers(&model.intercepts);
    pickle.text("n_features_in_");
    pickle.integer(i64::try_from(model.coefficient_names().len()).unwrap_or(i64::MAX));
    pickle.text("n_iter_");
    pickle.array("int32", &[i64::from(model.iterations)], |p, &number| p.integer(number));
    // In a pipeline it gets an array without names.
    if model.preprocess.is_empty() {
        pickle.text("feature_names_in_");
        pickle.texts(&model.features);
    }
}

/// `None`, `"balanced"`, or class to weight with the classes as scikit-learn has them.
fn write_class_weight(pickle: &mut Pickle, classes: &Classes, class_weight: Option<&ClassWeight>) {
    match class_weight {
        Some(ClassWeight { balanced: Some(_), .. }) => pickle.text("balanced"),
        Some(ClassWeight {
            weights: Some(weights), ..
        }) => write_weights(pickle, classes, weights),
        Some(ClassWeight {
            balanced: None,
            weights: None,
        })
        | None => pickle.op(op::NONE),
    }
}

fn write_weights(pickle: &mut Pickle, classes: &Classes, weights: &BTreeMap<String, f64>) {
    pickle.op(op::EMPTY_DICT);
    pickle.op(op::MARK);
    let position = |(label, &weight): (&String, &f64)| Some((classes.position(label)?, weight));
    let in_order: BTreeMap<usize, f64> = weights.iter().filter_map(position).collect();
    for (class, weight) in in_order {
        match classes {
            Classes::Whole(classes) => pickle.integer(classes[class]),
            Classes::Text(classes) => pickle.text(&classes[class]),
        }
        pickle.float(weight);
    }
    pickle.op(op::SETITEMS);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::model_file::tests::seed_model;
    use trainyard_contract::stage::Balanced;

    fn has(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn a_pickle_names_public_things_only_and_ends() {
        let bytes = bytes(&seed_model(), None);
        assert_eq!(&bytes[..2], [0x80, 2]);
        assert_eq!(bytes.last(), Some(&b'.'));
        assert!(has(&bytes, b"csklearn.linear_model\nLogisticRegression\n)R"));
        assert!(has(&bytes, &(-165.200_929_294_347_12_f64).to_be_bytes()));
    }

    #[test]
    fn class_weights_have_the_kind_of_their_classes() {
        let balanced = ClassWeight {
            balanced: Some(Balanced {}),
            weights: None,
        };
        let weights = ClassWeight {
            balanced: None,
            weights: Some(BTreeMap::from([("1".to_owned(), 2.5)])),
        };
        let as_decimal = ClassWeight {
            balanced: None,
            weights: Some(BTreeMap::from([("1.0".to_owned(), 2.5)])),
        };
        let mut texts = seed_model();
        texts.classes = Classes::Text(vec!["0".to_owned(), "1".to_owned()]);
        let weight = [b"G".as_slice(), &2.5_f64.to_be_bytes()].concat();
        let of_whole = [&[0x8a, 8, 1, 0, 0, 0, 0, 0, 0, 0], weight.as_slice()].concat();
        let of_text = [b"X\x01\0\0\x001".as_slice(), &weight].concat();
        assert!(has(&bytes(&seed_model(), Some(&balanced)), b"X\x08\0\0\0balanced"));
        assert!(has(&bytes(&seed_model(), Some(&weights)), &of_whole));
        assert!(has(&bytes(&seed_model(), Some(&as_decimal)), &of_whole));
        assert!(has(&bytes(&texts, Some(&weights)), &of_text));
        assert!(has(&bytes(&texts, None), b"class_weightN"));
    }
}
