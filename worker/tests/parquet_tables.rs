//! Parquet files as tables: which types become what, and that the data give the same table as CSV.
#![allow(clippy::unwrap_used, reason = "what a test needs must be there")]

#[path = "vocabulary/stages.rs"]
mod stages;

use arrow_array::builder::{Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::types::{Float16Type, Int32Type, TimestampMicrosecondType, TimestampNanosecondType, UInt64Type};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array,
    Int8Array, Int32Array, Int64Array, LargeStringArray, NullArray, PrimitiveArray, RecordBatch, StringArray,
    StringViewArray, StructArray, Time64MicrosecondArray, TimestampMillisecondArray, UInt8Array, UInt64Array,
};
use arrow_schema::{DataType, Field};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::json;
use stages::Workspace;
use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use trainyard_contract::FailureClass;

type Columns = Vec<(&'static str, ArrayRef)>;

/// The bytes of a Parquet file of these columns.
fn parquet(columns: Columns) -> Vec<u8> {
    parquet_with(columns, WriterProperties::builder().build())
}

fn parquet_with(columns: Columns, properties: WriterProperties) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)));
    let batch = batch.unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn whole(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

/// A workspace with the file `t.parquet`.
fn workspace(bytes: &[u8]) -> Workspace {
    let workspace = Workspace::new();
    fs::write(workspace.path().join("t.parquet"), bytes).unwrap();
    workspace
}

/// `extract` refuses these bytes with this message.
fn refuses(bytes: &[u8], class: FailureClass, message: &str) {
    let error = workspace(bytes).extract_parquet("t.parquet", &[]).unwrap_err();
    assert_eq!((error.message(), error.class()), (message, Some(class)));
    assert!(!error.hint_text().is_empty(), "{message}");
}

#[test]
fn types_table() {
    let keys = Int32Array::from(vec![1, 0]);
    let dictionary = DictionaryArray::<Int32Type>::new(keys, texts(&["b", "a"]));
    let instants = PrimitiveArray::<TimestampMicrosecondType>::from(vec![0, 1_764_200_000_500_000]);
    let half = |value: f32| <Float16Type as arrow_array::types::ArrowPrimitiveType>::Native::from_f32(value);
    for (array, data_type, cells) in [
        (whole(&[1, -128]), "Int8", ["1", "-128"]),
        (whole(&[1, 128]), "Int16", ["1", "128"]),
        (whole(&[1, -32_769]), "Int32", ["1", "-32769"]),
        (whole(&[1, i64::MIN]), "Int64", ["1", "-9223372036854775808"]),
        (Arc::new(Int32Array::from(vec![Some(1), None])), "Int8", ["1", "null"]),
        (
            Arc::new(Int8Array::from(vec![None::<i8>, None])),
            "Float64",
            ["null", "null"],
        ),
        (Arc::new(NullArray::new(2)), "Float64", ["null", "null"]),
        (Arc::new(UInt8Array::from(vec![1, 255])), "Int16", ["1", "255"]),
        (Arc::new(UInt64Array::from(vec![1, 2])), "Int8", ["1", "2"]),
        (
            Arc::new(UInt64Array::from(vec![1, u64::MAX])),
            "Float64",
            ["1.0", "1.8446744073709552e19"],
        ),
        (
            Arc::new(Float64Array::from(vec![1.0, f64::NAN])),
            "Float64",
            ["1.0", "null"],
        ),
        (
            Arc::new(Float64Array::from(vec![-0.1, f64::NEG_INFINITY])),
            "Float64",
            ["-0.1", "null"],
        ),
        (
            Arc::new(Float32Array::from(vec![0.5, 0.1])),
            "Float64",
            ["0.5", "0.10000000149011612"],
        ),
        (
            Arc::new(PrimitiveArray::<Float16Type>::from(vec![half(0.5), half(2.0)])),
            "Float64",
            ["0.5", "2.0"],
        ),
        (
            Arc::new(
                Decimal128Array::from(vec![12_345, -5])
                    .with_precision_and_scale(20, 2)
                    .unwrap(),
            ),
            "Float64",
            ["123.45", "-0.05"],
        ),
        (
            Arc::new(BooleanArray::from(vec![true, false])),
            "Utf8",
            ["True", "False"],
        ),
        (texts(&["NA", ""]), "Utf8", ["NA", ""]),
        (Arc::new(LargeStringArray::from(vec!["a", "ü"])), "Utf8", ["a", "ü"]),
        (
            Arc::new(StringViewArray::from(vec![Some("a"), None])),
            "Utf8",
            ["a", "null"],
        ),
        (Arc::new(dictionary), "Utf8", ["a", "b"]),
        (
            Arc::new(Date32Array::from(vec![0, 20_000])),
            "Utf8",
            ["1970-01-01", "2024-10-04"],
        ),
        (
            Arc::new(TimestampMillisecondArray::from(vec![Some(0), None])),
            "Utf8",
            ["1970-01-01 00:00:00", "null"],
        ),
        (
            Arc::new(instants.with_timezone("Europe/Berlin")),
            "Utf8",
            ["1970-01-01 00:00:00+00:00", "2025-11-26 23:33:20.500000+00:00"],
        ),
        (
            Arc::new(Time64MicrosecondArray::from(vec![0, 19_800_000_000])),
            "Utf8",
            ["00:00:00", "05:30:00"],
        ),
    ] as [(ArrayRef, &str, [&str; 2]); 24]
    {
        let name = array.data_type().to_string();
        let workspace = workspace(&parquet(vec![("x", array)]));
        let output = workspace.extract_parquet("t.parquet", &[]);
        let output = output.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(output.rows, Some(2), "{name}");
        assert_eq!(workspace.types("extract"), [format!("x {data_type}")], "{name}");
        assert_eq!(workspace.cells("extract", "x"), cells, "{name}");
    }
}

#[test]
fn columns_that_no_dataset_holds_are_refused_by_name() {
    let mut list = ListBuilder::new(Int32Builder::new());
    list.append(true);
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    map.append(true).unwrap();
    let field = Arc::new(Field::new("inner", DataType::Int64, true));
    let structs = StructArray::from(vec![(field, whole(&[1]))]);
    for (array, what) in [
        (
            Arc::new(BinaryArray::from(vec![b"x".as_slice()])) as ArrayRef,
            "holds bytes, not text",
        ),
        (Arc::new(list.finish()), "holds lists"),
        (Arc::new(map.finish()), "holds maps"),
        (Arc::new(structs), "holds structs"),
    ] {
        let bytes = parquet(vec![("id", whole(&[1])), ("odd", array)]);
        let message =
            format!("t.parquet: column `odd` {what}: only numbers, texts, booleans, dates and times are read");
        refuses(&bytes, FailureClass::Config, &message);
    }
}

#[test]
fn files_that_are_no_table() {
    let good = parquet(vec![("a", whole(&[1, 2, 3]))]);
    for (bytes, message) in [
        (Vec::new(), "t.parquet is empty"),
        (
            b"a,b\n1,2\n".to_vec(),
            "t.parquet is not a Parquet file: it does not begin with PAR1",
        ),
        (
            b"PA".to_vec(),
            "t.parquet is not a Parquet file: it does not begin with PAR1",
        ),
        (
            stages::gzip(&good),
            "t.parquet is compressed with gzip, not a Parquet file",
        ),
        (b"PAR1".to_vec(), "t.parquet is damaged: its end is missing"),
        (b"PAR1PAR1".to_vec(), "t.parquet is damaged: its end is missing"),
        (
            good[..good.len() - 1].to_vec(),
            "t.parquet is damaged: its end is missing",
        ),
        (
            parquet(vec![("a", whole(&[]))]),
            "t.parquet: there are columns, but no row",
        ),
        (parquet(vec![(" ", whole(&[1]))]), "t.parquet: column 1 has no name"),
    ] {
        refuses(&bytes, FailureClass::Data, message);
    }
    let mut encrypted = good.clone();
    encrypted.splice(good.len() - 4.., *b"PARE");
    refuses(
        &encrypted,
        FailureClass::Config,
        "t.parquet cannot be read: it is encrypted",
    );
}

/// A damaged byte gives a table or a fault of the data, never a crash: what no checksum covers cannot be seen.
#[test]
fn any_damaged_byte_is_a_fault_of_the_data() {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let good = parquet_with(
        vec![
            ("a", whole(&(0..200).map(|i| i * i).collect::<Vec<_>>())),
            ("b", texts(&["x", "yy", "zzz", "w"].repeat(50))),
        ],
        properties,
    );
    let workspace = workspace(&good);
    workspace.extract_parquet("t.parquet", &[]).unwrap();
    let mut refused = 0;
    for at in (4..good.len()).step_by(3) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x41;
        fs::write(workspace.path().join("t.parquet"), bytes).unwrap();
        if let Err(error) = workspace.extract_parquet("t.parquet", &[]) {
            refused += 1;
            let class = error.class().unwrap();
            assert!(
                matches!(class, FailureClass::Data | FailureClass::Config) && error.message().starts_with("t.parquet"),
                "byte {at}: {class} {error}"
            );
        }
    }
    assert!(refused > 100, "{refused} of {}", good.len() / 3);
}

