//! `model.json`: a logistic regression with all its digits.
//!
//! Numbers are the shortest text that reads back to the same float64. Two runs over the same data write the same bytes.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The one algorithm so far, as `model.json` names it.
pub const LOGISTIC_REGRESSION: &str = "logisticRegression";

/// A trained model. The order of the fields is the order of the keys in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelFile {
    /// [`LOGISTIC_REGRESSION`].
    pub algorithm: String,
    /// The columns that the model reads, in the manifest's order.
    pub features: Vec<String>,
    /// The column that it predicts.
    pub target: String,
    /// What it predicts: two classes or more.
    pub classes: Classes,
    /// Two classes: one row, for the second one. More: one row a class. A number a feature.
    pub coefficients: Vec<Vec<f64>>,
    /// A number for each row of `coefficients`.
    pub intercepts: Vec<f64>,
    /// Inverse strength of the penalty.
    pub c: f64,
    /// Rows that the model was trained on.
    pub rows: u64,
    /// Steps of the solver.
    pub iterations: u32,
    /// Whether the solver reached the optimum.
    pub converged: bool,
    /// The version of Trainyard that trained it.
    pub trainyard_version: String,
}

/// The classes of a model, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Classes {
    /// Whole numbers, in numeric order.
    Whole(Vec<i64>),
    /// Texts, by code point.
    Text(Vec<String>),
}

impl Classes {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Whole(classes) => classes.len(),
            Self::Text(classes) => classes.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The classes as people write them, in their order.
    pub fn labels(&self) -> Vec<String> {
        match self {
            Self::Whole(classes) => classes.iter().map(ToString::to_string).collect(),
            Self::Text(classes) => classes.clone(),
        }
    }

    fn is_sorted(&self) -> bool {
        match self {
            Self::Whole(classes) => classes.is_sorted_by(|a, b| a < b),
            Self::Text(classes) => classes.is_sorted_by(|a, b| a < b),
        }
    }
}

/// Why a text is no model, or a model has no text.
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
    /// Where a number is not finite, since JSON has no word for that.
    pub fn to_json(&self) -> Result<String, NoModel> {
        self.check()?;
        let mut text = serde_json::to_string_pretty(self).map_err(|error| NoModel::because(&error))?;
        text.push('\n');
        Ok(text)
    }

    /// The model that `text` is, with all its parts of one shape.
    pub fn from_json(text: &[u8]) -> Result<Self, NoModel> {
        let model: Self = serde_json::from_slice(text).map_err(|error| NoModel::because(&error))?;
        model.check()?;
        Ok(model)
    }

    /// Rows of `coefficients`.
    fn vectors(&self) -> usize {
        if self.classes.len() == 2 { 1 } else { self.classes.len() }
    }

    fn check(&self) -> Result<(), NoModel> {
        let numbers = || {
            self.coefficients
                .iter()
                .flatten()
                .chain(&self.intercepts)
                .chain([&self.c])
        };
        for (holds, wrong) in [
            (self.algorithm == LOGISTIC_REGRESSION, "its algorithm is not known"),
            (!self.features.is_empty(), "it has no features"),
            (self.classes.len() >= 2, "it has fewer than two classes"),
            (self.classes.is_sorted(), "its classes are not in order"),
            (
                self.coefficients.len() == self.vectors()
                    && self.coefficients.iter().all(|row| row.len() == self.features.len()),
                "its coefficients do not fit its features and classes",
            ),
            (
                self.intercepts.len() == self.vectors(),
                "its intercepts do not fit its classes",
            ),
            (
                numbers().all(|number| number.is_finite()),
                "a number in it is not finite",
            ),
        ] {
            if !holds {
                return Err(NoModel(wrong.to_owned()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The seed's model: two classes, two features.
    pub(crate) fn seed_model() -> ModelFile {
        ModelFile {
            algorithm: LOGISTIC_REGRESSION.to_owned(),
            features: vec!["age".to_owned(), "salary".to_owned()],
            target: "target".to_owned(),
            classes: Classes::Whole(vec![0, 1]),
            coefficients: vec![vec![1.501_826_254_491_992e-6, 3.003_652_508_984_092_4e-3]],
            intercepts: vec![-165.200_929_294_347_12],
            c: 1.0,
            rows: 4,
            iterations: 9,
            converged: true,
            trainyard_version: "0.1.0".to_owned(),
        }
    }

    #[test]
    fn the_file_of_the_seed() {
        let wanted = r#"{
  "algorithm": "logisticRegression",
  "features": [
    "age",
    "salary"
  ],
  "target": "target",
  "classes": [
    0,
    1
  ],
  "coefficients": [
    [
      1.501826254491992e-6,
      0.0030036525089840926
    ]
  ],
  "intercepts": [
    -165.20092929434713
  ],
  "c": 1.0,
  "rows": 4,
  "iterations": 9,
  "converged": true,
  "trainyardVersion": "0.1.0"
}
"#;
        let model = seed_model();
        assert_eq!(model.to_json().unwrap(), wanted);
        assert_eq!(ModelFile::from_json(wanted.as_bytes()).unwrap(), model);
    }

    #[test]
    fn what_is_no_model_table() {
        let change = |change: &dyn Fn(&mut ModelFile)| {
            let mut model = seed_model();
            change(&mut model);
            model.to_json().unwrap_err().to_string()
        };
        for (error, wanted) in [
            (change(&|m| m.intercepts[0] = f64::NAN), "a number in it is not finite"),
            (change(&|m| m.c = f64::INFINITY), "a number in it is not finite"),
            (
                change(&|m| m.intercepts.clear()),
                "its intercepts do not fit its classes",
            ),
            (
                change(&|m| m.features.truncate(1)),
                "its coefficients do not fit its features and classes",
            ),
            (
                change(&|m| m.classes = Classes::Whole(vec![1, 0])),
                "its classes are not in order",
            ),
            (
                change(&|m| m.classes = Classes::Whole(vec![1])),
                "it has fewer than two classes",
            ),
            (change(&|m| m.algorithm.push('x')), "its algorithm is not known"),
        ] {
            assert_eq!(error, wanted);
        }
        assert!(ModelFile::from_json(b"{").is_err());
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

    #[test]
    fn classes_keep_their_kind() {
        for (classes, text) in [
            (Classes::Whole(vec![-1, 0, i64::MAX]), "[-1,0,9223372036854775807]"),
            (Classes::Text(vec!["0".into(), "yes".into()]), r#"["0","yes"]"#),
        ] {
            assert_eq!(serde_json::to_string(&classes).unwrap(), text);
            assert_eq!(serde_json::from_str::<Classes>(text).unwrap(), classes);
        }
    }
}
