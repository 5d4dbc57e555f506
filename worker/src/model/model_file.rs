//! `model.json`: the model itself, as people and programs read it.
//!
//! In: a fitted model. Out: the file's bytes, and back. The key order is fixed, a row of coefficients is one line, and each
//! number is the shortest text that reads back to the same float64, so that equal models are equal bytes.
//!
//! Not here: how the text is laid out (`model_file/layout.rs`), fitting (`logistic`), scoring (`stage/predict.rs`), where the file lies and how it is written.

mod layout;

use super::Classes;
use crate::preprocess::{Encoder, Preprocess};
use layout::OneLineARow;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use trainyard_contract::document::ColumnNeeds;

/// How a model was made, which says how its numbers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Algorithm {
    /// Logistic regression with an L2 penalty: a sigmoid for two classes, a softmax for more.
    LogisticRegression,
}

/// A model, whole: what is in it is enough to predict.
///
/// Unknown keys are refused when it is read: what a later release adds may change the predictions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelFile {
    /// How the model was made.
    pub algorithm: Algorithm,
    /// The columns that it reads, in the order of the coefficients; none twice.
    pub features: Vec<String>,
    /// The column that it predicts.
    pub target: String,
    /// The classes, at least two, in order.
    pub classes: Classes,
    /// What is done to the features first, in their order; nothing where it is left out.
    #[serde(default, skip_serializing_if = "Preprocess::is_empty")]
    pub preprocess: Preprocess,
    /// The columns that `preprocess` makes of the features, in the order of the coefficients; the features themselves where it is
    /// left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encoded_features: Vec<String>,
    /// In the units of the encoded features. Two classes: one row, for `classes[1]`. More: a row a class. A row has a number an
    /// encoded feature.
    pub coefficients: Vec<Vec<f64>>,
    /// One for each row of coefficients.
    pub intercepts: Vec<f64>,
    /// Inverse strength of the penalty, as scikit-learn's `C`; above 0.
    pub c: f64,
    /// How many rows the model was fitted on.
    pub rows: u64,
    /// How many steps the solver took.
    pub iterations: u32,
    /// Whether the solver reached the optimum.
    pub converged: bool,
    /// The release of Trainyard that made the model.
    pub trainyard_version: String,
}

/// Why a text is no model, or a model has no text. The caller adds the file's name.
#[derive(Debug, PartialEq, Eq)]
pub struct NoModel(String);

impl NoModel {
    pub(super) fn because(problem: &impl fmt::Display) -> Self {
        Self(problem.to_string())
    }
}

impl fmt::Display for NoModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoModel {}

