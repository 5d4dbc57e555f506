//! `preprocess` as a `ColumnTransformer` before the regression, of public names only.
//!
//! A transformer of scikit-learn keeps private notes of its fit, which differ from release to release. So each is really fitted while the
//! pickle is read, on a table of a few rows that has every category, and then gets the numbers of the model in its public attributes.
//! Features that stand side by side and are treated alike share a transformer, so that columns come out in the order of the coefficients.

use super::machine::{Pickle, op};
use crate::model::ModelFile;
use crate::preprocess::categories::Categories;
use crate::preprocess::{FittedColumn, FittedImpute, FittedOneHot, FittedScale};
use std::collections::HashMap;
use trainyard_contract::stage::{ImputeStrategy, ScaleMethod, UnknownCategory};

/// Features that share a transformer.
struct Group<'a> {
    name: String,
    features: Vec<&'a String>,
    /// What is done to each of them; nothing for numbers that are taken as they stand.
    columns: Vec<Option<&'a FittedColumn>>,
}

/// `Pipeline([("preprocess", ColumnTransformer(…)), ("model", …)])`
pub(super) fn write(pickle: &mut Pickle, model: &ModelFile, regression: impl FnOnce(&mut Pickle)) {
    let groups = groups(model);
    let rows = groups
        .iter()
        .flat_map(|group| &group.columns)
        .map(|column| rows_of(*column))
        .max();
    let rows = rows.unwrap_or(2).max(2);
    steps(pickle, |pickle| {
        step(pickle, "preprocess", |pickle| column_transformer(pickle, &groups, rows));
        step(pickle, "model", regression);
    });
}

fn groups(model: &ModelFile) -> Vec<Group<'_>> {
    let of: HashMap<&str, &FittedColumn> = model
        .preprocess
        .columns
        .iter()
        .map(|column| (column.column.as_str(), column))
        .collect();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for feature in &model.features {
        let column = of.get(feature.as_str()).copied();
        match groups.last_mut() {
            Some(last) if last.columns.iter().all(|other| are_alike(*other, column)) => {
                last.features.push(feature);
                last.columns.push(column);
            }
            _ => groups.push(Group {
                name: format!("columns_{}", groups.len() + 1),
                features: vec![feature],
                columns: vec![column],
            }),
        }
    }
    groups
}

/// Whether one transformer can have both.
fn are_alike(left: Option<&FittedColumn>, right: Option<&FittedColumn>) -> bool {
    let how = |column: Option<&FittedColumn>| {
        let impute = column.and_then(|column| column.impute.as_ref());
        let constant = impute.filter(|impute| impute.strategy == ImputeStrategy::Constant);
        (
            impute.map(|impute| impute.strategy),
            constant.and_then(|impute| impute.number),
            column
                .and_then(|column| column.scale.as_ref())
                .map(|scale| scale.method),
        )
    };
    let is_category = |column: Option<&FittedColumn>| column.is_some_and(|column| column.one_hot.is_some());
    !is_category(left) && !is_category(right) && how(left) == how(right)
}

/// How many rows a table needs for this column: each category once, frequent ones twice where some share a column.
fn rows_of(column: Option<&FittedColumn>) -> usize {
    let one_hot = column.and_then(|column| column.one_hot.as_ref());
    one_hot.map_or(2, |one_hot| cells_of(one_hot).len())
}

/// The places of the categories as they stand in the table: so often that the same ones are rare.
fn cells_of(one_hot: &FittedOneHot) -> Vec<usize> {
    let is_rare = |place: &usize| one_hot.infrequent.binary_search(place).is_ok();
    let all = 0..one_hot.categories.count();
    let twice = all
        .clone()
        .filter(|place| !one_hot.infrequent.is_empty() && !is_rare(place));
    all.chain(twice).collect()
}

