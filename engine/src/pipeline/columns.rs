//! The columns that stages use, summed up for the stages above.
//!
//! `extract` reads the columns that a later stage needs as numbers as numbers, and `validate` checks them; both learn from
//! here which ones these are.

use super::Pipeline;
use crate::Values;
use crate::values::resolve_known;
use trainyard_contract::StageSpec;
use trainyard_contract::document::ColumnNeeds;
use trainyard_contract::stage::{TrainColumns, TrainSpec};

impl Pipeline {
    /// What the stage at `place` and the stages below it need of the dataset that it reads or makes.
    pub fn column_needs(&self, place: usize, values: &Values) -> ColumnNeeds {
        let dataset = match self.stages()[place].spec {
            StageSpec::Extract(_) => Some(place),
            StageSpec::Validate(_) | StageSpec::Train(_) | StageSpec::Evaluate(_) | StageSpec::Predict(_) => {
                self.stages()[place].producer
            }
        };
        let columns = |train: &TrainSpec| TrainColumns::of(train, &|text| resolve_known(text, values));
        let mut needs = ColumnNeeds::default();
        for (i, stage) in self.stages().iter().enumerate() {
            let below = i == place || stage.ancestors.contains(&place);
            if !below || stage.producer.is_none() || stage.producer != dataset {
                continue;
            }
            let trainer = stage.trainer.and_then(|trainer| self.train_spec(trainer));
            let also = match &stage.spec {
                StageSpec::Train(train) => Some(columns(train).needs_of_training()),
                StageSpec::Evaluate(_) => trainer.map(|train| columns(train).needs_of_judging()),
                StageSpec::Predict(_) => trainer.map(|train| columns(train).needs_of_predicting()),
                StageSpec::Extract(_) | StageSpec::Validate(_) => None,
            };
            needs = needs.and(&also.unwrap_or_default());
        }
        needs
    }

    fn train_spec(&self, place: usize) -> Option<&TrainSpec> {
        match &self.stages()[place].spec {
            StageSpec::Train(train) => Some(train),
            StageSpec::Extract(_) | StageSpec::Validate(_) | StageSpec::Evaluate(_) | StageSpec::Predict(_) => None,
        }
    }
}
