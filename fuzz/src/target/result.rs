//! A worker's result, as a host reads it from a process that may have been killed in the middle of a line.

use trainyard_contract::StageResult;
use trainyard_contract::result::RESULT_BYTES_MAX;

/// What can be read can be written again within the bound, and reads back; where nothing had to be cut, to the same.
pub(super) fn feed(bytes: &[u8]) {
    let Ok(result) = serde_json::from_slice::<StageResult>(bytes) else {
        return;
    };
    let text = result.to_bounded_json();
    assert!(text.len() <= RESULT_BYTES_MAX, "{} bytes", text.len());
    let again: StageResult = serde_json::from_str(&text).expect("our own text");
    if serde_json::to_string(&result).is_ok_and(|whole| whole.len() <= RESULT_BYTES_MAX) {
        assert_eq!(again, result);
    }
}
