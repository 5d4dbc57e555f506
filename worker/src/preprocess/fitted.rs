//! What was found in the rows that a model was trained on, as it stands in `model.json`.

use super::categories::Categories;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt::Write as _;
use trainyard_contract::stage::{ImputeStrategy, ScaleMethod, UnknownCategory};

/// What is done to the features of a model. One without an entry is taken as it stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Preprocess {
    /// In the order of the features.
    pub columns: Vec<FittedColumn>,
}

/// What is done to one feature, in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FittedColumn {
    /// Its name.
    pub column: String,
    /// What fills missing cells; none may be missing when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impute: Option<FittedImpute>,
    /// The columns of zeros and ones that it becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_hot: Option<FittedOneHot>,
    /// How it is scaled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<FittedScale>,
}

/// What fills missing cells: a number or a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FittedImpute {
    /// How it was found.
    pub strategy: ImputeStrategy,
    /// The number, in a column of numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<f64>,
    /// The text, in a column of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// One column a category; those that are infrequent share the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FittedOneHot {
    /// All categories of the training rows.
    pub categories: Categories,
    /// The places of those that share the last column, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub infrequent: Vec<usize>,
    /// The bound on the columns, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_categories: Option<u32>,
    /// What becomes of other categories.
    pub unknown: UnknownCategory,
}

impl FittedOneHot {
    /// How many columns there are.
    pub fn width(&self) -> usize {
        self.categories.count() - self.infrequent.len() + usize::from(!self.infrequent.is_empty())
    }

    /// The column of each category.
    pub fn columns(&self) -> Vec<usize> {
        let last = self.width() - 1;
        let mut next = 0;
        (0..self.categories.count())
            .map(|place| {
                if self.infrequent.binary_search(&place).is_ok() {
                    return last;
                }
                next += 1;
                next - 1
            })
            .collect()
    }
}

/// `(x - centre) / scale`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FittedScale {
    /// How they were found.
    pub method: ScaleMethod,
    /// The mean, or the least number.
    pub centre: f64,
    /// The standard deviation of the population, or the distance of the greatest number from the least; 1 for a constant column.
    pub scale: f64,
}

impl Preprocess {
    /// Whether nothing is done to any feature.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// What is done to the feature of this name.
    pub fn of(&self, feature: &str) -> Option<&FittedColumn> {
        self.columns.iter().find(|column| column.column == feature)
    }

    /// The features whose categories are texts: those that are not read as numbers.
    pub fn text_features(&self) -> impl Iterator<Item = &str> {
        let texts = self.columns.iter().filter(|column| column.is_text());
        texts.map(|column| column.column.as_str())
    }

    /// The features whose missing cells are filled.
    pub fn imputed_features(&self) -> impl Iterator<Item = &str> {
        let imputed = self.columns.iter().filter(|column| column.impute.is_some());
        imputed.map(|column| column.column.as_str())
    }

    /// The name of each encoded feature, in the order of the coefficients: `age`, `plan_basic`, `plan_infrequent`.
    pub fn encoded_features(&self, features: &[String]) -> Vec<String> {
        let of: HashMap<&str, &FittedColumn> = self.columns.iter().map(|c| (c.column.as_str(), c)).collect();
        let mut names = Vec::new();
        for feature in features {
            match of.get(feature.as_str()).and_then(|column| column.one_hot.as_ref()) {
                None => names.push(feature.clone()),
                Some(one_hot) => {
                    let labels = one_hot.categories.labels().into_iter().enumerate();
                    let own = labels.filter(|(place, _)| one_hot.infrequent.binary_search(place).is_err());
                    names.extend(own.map(|(_, label)| format!("{feature}_{label}")));
                    if !one_hot.infrequent.is_empty() {
                        names.push(format!("{feature}_infrequent"));
                    }
                }
            }
        }
        names
    }

    /// What contradicts itself or the features, in words.
    pub fn contradiction(&self, features: &[String]) -> Option<String> {
        let places: HashMap<&str, usize> = features.iter().map(String::as_str).zip(0..).collect();
        let mut last = None;
        for column in &self.columns {
            let name = &column.column;
            let Some(&place) = places.get(name.as_str()) else {
                return Some(format!("`preprocess` names `{name}`, which is no feature"));
            };
            if last.is_some_and(|last| place <= last) {
                return Some(format!(
                    "`preprocess` names `{name}` twice or out of the order of the features"
                ));
            }
            last = Some(place);
            if let Some(problem) = column.problem() {
                return Some(format!("`preprocess` of `{name}`: {problem}"));
            }
        }
        None
    }
}

impl FittedColumn {
    fn is_text(&self) -> bool {
        let categories = self.one_hot.as_ref().map(|one_hot| &one_hot.categories);
        matches!(categories, Some(Categories::Texts(_)))
    }

    fn problem(&self) -> Option<String> {
        let mut problem = String::new();
        if let Some(impute) = &self.impute {
            let right = if self.is_text() {
                impute.text.is_some() && impute.number.is_none()
            } else {
                impute.number.is_some_and(f64::is_finite) && impute.text.is_none()
            };
            if !right {
                let _ = write!(problem, "what fills missing cells is not of the column's type");
            }
        }
        if let Some(one_hot) = &self.one_hot {
            let places = one_hot.categories.count();
            let infrequent = &one_hot.infrequent;
            let sorted = infrequent.is_sorted_by(|left, right| left < right);
            if places == 0 || !one_hot.categories.are_sorted() {
                let _ = write!(problem, "its categories are none, or not in order");
            } else if !sorted || infrequent.last().is_some_and(|&last| last >= places) {
                let _ = write!(problem, "its infrequent categories are not among its categories");
            } else if self.scale.is_some() {
                let _ = write!(problem, "it has both categories and a scale");
            }
        }
        if let Some(scale) = &self.scale
            && !(scale.centre.is_finite() && scale.scale.is_finite() && scale.scale > 0.0)
        {
            let _ = write!(problem, "its scale is no number above 0");
        }
        (!problem.is_empty()).then_some(problem)
    }
}
