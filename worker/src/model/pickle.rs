//! `model.pkl`: the model as a pickle that `joblib.load` opens as a real scikit-learn `LogisticRegression`.
//!
//! Written by hand, in pickle protocol 2, of public names only: `LogisticRegression()` makes an object with the defaults of
//! whatever scikit-learn loads it, `numpy.array(list, dtype)` its arrays, and its state is public attributes. The state's
//! `_sklearn_version` is the loading `sklearn.__version__`, so that no scikit-learn warns of another version's pickle.
//! Parameters that some version warns about (`penalty`, `multi_class`) are left at its defaults, which mean this model.
//!
//! Read by scikit-learn 1.3 to 1.9 with numpy 1.26 to 2.4 (`tests/python/check_model.py`).

use super::{Classes, ModelFile};
use std::collections::BTreeMap;
use trainyard_contract::stage::ClassWeight;

/// The bytes of `model.pkl`. `class_weight` is the manifest's, which every label of the data has been checked against.
pub fn bytes(model: &ModelFile, class_weight: Option<&ClassWeight>) -> Vec<u8> {
    let mut pickle = Pickle::new();
    pickle.global("sklearn.linear_model", "LogisticRegression");
    pickle.op(op::EMPTY_TUPLE);
    pickle.op(op::REDUCE);
    pickle.op(op::EMPTY_DICT);
    pickle.op(op::MARK);
    state(&mut pickle, model, class_weight);
    pickle.op(op::SETITEMS);
    pickle.op(op::BUILD);
    pickle.finish()
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
    pickle.array("float64", &model.intercepts, |p, &number| p.float(number));
    pickle.text("n_features_in_");
    pickle.integer(i64::try_from(model.features.len()).unwrap_or(i64::MAX));
    pickle.text("n_iter_");
    pickle.array("int32", &[i64::from(model.iterations)], |p, &number| p.integer(number));
    pickle.text("feature_names_in_");
    pickle.array("object", &model.features, |p, name| p.text(name));
    pickle.text("_sklearn_version");
    pickle.global("sklearn", "__version__");
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

/// The opcodes used, by their names in Python's `pickletools`.
mod op {
    pub(super) const MARK: u8 = b'(';
    pub(super) const STOP: u8 = b'.';
    pub(super) const NONE: u8 = b'N';
    pub(super) const REDUCE: u8 = b'R';
    pub(super) const BUILD: u8 = b'b';
    pub(super) const GLOBAL: u8 = b'c';
    pub(super) const BINFLOAT: u8 = b'G';
    pub(super) const BINUNICODE: u8 = b'X';
    pub(super) const LONG1: u8 = 0x8a;
    pub(super) const EMPTY_LIST: u8 = b']';
    pub(super) const APPENDS: u8 = b'e';
    pub(super) const EMPTY_TUPLE: u8 = b')';
    pub(super) const TUPLE2: u8 = 0x86;
    pub(super) const EMPTY_DICT: u8 = b'}';
    pub(super) const SETITEMS: u8 = b'u';
    pub(super) const PROTO: u8 = 0x80;
}

/// A pickle being written. Each method pushes one value on the stack of the machine that will read it.
struct Pickle(Vec<u8>);

impl Pickle {
    fn new() -> Self {
        Self(vec![op::PROTO, 2])
    }

    fn finish(mut self) -> Vec<u8> {
        self.op(op::STOP);
        self.0
    }

    fn op(&mut self, op: u8) {
        self.0.push(op);
    }

    /// Something that the reader imports.
    fn global(&mut self, module: &str, name: &str) {
        self.op(op::GLOBAL);
        self.0.extend_from_slice(format!("{module}\n{name}\n").as_bytes());
    }

    fn text(&mut self, text: &str) {
        self.op(op::BINUNICODE);
        // A label or a column's name is far below 4 GiB: records are bounded.
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn float(&mut self, number: f64) {
        self.op(op::BINFLOAT);
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    fn integer(&mut self, number: i64) {
        let bytes = number.to_le_bytes();
        self.0.extend_from_slice(&[op::LONG1, 8]);
        self.0.extend_from_slice(&bytes);
    }

    fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.op(op::EMPTY_LIST);
        self.op(op::MARK);
        for one in items {
            item(self, one);
        }
        self.op(op::APPENDS);
    }

    /// `numpy.array([...], dtype)`
    fn array<T>(&mut self, dtype: &str, items: &[T], item: impl FnMut(&mut Self, &T)) {
        self.global("numpy", "array");
        self.list(items, item);
        self.text(dtype);
        self.op(op::TUPLE2);
        self.op(op::REDUCE);
    }
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
