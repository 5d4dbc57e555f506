//! The true class of each row of a labelled dataset, in the model's numbers.
//!
//! A dataset may store its labels otherwise than the one that the model was trained on: as texts, where it has a label that is
//! no number, or as numbers, where all of a model's texts look like numbers. They are compared as people write them.

use crate::model::Classes;
use crate::stage::train::classes::Lookup;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

/// Finds the classes of rows.
pub(super) struct Truth<'a> {
    classes: &'a Classes,
    lookup: Lookup,
}

/// A label that is no class of the model, at this row of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnknownLabel {
    pub(super) row: usize,
    pub(super) label: String,
}

impl<'a> Truth<'a> {
    pub(super) fn new(classes: &'a Classes) -> Self {
        Self {
            classes,
            lookup: Lookup::new(classes),
        }
    }

    /// Puts the classes of a block's labels, none of them missing, into `into`, whose contents are replaced.
    pub(super) fn read(&self, labels: &ArrayRef, into: &mut Vec<u32>) -> Result<(), UnknownLabel> {
        into.clear();
        let stored_alike = matches!(self.classes, Classes::Text(_)) == (*labels.data_type() == DataType::Utf8);
        if stored_alike && self.lookup.classes(labels, into) {
            return Ok(());
        }
        let known = into.len();
        for row in known..labels.len() {
            let label = as_written(labels, row);
            let class = self
                .classes
                .position(&label)
                .and_then(|class| u32::try_from(class).ok());
            into.push(class.ok_or(UnknownLabel { row, label })?);
        }
        Ok(())
    }
}

/// A cell as people write it; empty where it is missing.
fn as_written(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return String::new();
    }
    match column.data_type() {
        DataType::Int8 => column.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).to_string(),
        _ => column.as_string::<i32>().value(row).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Float64Array, Int8Array, StringArray};
    use std::sync::Arc;

    #[test]
    fn labels_table() {
        let whole = Classes::Whole(vec![-3, 0, 7]);
        let text = Classes::Text(vec!["1".into(), "2".into(), "no".into()]);
        let int8 = |values: &[i8]| Arc::new(Int8Array::from(values.to_vec())) as ArrayRef;
        let float = |values: &[f64]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
        let texts = |values: &[&str]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
        let unknown = |row, label: &str| {
            Err(UnknownLabel {
                row,
                label: label.to_owned(),
            })
        };
        for (name, classes, labels, want) in [
            ("numbers", &whole, int8(&[7, -3, 0]), Ok(vec![2, 0, 1])),
            ("numbers as floats", &whole, float(&[7.0, -0.0]), Ok(vec![2, 1])),
            ("numbers as texts", &whole, texts(&["7", "0.0"]), Ok(vec![2, 1])),
            ("texts", &text, texts(&["no", "1"]), Ok(vec![2, 0])),
            ("texts as numbers", &text, int8(&[2, 1]), Ok(vec![1, 0])),
            ("an unknown number", &whole, int8(&[0, 5]), unknown(1, "5")),
            ("half a number", &whole, float(&[0.5]), unknown(0, "0.5")),
            (
                "a word among numbers",
                &whole,
                texts(&["7", "maybe"]),
                unknown(1, "maybe"),
            ),
            ("an unknown text", &text, texts(&["no", "1", "yes"]), unknown(2, "yes")),
        ] {
            let mut found = vec![9];
            assert_eq!(
                Truth::new(classes).read(&labels, &mut found).map(|()| found),
                want,
                "{name}"
            );
        }
    }
}