fn column_transformer(pickle: &mut Pickle, groups: &[Group<'_>], rows: usize) {
    let transformers = |pickle: &mut Pickle| {
        pickle.list(groups, |pickle, group| {
            pickle.text(&group.name);
            group.transformer(pickle, rows);
            pickle.list(&group.features, |pickle, name| pickle.text(name));
            pickle.op(op::TUPLE3);
        });
    };
    pickle.fitted(
        |pickle| table(pickle, groups, rows),
        |pickle| pickle.call("sklearn.compose", "ColumnTransformer", transformers),
    );
    // Its fit has made and fitted copies of the transformers: the model's take their place.
    pickle.set(|pickle| {
        pickle.text("transformers_");
        transformers(pickle);
    });
}

/// `pandas.DataFrame({column: array, …})`
fn table(pickle: &mut Pickle, groups: &[Group<'_>], rows: usize) {
    pickle.call("pandas", "DataFrame", |pickle| {
        pickle.op(op::EMPTY_DICT);
        pickle.op(op::MARK);
        for group in groups {
            for (name, column) in group.features.iter().zip(&group.columns) {
                pickle.text(name);
                cells(pickle, *column, rows);
            }
        }
        pickle.op(op::SETITEMS);
    });
}

/// An array of the table's cells of one column.
fn cells(pickle: &mut Pickle, column: Option<&FittedColumn>, rows: usize) {
    let Some(one_hot) = column.and_then(|column| column.one_hot.as_ref()) else {
        let numbers: Vec<f64> = (0..rows).map(|row| if row % 2 == 0 { 0.0 } else { 1.0 }).collect();
        return pickle.numbers(&numbers);
    };
    let mut places = cells_of(one_hot);
    // What fills the table up is no rare category.
    let frequent = (0..one_hot.categories.count()).find(|place| one_hot.infrequent.binary_search(place).is_err());
    places.resize(rows.max(places.len()), frequent.unwrap_or(0));
    match &one_hot.categories {
        Categories::Numbers(numbers) => {
            let cells: Vec<f64> = places.iter().map(|&place| numbers[place]).collect();
            pickle.numbers(&cells);
        }
        Categories::Texts(texts) => {
            let cells: Vec<String> = places.iter().map(|&place| texts[place].clone()).collect();
            pickle.texts(&cells);
        }
    }
}

impl Group<'_> {
    fn table(&self, pickle: &mut Pickle, rows: usize) {
        pickle.call("pandas", "DataFrame", |pickle| {
            pickle.op(op::EMPTY_DICT);
            pickle.op(op::MARK);
            for (name, column) in self.features.iter().zip(&self.columns) {
                pickle.text(name);
                cells(pickle, *column, rows);
            }
            pickle.op(op::SETITEMS);
        });
    }

    /// One transformer, or a pipeline of them.
    fn transformer(&self, pickle: &mut Pickle, rows: usize) {
        let column = self.columns.first().copied().flatten();
        let imputes: Vec<&FittedImpute> = self
            .columns
            .iter()
            .filter_map(|column| column.as_ref()?.impute.as_ref())
            .collect();
        let scales: Vec<&FittedScale> = self
            .columns
            .iter()
            .filter_map(|column| column.as_ref()?.scale.as_ref())
            .collect();
        let one_hot = column.and_then(|column| column.one_hot.as_ref());
        let impute = |pickle: &mut Pickle| self.impute(pickle, &imputes, rows);
        let encode = |pickle: &mut Pickle| match one_hot {
            Some(one_hot) => self.one_hot(pickle, one_hot, rows),
            None => self.scale(pickle, &scales, rows),
        };
        let casts = is_constant_number(&imputes);
        match (imputes.is_empty(), one_hot.is_none() && scales.is_empty()) {
            (true, true) => self.unchanged(pickle, rows),
            (true, false) => encode(pickle),
            (false, true) if !casts => impute(pickle),
            (false, encodes_nothing) => steps(pickle, |pickle| {
                if casts {
                    step(pickle, "cast", |pickle| self.cast(pickle, rows));
                }
                step(pickle, "impute", impute);
                if imputes.iter().any(|impute| impute.text.is_some()) {
                    step(pickle, "impute_none", |pickle| self.impute_none(pickle, &imputes, rows));
                }
                if !encodes_nothing {
                    step(pickle, "encode", encode);
                }
            }),
        }
    }

    /// A column of whole numbers without a missing one is of integers in pandas, which `SimpleImputer` does not fill with a fraction.
    fn cast(&self, pickle: &mut Pickle, rows: usize) {
        pickle.fitted(
            |pickle| self.table(pickle, rows),
            |pickle| {
                pickle.object("sklearn.preprocessing", "FunctionTransformer", |pickle| {
                    pickle.text("func");
                    pickle.global("numpy", "asarray");
                    pickle.text("kw_args");
                    pickle.op(op::EMPTY_DICT);
                    pickle.op(op::MARK);
                    pickle.text("dtype");
                    pickle.text("float64");
                    pickle.op(op::SETITEMS);
                    pickle.text("feature_names_out");
                    pickle.text("one-to-one");
                });
            },
        );
    }

    fn unchanged(&self, pickle: &mut Pickle, rows: usize) {
        pickle.fitted(
            |pickle| self.table(pickle, rows),
            |pickle| {
                pickle.object("sklearn.preprocessing", "FunctionTransformer", |pickle| {
                    pickle.text("feature_names_out");
                    pickle.text("one-to-one");
                });
            },
        );
    }

    fn impute(&self, pickle: &mut Pickle, imputes: &[&FittedImpute], rows: usize) {
        imputer(
            pickle,
            imputes,
            |pickle| {
                if is_constant_number(imputes) {
                    array_without_names(pickle, imputes.len());
                } else {
                    self.table(pickle, rows);
                }
            },
            |_| {},
        );
    }

    /// A missing text may be None, as it comes out of JSON, which is not NaN to `SimpleImputer`.
    fn impute_none(&self, pickle: &mut Pickle, imputes: &[&FittedImpute], rows: usize) {
        imputer(
            pickle,
            imputes,
            |pickle| self.array(pickle, rows),
            |pickle| {
                pickle.text("missing_values");
                pickle.op(op::NONE);
            },
        );
    }

    /// The cells of the first column as an array of one column: what an imputer gives has no names.
    fn array(&self, pickle: &mut Pickle, rows: usize) {
        pickle.global("numpy", "reshape");
        cells(pickle, self.columns.first().copied().flatten(), rows);
        pickle.list(&[-1, 1], |pickle, &size| pickle.integer(size));
        pickle.op(op::TUPLE2);
        pickle.op(op::REDUCE);
    }

    fn one_hot(&self, pickle: &mut Pickle, one_hot: &FittedOneHot, rows: usize) {
        pickle.fitted(
            |pickle| {
                let column = self.columns.first().copied().flatten();
                if column.is_some_and(|column| column.impute.is_some()) {
                    self.array(pickle, rows);
                } else {
                    self.table(pickle, rows);
                }
            },
            |pickle| {
                pickle.object("sklearn.preprocessing", "OneHotEncoder", |pickle| {
                    pickle.text("handle_unknown");
                    pickle.text(match one_hot.unknown {
                        UnknownCategory::Ignore => "ignore",
                        UnknownCategory::Infrequent => "infrequent_if_exist",
                        UnknownCategory::Error => "error",
                    });
                    pickle.text("sparse_output");
                    pickle.op(op::NEWFALSE);
                    if let Some(most) = one_hot.max_categories {
                        pickle.text("max_categories");
                        pickle.integer(i64::from(most));
                    }
                });
            },
        );
    }

    fn scale(&self, pickle: &mut Pickle, scales: &[&FittedScale], rows: usize) {
        let Some(first) = scales.first() else { return };
        let is_standard = first.method == ScaleMethod::Standard;
        pickle.fitted(
            |pickle| {
                if self.columns.iter().flatten().any(|column| column.impute.is_some()) {
                    // The imputer before it gives it arrays without names.
                    array_without_names(pickle, scales.len());
                } else {
                    self.table(pickle, rows);
                }
            },
            |pickle| {
                let name = if is_standard { "StandardScaler" } else { "MinMaxScaler" };
                pickle.object("sklearn.preprocessing", name, |_| {});
            },
        );
        let of = |number: fn(&FittedScale) -> f64| scales.iter().map(|scale| number(scale)).collect::<Vec<f64>>();
        let attributes: Vec<(&str, Vec<f64>)> = if is_standard {
            vec![
                ("mean_", of(|scale| scale.centre)),
                ("scale_", of(|scale| scale.scale)),
                ("var_", of(|scale| scale.scale * scale.scale)),
            ]
        } else {
            vec![
                ("data_min_", of(|scale| scale.centre)),
                ("data_max_", of(|scale| scale.centre + scale.scale)),
                ("data_range_", of(|scale| scale.scale)),
                ("scale_", of(|scale| 1.0 / scale.scale)),
                ("min_", of(|scale| -scale.centre / scale.scale)),
            ]
        };
        pickle.set(|pickle| {
            for (name, numbers) in &attributes {
                pickle.text(name);
                pickle.numbers(numbers);
            }
        });
    }
}

/// A `SimpleImputer` that fills what the model does; `more` sets further parameters.
fn imputer(
    pickle: &mut Pickle,
    imputes: &[&FittedImpute],
    table: impl FnOnce(&mut Pickle),
    more: impl FnOnce(&mut Pickle),
) {
    let strategy = imputes.first().map(|impute| impute.strategy).unwrap_or_default();
    pickle.fitted(table, |pickle| {
        pickle.object("sklearn.impute", "SimpleImputer", |pickle| {
            pickle.text("strategy");
            pickle.text(match strategy {
                ImputeStrategy::Mean => "mean",
                ImputeStrategy::Median => "median",
                ImputeStrategy::MostFrequent => "most_frequent",
                ImputeStrategy::Constant => "constant",
            });
            if let Some(impute) = imputes
                .first()
                .filter(|impute| impute.strategy == ImputeStrategy::Constant)
            {
                pickle.text("fill_value");
                match (&impute.text, impute.number) {
                    (Some(text), _) => pickle.text(text),
                    (None, number) => pickle.float(number.unwrap_or_default()),
                }
            }
            more(pickle);
        });
    });
    pickle.set(|pickle| {
        pickle.text("statistics_");
        let texts: Vec<String> = imputes.iter().filter_map(|impute| impute.text.clone()).collect();
        if texts.is_empty() {
            let numbers: Vec<f64> = imputes.iter().filter_map(|impute| impute.number).collect();
            pickle.numbers(&numbers);
        } else {
            pickle.texts(&texts);
        }
    });
}

/// Whether missing numbers become one that the manifest names.
fn is_constant_number(imputes: &[&FittedImpute]) -> bool {
    let mut constant = imputes
        .iter()
        .filter(|impute| impute.strategy == ImputeStrategy::Constant);
    constant.any(|impute| impute.number.is_some())
}

/// Two rows of zeros, for what comes behind a transformer that gives arrays.
fn array_without_names(pickle: &mut Pickle, columns: usize) {
    let row = vec![0.0; columns];
    pickle.array("float64", &[row.clone(), row], |pickle, row| {
        pickle.list(row, |pickle, &number| pickle.float(number));
    });
}

/// `Pipeline([…])`
fn steps(pickle: &mut Pickle, steps: impl FnOnce(&mut Pickle)) {
    pickle.call("sklearn.pipeline", "Pipeline", |pickle| {
        pickle.op(op::EMPTY_LIST);
        pickle.op(op::MARK);
        steps(pickle);
        pickle.op(op::APPENDS);
    });
}

/// `(name, estimator)`
fn step(pickle: &mut Pickle, name: &str, estimator: impl FnOnce(&mut Pickle)) {
    pickle.text(name);
    estimator(pickle);
    pickle.op(op::TUPLE2);
}
