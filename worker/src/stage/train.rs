//! `train`: a model is fitted on a dataset and saved as a model version.

use crate::StageError;
use crate::stage::{StageContext, StageOutput};
use trainyard_contract::StageDocument;
use trainyard_contract::stage::TrainSpec;

/// Does what `spec` says.
pub fn run(_document: &StageDocument, _spec: &TrainSpec, _context: &StageContext) -> Result<StageOutput, StageError> {
    Err(StageError::internal("`train` is not built yet"))
}
