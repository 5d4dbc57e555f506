//! A column of numbers as float64, whatever number type it has.

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

/// Whether a column of this type holds numbers.
pub fn is_number(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::Float64
    )
}

/// Puts the values of `array` into `values`, whose contents are replaced. A missing value becomes 0: ask
/// `array.null_count()` first. `false`, and nothing in `values`, for a column that holds no numbers.
#[must_use]
pub fn read_numbers(array: &ArrayRef, values: &mut Vec<f64>) -> bool {
    values.clear();
    match array.data_type() {
        DataType::Int8 => extend::<Int8Type>(array, values, f64::from),
        DataType::Int16 => extend::<Int16Type>(array, values, f64::from),
        DataType::Int32 => extend::<Int32Type>(array, values, f64::from),
        DataType::Int64 => extend::<Int64Type>(array, values, |value| value as f64),
        DataType::Float64 => values.extend_from_slice(array.as_primitive::<Float64Type>().values()),
        _ => return false,
    }
    true
}

fn extend<T: ArrowPrimitiveType>(array: &ArrayRef, values: &mut Vec<f64>, convert: impl Fn(T::Native) -> f64) {
    let array = array.as_primitive::<T>();
    values.extend(array.values().iter().map(|&value| convert(value)));
}
