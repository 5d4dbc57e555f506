//! The columns that a version takes and gives, as the JSON that stands in `MLmodel`.

use super::FrameType;
use crate::model::{Classes, ModelFile};
use std::collections::HashSet;
use std::fmt::Write as _;

/// `mlflow.types.ColSpec`; the order of its fields is MLflow's.
struct Column<'a> {
    kind: FrameType,
    name: Option<&'a str>,
    required: bool,
}

/// The features. Not required is, as in MLflow's own signatures, a column whose cells may be missing.
pub(super) fn inputs(model: &ModelFile, types: &[FrameType]) -> String {
    let imputed: HashSet<&str> = model.preprocess.imputed_features().collect();
    let columns = model.features.iter().zip(types).map(|(name, &kind)| Column {
        kind,
        name: Some(name),
        required: !imputed.contains(name.as_str()),
    });
    json(&columns.collect::<Vec<_>>())
}

/// Labels alone, without a name, as scikit-learn gives them; or the columns that `predict` adds.
pub(super) fn outputs(model: &ModelFile, labels_alone: bool) -> String {
    let labels = match model.classes {
        Classes::Whole(_) => FrameType::Long,
        Classes::Text(_) => FrameType::Text,
    };
    let names = model.answer_columns();
    let types = std::iter::once(labels).chain(std::iter::repeat(FrameType::Double));
    let columns = names.iter().zip(types).map(|(name, kind)| Column {
        kind,
        name: (!labels_alone).then_some(name.as_str()),
        required: true,
    });
    let count = if labels_alone { 1 } else { names.len() };
    json(&columns.take(count).collect::<Vec<_>>())
}

/// Spaced as Python's, and in ASCII: a YAML reader refuses some characters that JSON has as they are.
fn json(columns: &[Column<'_>]) -> String {
    let objects: Vec<String> = columns
        .iter()
        .map(|column| {
            let name = column.name.map(|name| format!("\"name\": {}, ", in_ascii(name)));
            let kind = column.kind.name();
            format!(
                "{{\"type\": \"{kind}\", {}\"required\": {}}}",
                name.unwrap_or_default(),
                column.required
            )
        })
        .collect();
    format!("[{}]", objects.join(", "))
}

fn in_ascii(text: &str) -> String {
    let mut ascii = String::new();
    for unit in serde_json::Value::from(text).to_string().encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte @ b' '..=b'~') => ascii.push(char::from(byte)),
            _ => {
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}
