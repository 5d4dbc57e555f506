//! What a worker gives back: one JSON result an attempt, as termination message and as `result.json`.

use crate::names::MODEL_VERSION_NAME_MAX;
use crate::{FailureClass, ModelVersionName};
use camino::Utf8PathBuf;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The kubelet keeps the last 4,096 bytes of a termination message, which would cut longer JSON in the middle.
pub const RESULT_BYTES_MAX: usize = 3_072;
/// The longest message, in bytes: it must fit a status and one line of `kubectl get`.
pub const MESSAGE_BYTES_MAX: usize = 256;

/// The length of a sha-256 in hexadecimal digits.
pub const SHA256_HEX_LENGTH: usize = 64;
/// The longest path of a folder of a model version, relative to the workspace: two folders, a pipeline's name and a version's.
pub const MODEL_PATH_MAX: usize = 253;

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageResult {
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed; set exactly when the outcome is `Failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<FailureClass>,
    /// What happened and where, in a line; empty on success.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What to do about a failure; empty where nobody knows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
    /// The attempt whose folder holds the files: this one, or an earlier one that it recovered. 0 where nothing was committed.
    #[serde(default)]
    pub attempt: u32,
    /// Rows of the dataset that was read or written, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Small scalars for later stages and for people, as `$(stages.NAME.outputs.KEY)`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, serde_json::Value>,
    /// The committed files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    /// The model version that was really made (a taken name gets `_2`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_version: Option<MadeModelVersion>,
}

/// The ways an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// Done and committed.
    Succeeded,
    /// Failed; `class` says why.
    Failed,
    /// An input is not what its digest says.
    InputChanged,
    /// Stopped by SIGTERM.
    Stopped,
}

/// A file that an attempt committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Relative to the attempt's folder.
    pub path: Utf8PathBuf,
    /// Hexadecimal sha-256.
    pub sha256: String,
    /// Size.
    pub bytes: u64,
}

/// A model version that an attempt made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MadeModelVersion {
    /// Its name and that of its folder, `model_YYYYMMDD_HHMMSS`.
    #[schemars(length(max = MODEL_VERSION_NAME_MAX))]
    pub version: ModelVersionName,
    /// Its folder, relative to the workspace.
    #[schemars(with = "String", length(max = MODEL_PATH_MAX))]
    pub path: Utf8PathBuf,
    /// Hexadecimal sha-256 of its `manifest.json`, which holds the digests of all other files.
    #[schemars(length(max = SHA256_HEX_LENGTH))]
    pub sha256: String,
}

impl StageResult {
    /// A result that says nothing but how it ended.
    pub fn ended(outcome: Outcome) -> Self {
        Self {
            outcome,
            class: None,
            message: String::new(),
            hint: String::new(),
            attempt: 0,
            rows: None,
            outputs: BTreeMap::new(),
            artifacts: Vec::new(),
            model_version: None,
        }
    }

    /// A failure. `message` and `hint` are cut to [`MESSAGE_BYTES_MAX`] bytes each.
    pub fn failed(class: FailureClass, message: &str, hint: &str) -> Self {
        Self {
            class: Some(class),
            message: cut(message, MESSAGE_BYTES_MAX),
            hint: cut(hint, MESSAGE_BYTES_MAX),
            ..Self::ended(Outcome::Failed)
        }
    }

    /// The result as JSON of at most [`RESULT_BYTES_MAX`] bytes: outputs, then artifacts, are left out from the end until it fits.
    ///
    /// # Panics
    /// Never: a result has only text keys, so that it always has a JSON form.
    pub fn to_bounded_json(&self) -> String {
        let mut bounded = self.clone();
        loop {
            let text = serde_json::to_string(&bounded).expect("a result has only string keys");
            if text.len() <= RESULT_BYTES_MAX {
                return text;
            }
            if bounded.outputs.pop_last().is_none() && bounded.artifacts.pop().is_none() {
                // Only escapes can make the two texts longer than their bounds.
                let half = |s: &str| cut(s, s.len() / 2);
                bounded.message = half(&bounded.message);
                bounded.hint = half(&bounded.hint);
            }
        }
    }
}

/// `text`, cut at a character's border to at most `max` bytes, the last of them `…` where something was cut. Control characters but for
/// tabs and ends of lines become escapes (`\u{0}`): messages are shown on terminals.
pub fn cut(text: &str, max: usize) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() && !['\n', '\t'].contains(&letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    let text = shown.as_str();
    if text.len() <= max {
        return shown;
    }
    let mark = '…';
    let mut end = max.saturating_sub(mark.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end == 0 {
        String::new()
    } else {
        format!("{}{mark}", &text[..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_keeps_whole_characters() {
        for (text, max, wanted) in [
            ("abc", 3, "abc"),
            ("abcd", 3, ""),
            ("abcde", 4, "a…"),
            ("a\0b\n\u{1b}[1m", 99, "a\\u{0}b\n\\u{1b}[1m"),
            ("äöü", 5, "ä…"),
            ("äöü", 6, "äöü"),
        ] {
            assert_eq!(cut(text, max), wanted, "{text} {max}");
        }
    }

    #[test]
    fn a_result_of_any_size_fits_a_termination_message_and_reads_back() {
        let mut result = StageResult::failed(FailureClass::Data, &"\u{1}".repeat(5_000), &"\"".repeat(5_000));
        for i in 0..60 {
            result
                .outputs
                .insert(format!("output-{i}"), serde_json::json!("x".repeat(100)));
            result.artifacts.push(Artifact {
                path: format!("file-{i}").into(),
                sha256: "0".repeat(64),
                bytes: u64::MAX,
            });
        }
        let text = result.to_bounded_json();
        assert!(text.len() <= RESULT_BYTES_MAX, "{}", text.len());
        let read: StageResult = serde_json::from_str(&text).expect("whole JSON");
        assert_eq!(read.class, Some(FailureClass::Data));
    }
}
