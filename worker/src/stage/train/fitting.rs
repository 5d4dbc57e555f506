//! One fit: what `preprocess` needs is found in the rows, and the regression is solved on what it makes of them.

use super::chosen::Chosen;
use super::classes::some_labels;
use super::design::{Design, Rows};
use super::row_set::RowSet;
use crate::StageError;
use crate::csv::{FileName, Word};
use crate::in_order::parts_in_order;
use crate::logistic::{DesignBlock, FitError, FitOptions, Fitted, Predictions, balanced_weights, fit};
use crate::metrics::Judge;
use crate::model::Classes;
use crate::preprocess::fit::{DIFFERENT_VALUES_MAX, ENCODED_FEATURES_MAX, FitProblem, ONE_HOT_WIDTH_MAX};
use crate::preprocess::{Encoder, Preprocess};
use crate::similar::similar;
use crate::stage::row_place::place;
use arrow_array::Array;
use arrow_schema::DataType;
use trainyard_contract::dataset::DatasetDescription;
use trainyard_contract::stage::{ClassWeight, ImputeStrategy, LogisticRegressionSpec, TrainSpec};

/// What all fits of a stage have in common.
#[derive(Clone, Copy)]
pub(super) struct Fitting<'a> {
    pub(super) chosen: &'a Chosen<'a>,
    pub(super) description: &'a DatasetDescription,
    pub(super) spec: &'a TrainSpec,
    pub(super) regression: &'a LogisticRegressionSpec,
}

/// A preprocess that was fitted on some rows, with them.
pub(super) struct Prepared {
    pub(super) preprocess: Preprocess,
    pub(super) encoder: Encoder,
}

impl<'a> Fitting<'a> {
    fn rows(&self, rows: &'a RowSet) -> Rows<'a> {
        Rows {
            chosen: self.chosen,
            set: rows,
            description: self.description,
            spec: self.spec,
        }
    }

    /// Finds what `preprocess` needs in `rows`.
    pub(super) fn prepare(&self, rows: &'a RowSet) -> Result<Prepared, StageError> {
        let schema = self.chosen.table.reader().schema();
        let features = self.chosen.features.iter();
        let types: Vec<DataType> = features
            .map(|&column| schema.field(column).data_type().clone())
            .collect();
        let preprocess = crate::preprocess::fit::fit(
            &self.rows(rows),
            &self.spec.features,
            &types,
            &self.spec.preprocess,
            self.chosen.table.context().threads,
        )
        .map_err(|problem| self.no_preprocess(problem))?;
        Ok(Prepared {
            encoder: Encoder::new(&self.spec.features, &preprocess),
            preprocess,
        })
    }

    /// The rows as the solver reads them.
    pub(super) fn design(&self, rows: &'a RowSet, encoder: &'a Encoder) -> Result<Design<'a>, StageError> {
        self.rows(rows).design(encoder)
    }

    /// Solves the regression of strength `c`; `class_rows` are those of `rows`.
    pub(super) fn solve(
        &self,
        design: &Design<'_>,
        c: Option<f64>,
        prepared: &Prepared,
        rows: &RowSet,
        class_rows: &[u64],
    ) -> Result<(Fitted, f64), StageError> {
        let classes = self.chosen.classes.count();
        let defaults = FitOptions::new(classes);
        let options = FitOptions {
            c: c.or(self.regression.c).unwrap_or(defaults.c),
            class_weights: self.class_weights(class_rows)?,
            max_iterations: self.regression.max_iterations.unwrap_or(defaults.max_iterations),
            tolerance: self.regression.tolerance.unwrap_or(defaults.tolerance),
            threads: self.chosen.table.context().threads,
        };
        let fitted = match design {
            Design::Memory(design) => fit(design, classes, &options).map_err(FitError::widen),
            Design::File(design) => fit(design, classes, &options),
        };
        let fitted = fitted.map_err(|error| self.refused(error, options.c, prepared, rows))?;
        Ok((fitted, options.c))
    }

    /// Judges a model on `rows`.
    pub(super) fn judge(&self, rows: &'a RowSet, encoder: &Encoder, fitted: &Fitted) -> Result<Judge, StageError> {
        let rows = self.rows(rows);
        let table = &self.chosen.table;
        let classes = self.chosen.classes.count();
        let predictor = fitted.predictor();
        let mut all = Judge::new(classes);
        parts_in_order(
            table.blocks(),
            table.context().threads,
            || (DesignBlock::default(), Predictions::default(), Judge::new(classes)),
            |block, (design, predictions, judge)| {
                let arrays = rows.read_block(block)?;
                let count = arrays.first().map_or(0, Array::len);
                design.clear(encoder.width());
                rows.fill(block, &arrays, 0..count, encoder, design)?;
                predictor.predict(&design.columns, count, predictions);
                judge.add(&design.classes, predictions);
                table.context().progress.add(count as u64);
                Ok::<_, StageError>(())
            },
            |(_, _, judge)| all.join(&std::mem::replace(judge, Judge::new(classes))),
        )?;
        Ok(all)
    }

