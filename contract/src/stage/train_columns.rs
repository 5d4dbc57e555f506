//! The columns of a `train` stage by what it does with them, and what that asks of a dataset.

use super::{PreprocessStep, TrainSpec};
use crate::document::ColumnNeeds;
use crate::expression::Expression;
use std::collections::BTreeSet;

/// The columns of a `train` stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrainColumns {
    /// What the model reads, in the manifest's order.
    pub features: Vec<String>,
    /// What it predicts.
    pub target: String,
    /// The column that rows are split by.
    pub split: Option<String>,
    /// Features that are read as they stand, number or text: those with `oneHot`.
    pub categories: BTreeSet<String>,
    /// Features whose missing cells are filled.
    pub imputed: BTreeSet<String>,
    /// Columns that `where` reads.
    pub filtered: BTreeSet<String>,
    /// Columns that are never missing in a row that `where` lets through.
    pub never_null: BTreeSet<String>,
}

impl TrainColumns {
    /// The columns of `train`; `resolve` puts values into its texts.
    pub fn of(train: &TrainSpec, resolve: &dyn Fn(&str) -> String) -> Self {
        let columns = |wanted: &dyn Fn(&PreprocessStep) -> bool| {
            let steps = train.preprocess.iter().filter(|step| wanted(step));
            steps.flat_map(|step| &step.columns).map(|name| resolve(name)).collect()
        };
        let split = train.split.as_ref();
        let split = split.and_then(|split| split.hash.as_ref().or(split.time.as_ref()));
        let filter = train.row_filter.as_deref().map(resolve);
        let filter = filter.and_then(|text| Expression::parse(&text).ok());
        let owned = |names: BTreeSet<&str>| names.into_iter().map(ToOwned::to_owned).collect();
        Self {
            features: train.features.iter().map(|name| resolve(name)).collect(),
            target: resolve(&train.target),
            split: split.map(|by| resolve(&by.column)),
            categories: columns(&|step| step.one_hot.is_some()),
            imputed: columns(&|step| step.impute.is_some()),
            filtered: filter.as_ref().map(|filter| owned(filter.names())).unwrap_or_default(),
            never_null: filter
                .as_ref()
                .map(|filter| owned(filter.never_null()))
                .unwrap_or_default(),
        }
    }

    /// What a dataset must have for the model to predict.
    pub fn needs_of_predicting(&self) -> ColumnNeeds {
        let features = || self.features.iter();
        let sorted = |names: BTreeSet<&String>| names.into_iter().cloned().collect();
        ColumnNeeds {
            numbers: sorted(features().filter(|name| !self.categories.contains(*name)).collect()),
            used: sorted(features().collect()),
            may_be_null: sorted(features().filter(|name| self.imputed.contains(*name)).collect()),
            targets: Vec::new(),
        }
    }

    /// What a dataset must have for the model to be judged by it.
    pub fn needs_of_judging(&self) -> ColumnNeeds {
        self.needs_of_predicting().and(&ColumnNeeds {
            used: vec![self.target.clone()],
            targets: vec![self.target.clone()],
            ..ColumnNeeds::default()
        })
    }

    /// What a dataset must have for the model to be fitted on it. In a row that `where` leaves out anything may be missing.
    pub fn needs_of_training(&self) -> ColumnNeeds {
        let mut needs = self.needs_of_judging().and(&ColumnNeeds {
            used: self.split.iter().cloned().collect(),
            ..ColumnNeeds::default()
        });
        let also_filtered = needs.used.iter().filter(|name| self.never_null.contains(*name));
        let may_be_null: BTreeSet<String> = also_filtered.chain(&needs.may_be_null).cloned().collect();
        needs.may_be_null = may_be_null.into_iter().collect();
        let filtered: Vec<String> = self.filtered.iter().cloned().collect();
        needs.and(&ColumnNeeds {
            used: filtered.clone(),
            may_be_null: filtered,
            ..ColumnNeeds::default()
        })
    }
}
