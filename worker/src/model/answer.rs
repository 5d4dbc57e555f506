//! What a model adds to a row: the columns `prediction` and `probability_<class>`.

use super::ModelFile;
use crate::StageError;
use crate::csv::{FileName, Word};
use crate::logistic::Predictor;
use std::collections::HashSet;

/// The column of the predicted class.
pub const PREDICTION: &str = "prediction";
/// What the name of a class's probability begins with.
pub const PROBABILITY_PREFIX: &str = "probability_";

impl ModelFile {
    /// The model, ready to predict.
    pub fn predictor(&self) -> Predictor {
        Predictor::new(self.coefficients.clone(), self.intercepts.clone())
    }

    /// The names of the columns that it adds, in their order.
    pub fn answer_columns(&self) -> Vec<String> {
        let probabilities = self.classes.labels().into_iter();
        std::iter::once(PREDICTION.to_owned())
            .chain(probabilities.map(|label| format!("{PROBABILITY_PREFIX}{label}")))
            .collect()
    }

    /// Refuses a table that has one of those columns already; `name` is the table's in messages.
    pub(crate) fn check_answer_columns<'a>(
        &self,
        name: &str,
        columns: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), StageError> {
        let there: HashSet<&str> = columns.into_iter().collect();
        match self
            .answer_columns()
            .iter()
            .find(|column| there.contains(column.as_str()))
        {
            None => Ok(()),
            Some(taken) => Err(StageError::data(format!(
                "{}:1: there is a column `{}` already, which the model would add",
                FileName::new(name),
                Word::new(taken)
            ))
            .hint("rename the column, or leave it out")),
        }
    }
}