    /// A weight for each class, in the order of the classes.
    fn class_weights(&self, class_rows: &[u64]) -> Result<Vec<f64>, StageError> {
        let labels = self.chosen.classes.labels();
        let weights = match self.regression.class_weight.as_ref() {
            None => return Ok(vec![1.0; labels.len()]),
            Some(ClassWeight { balanced: Some(_), .. }) => return Ok(balanced_weights(class_rows)),
            Some(ClassWeight {
                weights: Some(weights), ..
            }) => weights,
            Some(_) => {
                return Err(StageError::config("classWeight has neither balanced nor weights")
                    .hint("write classWeight: {balanced: {}}, or weights with a number for each label"));
            }
        };
        let mut of_classes = vec![None; labels.len()];
        for (label, &weight) in weights {
            let Some(class) = self.chosen.classes.position(label) else {
                let meant = similar(label, labels.iter().map(String::as_str))
                    .map_or_else(String::new, |label| format!("; did you mean `{label}`?"));
                return Err(StageError::config(format!(
                    "classWeight.weights names the class `{label}`, but column `{}` has no such value{meant}",
                    self.spec.target
                ))
                .hint(format!("its classes are {}", some_labels(&labels))));
            };
            if of_classes[class].replace(weight).is_some() {
                let class = &labels[class];
                return Err(
                    StageError::config(format!("classWeight.weights names the class `{class}` twice"))
                        .hint("as whole numbers, `1` and `1.0` are one class"),
                );
            }
        }
        Ok(of_classes.into_iter().map(|weight| weight.unwrap_or(1.0)).collect())
    }
}

/// Beyond these it is the penalty, and not the data, that leaves the range of a double.
const C_LEAST: f64 = 1e-100;
const C_GREATEST: f64 = 1e100;

/// What is wrong, in the words of the manifest and the file.
impl Fitting<'_> {
    fn source(&self) -> FileName {
        FileName::new(&self.description.source.name)
    }

    fn refused(&self, error: FitError<StageError>, c: f64, prepared: &Prepared, rows: &RowSet) -> StageError {
        let encoded = prepared.preprocess.encoded_features(&self.spec.features);
        let cell = |row: usize, feature: usize| {
            let row = rows.nth(row, self.chosen.table.reader());
            format!("{}: column `{}`", place(self.description, row), encoded[feature])
        };
        match error {
            FitError::Read(error) => error,
            FitError::C(c) => StageError::config(format!("logisticRegression.c is {c}, but must be a number above 0")),
            FitError::Tolerance(_) | FitError::MaxIterations => {
                StageError::config(format!("logisticRegression: {error}"))
            }
            FitError::Weight { class, weight } => StageError::config(format!(
                "classWeight: class `{}` weighs {weight}, but must weigh more than 0",
                class_label(&self.chosen.classes, class)
            )),
            // What a dataset holds is finite: this number became so large on its way.
            FitError::NotFinite { row, feature, .. } => {
                StageError::data(format!("{}: the number is too large to be scaled", cell(row, feature)))
                    .hint("measure the column in a larger unit")
            }
            FitError::TooLarge { row, feature, value } => StageError::data(format!(
                "{}: `{value:e}` is too large to compute with",
                cell(row, feature)
            ))
            .hint("measure the column in a larger unit"),
            FitError::Diverged if !(C_LEAST..=C_GREATEST).contains(&c) => StageError::config(format!(
                "logisticRegression.c is {c:e}: no model can be fitted with that in double precision"
            ))
            .hint("usual values are between 1e-6 and 1e6"),
            FitError::Diverged => {
                StageError::data(format!("{}: no model can be fitted in double precision", self.source()))
                    .hint("the numbers of some column are extreme: measure it in another unit, or lower c")
            }
            FitError::OneClass
            | FitError::EmptyClass { .. }
            | FitError::WeightCount { .. }
            | FitError::Malformed { .. } => StageError::internal(format!("the solver refused the table: {error}")),
        }
    }

    fn no_preprocess(&self, problem: FitProblem<StageError>) -> StageError {
        let column = |place: usize| format!("{}: column `{}`", self.source(), Word::new(&self.spec.features[place]));
        match problem {
            FitProblem::Read(error) => error,
            FitProblem::AllMissing(place) => StageError::data(format!(
                "{} has no value in any of the training rows, so that nothing tells what could fill it",
                column(place)
            ))
            .hint("take it out of the features, or impute it with `strategy: Constant`"),
            FitProblem::NoNumbers(place, strategy) => StageError::config(format!(
                "{} holds texts, and texts have no {}",
                column(place),
                match strategy {
                    ImputeStrategy::Median => "median",
                    ImputeStrategy::Mean | ImputeStrategy::MostFrequent | ImputeStrategy::Constant => "mean",
                }
            ))
            .hint("impute it with `strategy: MostFrequent`, or with `strategy: Constant` and a value"),
            FitProblem::ConstantIsNoNumber(place, value) => StageError::config(format!(
                "{} holds numbers, and `{}`, which is to fill missing ones, is none",
                column(place),
                Word::new(&value)
            ))
            .hint("give a number as `impute.value`"),
            FitProblem::TooManyValues(place) => StageError::data(format!(
                "{} has more than {DIFFERENT_VALUES_MAX} different values",
                column(place)
            ))
            .hint(
                "it looks like a key or a measurement, not like categories: take it out of the features, or scale it",
            ),
            FitProblem::TooWide(place, width) => StageError::data(format!(
                "{} has {width} categories, and becomes at most {ONE_HOT_WIDTH_MAX} columns",
                column(place)
            ))
            .hint("set `oneHot.maxCategories`, or take the column out of the features: is it a key?"),
            FitProblem::TooManyFeatures(width) => StageError::data(format!(
                "{}: the features become {width} columns, and a model has at most {ENCODED_FEATURES_MAX}",
                self.source()
            ))
            .hint("set `oneHot.maxCategories`"),
        }
    }
}

fn class_label(classes: &Classes, class: usize) -> String {
    classes.labels().swap_remove(class)
}