#[test]
fn every_usual_compression_is_read() {
    let columns = || -> Columns { vec![("a", whole(&[7; 1_000])), ("b", texts(&["x"; 1_000]))] };
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
    ] {
        let properties = WriterProperties::builder().set_compression(compression).build();
        let workspace = workspace(&parquet_with(columns(), properties));
        let output = workspace.extract_parquet("t.parquet", &[]);
        let output = output.unwrap_or_else(|error| panic!("{compression}: {error}"));
        assert_eq!(output.rows, Some(1_000), "{compression}");
    }
}

/// Row groups of many sizes, several threads, needed columns: the same dataset, byte for byte, as the CSV file.
#[test]
fn the_same_data_give_the_same_dataset_as_csv() {
    let rows = 150_000_i64;
    let late = |row: i64| if row < 140_000 { row % 100 } else { row };
    let cell = |row: i64| match row % 7 {
        0 => None,
        rest => Some(format!("text {rest}")),
    };
    let half = |row: i64| (row % 11 != 0).then_some(row as f64 / 8.0 + 0.0625);
    let mut csv = "late,text,half,number\n".to_owned();
    for row in 0..rows {
        let half = half(row).map_or_else(String::new, |half| half.to_string());
        writeln!(csv, "{},{},{half},{row}", late(row), cell(row).unwrap_or_default()).unwrap();
    }
    let numbers: Vec<String> = (0..rows).map(|row| row.to_string()).collect();
    let columns = || -> Columns {
        vec![
            ("late", Arc::new((0..rows).map(late).collect::<Int64Array>())),
            ("text", Arc::new((0..rows).map(cell).collect::<StringArray>())),
            ("half", Arc::new((0..rows).map(half).collect::<Float64Array>())),
            // Numbers as texts, and needed as numbers.
            ("number", Arc::new(StringArray::from(numbers.clone()))),
        ]
    };
    let workspace = Workspace::new();
    fs::write(workspace.path().join("t.csv"), csv).unwrap();
    workspace.extract_named("t.csv", &["number"]).unwrap();
    let wanted = fs::read(workspace.file("extract", "data.arrow")).unwrap();
    for (group, threads) in [(1_000, 1), (65_536, 2), (1 << 20, 3), (70_000, 8)] {
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(group))
            .build();
        fs::write(workspace.path().join("t.parquet"), parquet_with(columns(), properties)).unwrap();
        let document = json!({
            "spec": {"extract": {"parquet": {"path": "t.parquet"}}},
            "source": {"path": "t.parquet", "name": "t.parquet"},
            "columns": {"numbers": ["number"], "used": ["number"]},
        });
        let output = workspace.run_on(threads, "extract", document).unwrap();
        assert_eq!(output.rows, Some(150_000));
        let found = fs::read(workspace.file("extract", "data.arrow")).unwrap();
        assert!(found == wanted, "row groups of {group}, {threads} threads");
    }
}

