//! Finding a result that was committed but never reached the host.
//!
//! The newest earlier attempt with a success wins. A failure is reported again only of the very last attempt: of the ones
//! before it the host has known, since it tried again.

use super::commit::{committed, place};
use crate::StageError;
use std::fs;
use trainyard_contract::result::Outcome;
use trainyard_contract::{StageDocument, StageResult};

pub(super) fn from_earlier_attempts(document: &StageDocument) -> Result<Option<StageResult>, StageError> {
    let mut earlier = document.earlier_attempts.clone();
    earlier.sort_unstable();
    for (age, &attempt) in earlier.iter().rev().enumerate() {
        if let Some(result) = committed(document, attempt)? {
            let worth = match result.outcome {
                Outcome::Succeeded => is_whole(document, &result),
                Outcome::Failed => age == 0,
                Outcome::InputChanged | Outcome::Stopped => false,
            };
            if worth {
                return Ok(Some(result));
            }
        }
    }
    Ok(None)
}

/// Whether the files are still there at their sizes; datasets are not synced, so a power cut may have taken one. What a
/// file holds is checked by whoever reads it.
fn is_whole(document: &StageDocument, result: &StageResult) -> bool {
    let folder = place(document, result.attempt);
    result.artifacts.iter().all(|artifact| {
        fs::metadata(folder.join(&artifact.path)).is_ok_and(|file| file.is_file() && file.len() == artifact.bytes)
    })
}
