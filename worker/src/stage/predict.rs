//! `predict`: a model's predictions are added to a dataset.

use crate::StageError;
use crate::stage::{StageContext, StageOutput};
use trainyard_contract::StageDocument;
use trainyard_contract::stage::PredictSpec;

/// Does what `spec` says.
pub fn run(_document: &StageDocument, _spec: &PredictSpec, _context: &StageContext) -> Result<StageOutput, StageError> {
    Err(StageError::internal("`predict` is not built yet"))
}