#[test]
fn faults_name_their_rows() {
    let workspace = workspace(&parquet(vec![
        (
            "age",
            Arc::new(StringArray::from(vec![Some("25"), Some("old"), None, Some("NA")])),
        ),
        (
            "salary",
            Arc::new(Float64Array::from(vec![1.0, f64::INFINITY, f64::NAN, 2.0])),
        ),
    ]));
    workspace.extract_parquet("t.parquet", &["age", "salary"]).unwrap();
    let description = workspace.json("extract", "dataset.json");
    assert_eq!(
        description["columns"],
        json!([
            {"name": "age", "dataType": "Int8", "faults": [
                {"kind": "Null", "count": 2, "examples": [{"row": 2, "value": ""}, {"row": 3, "value": "NA"}]},
                {"kind": "NotANumber", "count": 1, "examples": [{"row": 1, "value": "old"}]},
            ]},
            {"name": "salary", "dataType": "Float64", "faults": [
                {"kind": "Null", "count": 1, "examples": [{"row": 2, "value": "NaN"}]},
                {"kind": "NotFinite", "count": 1, "examples": [{"row": 1, "value": "inf"}]},
            ]},
        ])
    );
    assert_eq!(
        description["source"]["extract"],
        json!({"parquet": {"path": "t.parquet"}})
    );
    let error = workspace.validate(json!({}), &["age", "salary"], &[]).unwrap_err();
    assert_eq!(
        error.message(),
        "t.parquet, row 2: column `age`: `old` is not a number, and 4 more faults"
    );
    assert!(
        error.hint_text().contains("all of them, with rows, are in "),
        "{}",
        error.hint_text()
    );
    let error = workspace.validate(json!({}), &["agee"], &[]).unwrap_err();
    assert_eq!(
        error.message(),
        "t.parquet: column `agee` is missing; found `age`, and 1 more fault"
    );
}

