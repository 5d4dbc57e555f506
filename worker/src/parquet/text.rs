//! A value as the text that it would be in a CSV file that pandas writes.

use super::column::UnknownType;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use chrono::{DateTime, Timelike};
use std::fmt::Write as _;

const NANOS_PER_SECOND: i128 = 1_000_000_000;
const SECONDS_PER_DAY: i128 = 86_400;

/// Writes the text of the values of one array.
pub(super) type Writer<'a> = Box<dyn Fn(usize, &mut String) + 'a>;

/// What writes the values of `array`; none of them may be missing.
pub(super) fn writer(array: &ArrayRef) -> Result<Writer<'_>, UnknownType> {
    macro_rules! displayed {
        ($type:ty) => {{
            let values = array.as_primitive::<$type>();
            Box::new(move |row, text: &mut String| {
                // Writing to a string cannot fail.
                let _ = write!(text, "{}", values.value(row));
            })
        }};
    }
    macro_rules! float {
        ($type:ty) => {{
            let values = array.as_primitive::<$type>();
            Box::new(move |row, text: &mut String| {
                let _ = write!(text, "{:?}", values.value(row));
            })
        }};
    }
    macro_rules! decimal {
        ($type:ty) => {{
            let values = array.as_primitive::<$type>();
            Box::new(move |row, text: &mut String| text.push_str(&values.value_as_string(row)))
        }};
    }
    macro_rules! time {
        ($type:ty, $nanos:expr, $push:expr) => {{
            let values = array.as_primitive::<$type>();
            Box::new(move |row, text: &mut String| $push(text, i128::from(values.value(row)) * $nanos))
        }};
    }
    Ok(match array.data_type() {
        DataType::Boolean => {
            let values = array.as_boolean();
            Box::new(move |row, text: &mut String| text.push_str(if values.value(row) { "True" } else { "False" }))
        }
        DataType::Utf8 => {
            let values = array.as_string::<i32>();
            Box::new(move |row, text: &mut String| text.push_str(values.value(row)))
        }
        DataType::LargeUtf8 => {
            let values = array.as_string::<i64>();
            Box::new(move |row, text: &mut String| text.push_str(values.value(row)))
        }
        DataType::Utf8View => {
            let values = array.as_string_view();
            Box::new(move |row, text: &mut String| text.push_str(values.value(row)))
        }
        DataType::Int8 => displayed!(Int8Type),
        DataType::Int16 => displayed!(Int16Type),
        DataType::Int32 => displayed!(Int32Type),
        DataType::Int64 => displayed!(Int64Type),
        DataType::UInt8 => displayed!(UInt8Type),
        DataType::UInt16 => displayed!(UInt16Type),
        DataType::UInt32 => displayed!(UInt32Type),
        DataType::UInt64 => displayed!(UInt64Type),
        DataType::Float16 => float!(Float16Type),
        DataType::Float32 => float!(Float32Type),
        DataType::Float64 => float!(Float64Type),
        DataType::Decimal32(..) => decimal!(Decimal32Type),
        DataType::Decimal64(..) => decimal!(Decimal64Type),
        DataType::Decimal128(..) => decimal!(Decimal128Type),
        DataType::Decimal256(..) => decimal!(Decimal256Type),
        DataType::Date32 => time!(Date32Type, SECONDS_PER_DAY * NANOS_PER_SECOND, push_date),
        DataType::Date64 => time!(Date64Type, 1_000_000, push_date),
        DataType::Time32(TimeUnit::Second) => time!(Time32SecondType, NANOS_PER_SECOND, push_time),
        DataType::Time32(_) => time!(Time32MillisecondType, 1_000_000, push_time),
        DataType::Time64(TimeUnit::Nanosecond) => time!(Time64NanosecondType, 1, push_time),
        DataType::Time64(_) => time!(Time64MicrosecondType, 1_000, push_time),
        DataType::Timestamp(unit, zone) => {
            let push = if zone.is_some() { push_instant } else { push_timestamp };
            match unit {
                TimeUnit::Second => time!(TimestampSecondType, NANOS_PER_SECOND, push),
                TimeUnit::Millisecond => time!(TimestampMillisecondType, 1_000_000, push),
                TimeUnit::Microsecond => time!(TimestampMicrosecondType, 1_000, push),
                TimeUnit::Nanosecond => time!(TimestampNanosecondType, 1, push),
            }
        }
        other => return Err(UnknownType(other.clone())),
    })
}

/// `2026-11-24`.
fn push_date(text: &mut String, nanos: i128) {
    push_calendar(text, nanos, |text, at| {
        let _ = write!(text, "{}", at.format("%Y-%m-%d"));
    });
}

/// `2026-11-24 05:30:00`, with a fraction of a second where there is one.
fn push_timestamp(text: &mut String, nanos: i128) {
    push_calendar(text, nanos, |text, at| {
        let _ = write!(text, "{}", at.format("%Y-%m-%d %H:%M:%S"));
        push_fraction(text, at.nanosecond());
    });
}

/// The same in UTC, which is what Parquet holds of a time zone.
fn push_instant(text: &mut String, nanos: i128) {
    push_timestamp(text, nanos);
    text.push_str("+00:00");
}

/// `05:30:00`.
fn push_time(text: &mut String, nanos: i128) {
    push_calendar(text, nanos, |text, at| {
        let _ = write!(text, "{}", at.format("%H:%M:%S"));
        push_fraction(text, at.nanosecond());
    });
}

/// A time that no calendar has stays the number of its nanoseconds.
fn push_calendar(text: &mut String, nanos: i128, push: impl Fn(&mut String, DateTime<chrono::Utc>)) {
    let seconds = i64::try_from(nanos.div_euclid(NANOS_PER_SECOND));
    let fraction = u32::try_from(nanos.rem_euclid(NANOS_PER_SECOND)).unwrap_or(0);
    match seconds
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, fraction))
    {
        Some(at) => push(text, at),
        None => {
            let _ = write!(text, "{nanos}");
        }
    }
}

/// Six digits, or nine where six are not enough, as pandas has it.
fn push_fraction(text: &mut String, nanos: u32) {
    let _ = match nanos {
        0 => return,
        nanos if nanos % 1_000 == 0 => write!(text, ".{:06}", nanos / 1_000),
        nanos => write!(text, ".{nanos:09}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_table() {
        type Push = fn(&mut String, i128);
        for (push, nanos, wanted) in [
            (push_date as Push, 0, "1970-01-01"),
            (push_date, -SECONDS_PER_DAY * NANOS_PER_SECOND, "1969-12-31"),
            (push_timestamp, 1_500_000_000, "1970-01-01 00:00:01.500000"),
            (push_timestamp, 1, "1970-01-01 00:00:00.000000001"),
            (push_timestamp, -1, "1969-12-31 23:59:59.999999999"),
            (
                push_instant,
                1_764_200_000 * NANOS_PER_SECOND,
                "2025-11-26 23:33:20+00:00",
            ),
            (push_time, 19_800 * NANOS_PER_SECOND, "05:30:00"),
            (push_date, i128::from(i64::MAX) * 1_000_000, "9223372036854775807000000"),
        ] {
            let mut text = String::new();
            push(&mut text, nanos);
            assert_eq!(text, wanted, "{nanos}");
        }
    }
}