impl ModelFile {
    /// The text of `model.json`.
    ///
    /// # Errors
    /// Where the parts contradict each other or a number is not finite: a broken model is never saved.
    pub fn to_json(&self) -> Result<String, NoModel> {
        self.check()?;
        let mut bytes = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, OneLineARow::default());
        self.serialize(&mut serializer)
            .map_err(|error| NoModel::because(&error))?;
        bytes.push(b'\n');
        String::from_utf8(bytes).map_err(|error| NoModel::because(&error))
    }

    /// The model that `text` is, with all its parts of one shape.
    pub fn from_json(text: &[u8]) -> Result<Self, NoModel> {
        let model: Self = serde_json::from_slice(text).map_err(|error| NoModel::because(&error))?;
        model.check()?;
        Ok(model)
    }

    /// Whether the parts agree with each other and every number is finite.
    fn check(&self) -> Result<(), NoModel> {
        self.contradiction().map_or(Ok(()), |problem| Err(NoModel(problem)))
    }

    /// Turns a block of the features into what the coefficients are for.
    pub fn encoder(&self) -> Encoder {
        Encoder::new(&self.features, &self.preprocess)
    }

    /// What each coefficient is for.
    pub fn coefficient_names(&self) -> &[String] {
        if self.encoded_features.is_empty() {
            &self.features
        } else {
            &self.encoded_features
        }
    }

    /// What a dataset must have for the model to predict.
    pub fn needs(&self) -> ColumnNeeds {
        let sorted = |names: BTreeSet<&str>| names.into_iter().map(ToOwned::to_owned).collect();
        let texts: HashSet<&str> = self.preprocess.text_features().collect();
        let features = || self.features.iter().map(String::as_str);
        ColumnNeeds {
            numbers: sorted(features().filter(|name| !texts.contains(name)).collect()),
            used: sorted(features().collect()),
            may_be_null: sorted(self.preprocess.imputed_features().collect()),
            targets: Vec::new(),
        }
    }

    /// How many rows of coefficients the classes ask for.
    fn rows_of_coefficients(&self) -> usize {
        match self.classes.count() {
            2 => 1,
            more => more,
        }
    }

    fn contradiction(&self) -> Option<String> {
        self.bad_columns()
            .or_else(|| self.bad_preprocess())
            .or_else(|| self.bad_classes())
            .or_else(|| self.bad_shape())
            .or_else(|| self.bad_number())
    }

    fn bad_columns(&self) -> Option<String> {
        if self.features.is_empty() {
            return Some("`features` is empty".to_owned());
        }
        let mut seen = HashSet::new();
        if let Some(twice) = self.features.iter().find(|name| !seen.insert(name.as_str())) {
            return Some(format!("`features` names `{twice}` twice"));
        }
        seen.contains(self.target.as_str())
            .then(|| format!("the target `{}` is also a feature", self.target))
    }

    fn bad_preprocess(&self) -> Option<String> {
        self.preprocess.contradiction(&self.features).or_else(|| {
            let made = self.preprocess.encoded_features(&self.features);
            let wanted = if self.preprocess.is_empty() { &[][..] } else { &made };
            (self.encoded_features != wanted)
                .then(|| "`encodedFeatures` are not what `preprocess` makes of `features`".to_owned())
        })
    }

    fn bad_classes(&self) -> Option<String> {
        let count = self.classes.count();
        if count < 2 {
            return Some(format!("`classes` has {count}, but a model needs at least 2"));
        }
        (!self.classes.are_sorted()).then(|| "`classes` is not in order, or a class stands there twice".to_owned())
    }

    fn bad_shape(&self) -> Option<String> {
        let (rows, columns) = (self.rows_of_coefficients(), self.coefficient_names().len());
        let classes = self.classes.count();
        if self.coefficients.len() != rows {
            return Some(format!(
                "`coefficients` has {} rows, but {classes} classes need {rows}",
                self.coefficients.len()
            ));
        }
        if let Some((at, row)) = self
            .coefficients
            .iter()
            .enumerate()
            .find(|(_, row)| row.len() != columns)
        {
            return Some(format!(
                "row {at} of `coefficients` has {} numbers, but there are {columns} features",
                row.len()
            ));
        }
        let intercepts = self.intercepts.len();
        (intercepts != rows)
            .then(|| format!("`intercepts` has {intercepts} numbers, but {classes} classes need {rows}"))
    }

    fn bad_number(&self) -> Option<String> {
        for (at, row) in self.coefficients.iter().enumerate() {
            if let Some((value, name)) = row
                .iter()
                .zip(self.coefficient_names())
                .find(|(value, _)| !value.is_finite())
            {
                return Some(format!(
                    "the coefficient of `{name}` in row {at} is {value}, not a finite number"
                ));
            }
        }
        if let Some(value) = self.intercepts.iter().find(|value| !value.is_finite()) {
            return Some(format!("an intercept is {value}, not a finite number"));
        }
        (!(self.c.is_finite() && self.c > 0.0)).then(|| format!("`c` is {}, but must be a number above 0", self.c))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The seed's model: two classes, two features.
    pub(crate) fn seed_model() -> ModelFile {
        ModelFile {
            algorithm: Algorithm::LogisticRegression,
            features: vec!["age".into(), "salary".into()],
            target: "target".into(),
            classes: Classes::Whole(vec![0, 1]),
            preprocess: Preprocess::default(),
            encoded_features: Vec::new(),
            coefficients: vec![vec![1.501_826_254_491_992e-6, 0.003_003_652_508_984_092_6]],
            intercepts: vec![-165.200_929_294_347_13],
            c: 1.0,
            rows: 4,
            iterations: 13,
            converged: true,
            trainyard_version: "0.1.0".into(),
        }
    }

    const SEED: &str = r#"{
  "algorithm": "logisticRegression",
  "features": ["age", "salary"],
  "target": "target",
  "classes": [0, 1],
  "coefficients": [
    [1.501826254491992e-6, 0.0030036525089840926]
  ],
  "intercepts": [-165.20092929434713],
  "c": 1.0,
  "rows": 4,
  "iterations": 13,
  "converged": true,
  "trainyardVersion": "0.1.0"
}
"#;

    #[test]
    fn the_file_is_laid_out_for_people() {
        assert_eq!(seed_model().to_json().unwrap(), SEED);
        assert_eq!(ModelFile::from_json(SEED.as_bytes()).unwrap(), seed_model());
    }

    #[test]
    fn three_classes_have_three_lines_of_coefficients() {
        let model = ModelFile {
            classes: Classes::Text(vec!["a".into(), "b \"x\"".into(), "c".into()]),
            coefficients: vec![vec![-0.0, 1e300], vec![5e-324, -1.0], vec![1e-5, 1e16]],
            intercepts: vec![0.0, 0.1, -0.1],
            ..seed_model()
        };
        let text = model.to_json().unwrap();
        assert!(text.contains(
            "  \"classes\": [\"a\", \"b \\\"x\\\"\", \"c\"],\n  \"coefficients\": [\n    [-0.0, 1e300],\n    [5e-324, -1.0],\n    [1e-5, 1e16]\n  ],\n  \"intercepts\": [0.0, 0.1, -0.1],\n"
        ));
        assert_eq!(ModelFile::from_json(text.as_bytes()).unwrap(), model);
        assert!(ModelFile::from_json(text.as_bytes()).unwrap().coefficients[0][0].is_sign_negative());
    }

    #[test]
    fn contradictions_are_named() {
        for (model, reason) in [
            (
                ModelFile {
                    features: vec![],
                    ..seed_model()
                },
                "`features` is empty",
            ),
            (
                ModelFile {
                    features: vec!["age".into(), "age".into()],
                    ..seed_model()
                },
                "`features` names `age` twice",
            ),
            (
                ModelFile {
                    target: "age".into(),
                    ..seed_model()
                },
                "the target `age` is also a feature",
            ),
            (
                ModelFile {
                    classes: Classes::Whole(vec![0]),
                    ..seed_model()
                },
                "`classes` has 1, but a model needs at least 2",
            ),
            (
                ModelFile {
                    classes: Classes::Whole(vec![1, 0]),
                    ..seed_model()
                },
                "`classes` is not in order",
            ),
            (
                ModelFile {
                    classes: Classes::Whole(vec![0, 1, 2]),
                    ..seed_model()
                },
                "`coefficients` has 1 rows, but 3 classes need 3",
            ),
            (
                ModelFile {
                    coefficients: vec![vec![1.0]],
                    ..seed_model()
                },
                "row 0 of `coefficients` has 1 numbers, but there are 2 features",
            ),
            (
                ModelFile {
                    intercepts: vec![],
                    ..seed_model()
                },
                "`intercepts` has 0 numbers, but 2 classes need 1",
            ),
            (
                ModelFile {
                    coefficients: vec![vec![0.0, f64::NAN]],
                    ..seed_model()
                },
                "the coefficient of `salary` in row 0 is NaN, not a finite number",
            ),
            (
                ModelFile {
                    intercepts: vec![f64::INFINITY],
                    ..seed_model()
                },
                "an intercept is inf",
            ),
            (
                ModelFile { c: 0.0, ..seed_model() },
                "`c` is 0, but must be a number above 0",
            ),
        ] {
            let message = model.to_json().unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn what_is_no_model_is_refused_with_its_place() {
        for (text, reason) in [
            (String::new(), "EOF while parsing a value at line 1 column 0"),
            ("[]".to_owned(), "invalid length 0"),
            (SEED[..40].to_owned(), "EOF while parsing"),
            (SEED.replace("logisticRegression", "magic"), "unknown variant `magic`"),
            (
                SEED.replace("\"c\": 1.0", "\"c\": 1e999"),
                "number out of range at line 10",
            ),
            (SEED.replace("  \"c\": 1.0,\n", ""), "missing field `c`"),
            (
                SEED.replace("\"rows\": 4", "\"rows\": -4"),
                "invalid value: integer `-4`",
            ),
            (SEED.replace("\"rows\"", "\"calibrate\""), "unknown field `calibrate`"),
            (SEED.replace("\"rows\"", "\"c\""), "duplicate field `c`"),
            (SEED.replace("[0, 1]", "[0, \"1\"]"), "here stand 0 and `1`"),
            (format!("{SEED}x"), "trailing characters"),
        ] {
            let error = ModelFile::from_json(text.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
        }
        assert!(ModelFile::from_json(b"\xff\xfe").is_err());
    }

    proptest! {
        #[test]
        fn every_finite_number_reads_back_to_the_same_bits(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            let mut model = seed_model();
            model.intercepts[0] = number;
            let text = model.to_json().unwrap();
            let read = ModelFile::from_json(text.as_bytes()).unwrap();
            prop_assert_eq!(read.intercepts[0].to_bits(), bits);
        }
    }
}
