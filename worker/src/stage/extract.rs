//! `extract`: a file from outside becomes a dataset.

use crate::StageError;
use crate::stage::{StageContext, StageOutput};
use trainyard_contract::StageDocument;
use trainyard_contract::stage::ExtractSpec;

/// Does what `spec` says.
pub fn run(_document: &StageDocument, _spec: &ExtractSpec, _context: &StageContext) -> Result<StageOutput, StageError> {
    Err(StageError::internal("`extract` is not built yet"))
}
