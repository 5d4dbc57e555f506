//! The values of an Arrow array, added to a column of a block.
//!
//! In: an array as the library decodes it. Out: whole numbers, floats or text, missing values noted as faults. Where the
//! table needs another form than the array has (numbers out of texts, texts since another file holds some), the value goes
//! through its text, as if it stood in a CSV file.

use super::survey::{Natural, natural};
use super::text;
use crate::csv::NullWords;
use crate::csv::table::{Column, ColumnKind, Place, ReadAs};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use trainyard_contract::dataset::CellFaultKind;

/// A type that passed [`is_known`] and is none of what is read: a mistake here.
#[derive(Debug, thiserror::Error)]
#[error("a column of type {0} cannot be read")]
pub(super) struct UnknownType(pub(super) DataType);

/// Whether a dataset can hold values of this type; if not, what they are.
pub(super) fn is_known(data_type: &DataType) -> Result<(), &'static str> {
    match data_type {
        DataType::Null
        | DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Timestamp(..)
        | DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => Ok(()),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            Err("holds bytes, not text: only numbers, texts, booleans, dates and times are read")
        }
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::FixedSizeList(..) => Err("holds lists: only numbers, texts, booleans, dates and times are read"),
        DataType::Struct(_) | DataType::Union(..) => {
            Err("holds structs: only numbers, texts, booleans, dates and times are read")
        }
        DataType::Map(..) => Err("holds maps: only numbers, texts, booleans, dates and times are read"),
        DataType::Duration(_) | DataType::Interval(_) => {
            Err("holds spans of time: only numbers, texts, booleans, dates and times are read")
        }
        DataType::Dictionary(..) | DataType::RunEndEncoded(..) => {
            Err("is encoded in a way that is not read: only numbers, texts, booleans, dates and times are")
        }
    }
}

/// Reads `array` into `column`, which must be empty; its rows are the block's.
pub(super) fn fill(
    column: &mut Column,
    kind: ColumnKind,
    read_as: ReadAs,
    array: &ArrayRef,
) -> Result<(), UnknownType> {
    column.begin(read_as);
    match (read_as, natural(array.data_type())) {
        (_, Natural::Nothing) => {
            for row in 0..array.len() {
                column.push_fault(CellFaultKind::Null, b"", at(row));
            }
        }
        (ReadAs::Whole | ReadAs::Float, Natural::Whole { .. }) => fill_whole(column, array)?,
        (ReadAs::Whole | ReadAs::Float, Natural::Float) => fill_float(column, array)?,
        (ReadAs::Text, Natural::Text) if kind != ColumnKind::Needed => fill_text(column, array)?,
        (ReadAs::Text, _) => fill_through_text(column, array, |column, cell, _| column.push_text(cell))?,
        (ReadAs::Whole | ReadAs::Float, Natural::Text) => {
            let null_words = NullWords::default();
            fill_through_text(column, array, |column, cell, place| {
                column.push(cell, place, &null_words);
            })?;
        }
    }
    Ok(())
}

fn fill_whole(column: &mut Column, array: &ArrayRef) -> Result<(), UnknownType> {
    match array.data_type() {
        DataType::Int8 => whole::<Int8Type>(column, array),
        DataType::Int16 => whole::<Int16Type>(column, array),
        DataType::Int32 => whole::<Int32Type>(column, array),
        DataType::Int64 => whole::<Int64Type>(column, array),
        DataType::UInt8 => whole::<UInt8Type>(column, array),
        DataType::UInt16 => whole::<UInt16Type>(column, array),
        DataType::UInt32 => whole::<UInt32Type>(column, array),
        DataType::UInt64 => each::<UInt64Type>(column, array, |column, value, _| match i64::try_from(value) {
            Ok(value) => column.push_whole(value),
            // As a cell of a CSV file, which no `i64` holds either.
            Err(_) => column.push_finite(value as f64),
        }),
        other => return Err(UnknownType(other.clone())),
    }
    Ok(())
}

fn whole<T: ArrowPrimitiveType>(column: &mut Column, array: &ArrayRef)
where
    i64: From<T::Native>,
{
    if array.null_count() == 0 {
        let values = array.as_primitive::<T>().values();
        column.extend_whole(values.iter().map(|&value| i64::from(value)));
    } else {
        each::<T>(column, array, |column, value, _| column.push_whole(i64::from(value)));
    }
}

fn fill_float(column: &mut Column, array: &ArrayRef) -> Result<(), UnknownType> {
    column.turn_to_floats();
    match array.data_type() {
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().values();
            if array.null_count() == 0 && values.iter().all(|value| value.is_finite()) {
                column.extend_floats(values);
            } else {
                each::<Float64Type>(column, array, push_float);
            }
        }
        DataType::Float32 => each::<Float32Type>(column, array, |column, value, place| {
            push_float(column, f64::from(value), place);
        }),
        DataType::Float16 => each::<Float16Type>(column, array, |column, value, place| {
            push_float(column, value.to_f64(), place);
        }),
        // The nearest to what its digits say, as in CSV.
        _ => fill_through_text(column, array, |column, cell, place| {
            let number = std::str::from_utf8(cell).ok().and_then(|cell| cell.parse().ok());
            push_float(column, number.unwrap_or(f64::NAN), place);
        })?,
    }
    Ok(())
}

/// A number that is none stands for a missing one, as in pandas.
fn push_float(column: &mut Column, value: f64, place: Place) {
    if value.is_finite() {
        column.push_finite(value);
    } else if value.is_nan() {
        column.push_fault(CellFaultKind::Null, b"NaN", place);
    } else {
        let cell: &[u8] = if value > 0.0 { b"inf" } else { b"-inf" };
        column.push_fault(CellFaultKind::NotFinite, cell, place);
    }
}

fn each<T: ArrowPrimitiveType>(column: &mut Column, array: &ArrayRef, push: impl Fn(&mut Column, T::Native, Place)) {
    let values = array.as_primitive::<T>();
    for (row, value) in values.iter().enumerate() {
        match value {
            Some(value) => push(column, value, at(row)),
            None => column.push_fault(CellFaultKind::Null, b"", at(row)),
        }
    }
}

fn fill_text(column: &mut Column, array: &ArrayRef) -> Result<(), UnknownType> {
    if *array.data_type() != DataType::Utf8 {
        return fill_through_text(column, array, |column, cell, _| column.push_text(cell));
    }
    for (row, value) in array.as_string::<i32>().iter().enumerate() {
        match value {
            Some(value) => column.push_text(value.as_bytes()),
            None => column.push_fault(CellFaultKind::Null, b"", at(row)),
        }
    }
    Ok(())
}

fn fill_through_text(
    column: &mut Column,
    array: &ArrayRef,
    push: impl Fn(&mut Column, &[u8], Place),
) -> Result<(), UnknownType> {
    let write = text::writer(array)?;
    let mut cell = String::new();
    for row in 0..array.len() {
        if array.is_null(row) {
            column.push_fault(CellFaultKind::Null, b"", at(row));
        } else {
            cell.clear();
            write(row, &mut cell);
            push(column, cell.as_bytes(), at(row));
        }
    }
    Ok(())
}

/// A row of the block. Parquet has no lines.
fn at(row: usize) -> Place {
    Place {
        line: None,
        // A block is far smaller.
        row: u32::try_from(row).unwrap_or(u32::MAX),
    }
}
