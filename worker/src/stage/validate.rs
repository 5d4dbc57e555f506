//! `validate`: a dataset is checked.

use crate::StageError;
use crate::stage::{StageContext, StageOutput};
use trainyard_contract::StageDocument;
use trainyard_contract::stage::ValidateSpec;

/// Does what `spec` says.
pub fn run(
    _document: &StageDocument,
    _spec: &ValidateSpec,
    _context: &StageContext,
) -> Result<StageOutput, StageError> {
    Err(StageError::internal("`validate` is not built yet"))
}