/// A file whose end says nothing of its numbers is read twice, with the same outcome.
#[test]
fn statistics_are_a_guess_only() {
    use parquet::file::properties::EnabledStatistics;
    let values: Vec<i64> = (0..300_000).collect();
    let write = |statistics| {
        let properties = WriterProperties::builder().set_statistics_enabled(statistics).build();
        let workspace = workspace(&parquet_with(vec![("a", whole(&values))], properties));
        workspace.extract_parquet("t.parquet", &[]).unwrap();
        assert_eq!(workspace.types("extract"), ["a Int32"]);
        fs::read(workspace.file("extract", "data.arrow")).unwrap()
    };
    assert!(write(EnabledStatistics::None) == write(EnabledStatistics::Page));
}

#[test]
fn wide_texts_are_read_in_small_blocks() {
    let wide = "x".repeat(100_000);
    let workspace = workspace(&parquet(vec![("a", texts(&vec![wide.as_str(); 500]))]));
    assert_eq!(workspace.extract_parquet("t.parquet", &[]).unwrap().rows, Some(500));
}

#[test]
fn times_of_nanoseconds_keep_their_digits() {
    let nanos = PrimitiveArray::<TimestampNanosecondType>::from(vec![1]);
    let unsigned = PrimitiveArray::<UInt64Type>::from(vec![1]);
    let workspace = workspace(&parquet(vec![("at", Arc::new(nanos)), ("n", Arc::new(unsigned))]));
    workspace.extract_parquet("t.parquet", &["n"]).unwrap();
    assert_eq!(workspace.cells("extract", "at"), ["1970-01-01 00:00:00.000000001"]);
    assert_eq!(workspace.types("extract"), ["at Utf8", "n Int8"]);
}
