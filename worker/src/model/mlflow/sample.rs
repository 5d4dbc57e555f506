//! How a table looks that a model predicts: the types of its columns, and its first rows.

use crate::model::ModelFile;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use serde_json::{Value, json};

/// Enough to see what a column holds. They are rows of the training data, and stand in the version as they are.
pub const SAMPLE_ROWS_MAX: usize = 5;

pub(super) const EXAMPLE_FILE: &str = "input_example.json";
pub(super) const SERVING_FILE: &str = "serving_input_example.json";

/// How pandas holds a column that it reads from a CSV, by MLflow's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameType {
    /// Whole numbers, none missing: `int64`.
    Long,
    /// Other numbers, and whole ones of which some are missing: `float64`.
    Double,
    /// Text.
    Text,
}

impl FrameType {
    /// That of a column of a dataset.
    pub fn of(data_type: &DataType, some_are_missing: bool) -> Self {
        match data_type {
            DataType::Utf8 => Self::Text,
            DataType::Float64 => Self::Double,
            _ if some_are_missing => Self::Double,
            _ => Self::Long,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Double => "double",
            Self::Text => "string",
        }
    }
}

/// The features of the table that a model was trained on.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSample {
    /// A type a feature.
    pub types: Vec<FrameType>,
    /// The first rows of training, at most [`SAMPLE_ROWS_MAX`]; a cell a feature.
    rows: Vec<Vec<Value>>,
}

impl TableSample {
    /// A table without rows.
    pub fn new(types: Vec<FrameType>) -> Self {
        Self {
            types,
            rows: Vec::new(),
        }
    }

    /// Whether there are as many rows as a sample has.
    pub fn is_full(&self) -> bool {
        self.rows.len() >= SAMPLE_ROWS_MAX
    }

    /// Takes rows of the features, as many as have room.
    pub fn take(&mut self, features: &[ArrayRef]) {
        let there = features.first().map_or(0, Array::len);
        for row in 0..there.min(SAMPLE_ROWS_MAX - self.rows.len()) {
            let cells = features.iter().zip(&self.types);
            let cells = cells.map(|(feature, &kind)| cell(feature, kind, row)).collect();
            self.rows.push(cells);
        }
    }

    /// The rows as `DataFrame.to_dict(orient="split")` has them.
    pub(super) fn example(&self, model: &ModelFile) -> String {
        self.split(model).to_string()
    }

    /// The same as a server of MLflow takes them.
    pub(super) fn serving_example(&self, model: &ModelFile) -> String {
        json!({ "dataframe_split": self.split(model) }).to_string()
    }

    fn split(&self, model: &ModelFile) -> Value {
        json!({ "columns": model.features, "data": self.rows })
    }
}

fn cell(feature: &ArrayRef, kind: FrameType, row: usize) -> Value {
    if feature.is_null(row) {
        return Value::Null;
    }
    let whole = match feature.data_type() {
        DataType::Utf8 => return feature.as_string::<i32>().value(row).into(),
        DataType::Int8 => i64::from(feature.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => i64::from(feature.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => i64::from(feature.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => feature.as_primitive::<Int64Type>().value(row),
        _ => return feature.as_primitive::<Float64Type>().value(row).into(),
    };
    match kind {
        FrameType::Double => (whole as f64).into(),
        FrameType::Long | FrameType::Text => whole.into(),
    }
}
