//! A dataset is read as it was written, from any thread, and what is broken is an error.
#![allow(clippy::unwrap_used, reason = "what a test needs must be there")]

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow_schema::{DataType, Field, Schema};
use camino::{Utf8Path, Utf8PathBuf};
use proptest::prelude::*;
use std::sync::Arc;
use trainyard_worker::csv::BatchSink;
use trainyard_worker::dataset::{DatasetError, DatasetReader, DatasetWriter, read_numbers};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Utf8Path {
        Utf8Path::from_path(self.0.path()).unwrap()
    }

    /// Writes the batches; gives the file and its digest.
    fn write(&self, batches: &[RecordBatch]) -> (Utf8PathBuf, String) {
        let mut writer = DatasetWriter::new(self.path());
        writer.begin(&batches[0].schema()).unwrap();
        for batch in batches {
            writer.take(batch.clone()).unwrap();
        }
        let written = writer.finish().unwrap();
        (self.path().join(written.name), written.sha256)
    }
}

/// One column of every type, with and without missing values.
fn batch(rows: i32) -> RecordBatch {
    let some = |row: i32| (row % 3 != 0).then_some(row);
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "i8",
            Arc::new(Int8Array::from_iter_values((0..rows).map(|row| (row % 100) as i8))),
        ),
        (
            "i16",
            Arc::new(
                (0..rows)
                    .map(|row| some(row).and_then(|row| i16::try_from(row).ok()))
                    .collect::<Int16Array>(),
            ),
        ),
        ("i32", Arc::new(Int32Array::from_iter_values(0..rows))),
        (
            "i64",
            Arc::new((0..rows).map(|row| some(row).map(i64::from)).collect::<Int64Array>()),
        ),
        (
            "f64",
            Arc::new(
                (0..rows)
                    .map(|row| some(row).map(|row| f64::from(row) / 7.0))
                    .collect::<Float64Array>(),
            ),
        ),
        (
            "text",
            Arc::new(
                (0..rows)
                    .map(|row| some(row).map(|row| format!("é{row}")))
                    .collect::<StringArray>(),
            ),
        ),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns.into_iter().map(|(_, array)| array).collect(),
    )
    .unwrap()
}

const ALL: [usize; 6] = [0, 1, 2, 3, 4, 5];

#[test]
fn what_is_written_is_read_block_by_block() {
    let folder = Folder::new();
    let batches = [batch(1_000), batch(1_000), batch(7)];
    let (path, sha256) = folder.write(&batches);
    let reader = DatasetReader::open(&path).unwrap();
    assert_eq!(
        (reader.rows(), reader.blocks(), reader.block_rows(2)),
        (2_007, 3, 2_000..2_007)
    );
    assert_eq!((reader.column("f64"), reader.column("F64")), (Some(4), None));
    assert_eq!(reader.schema().field(5).data_type(), &DataType::Utf8);
    for (number, batch) in batches.iter().enumerate() {
        assert_eq!(reader.read(number, &ALL).unwrap(), batch.columns());
        assert_eq!(
            reader.read(number, &[5, 0]).unwrap(),
            [batch.column(5).clone(), batch.column(0).clone()]
        );
    }
    reader.verify(&sha256).unwrap();
    let scan = reader.scan(&ALL);
    for (number, batch) in batches.iter().enumerate() {
        let block = scan.next().unwrap().unwrap();
        assert_eq!((block.number, block.columns.as_slice()), (number, batch.columns()));
    }
    assert!(scan.next().unwrap().is_none());
    scan.finish(&sha256).unwrap();
}

#[test]
fn threads_share_a_scan() {
    let folder = Folder::new();
    let batches: Vec<_> = (0..50).map(|_| batch(500)).collect();
    let (path, sha256) = folder.write(&batches);
    let reader = DatasetReader::open(&path).unwrap();
    let scan = reader.scan(&[2]);
    let sums: Vec<(usize, i64)> = std::thread::scope(|scope| {
        let work = || {
            let mut sums = Vec::new();
            while let Some(block) = scan.next().unwrap() {
                let values = block.columns[0].as_primitive::<Int32Type>().values().iter();
                sums.push((block.number, values.map(|&value| i64::from(value)).sum()));
            }
            sums
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(sums.len(), 50);
    assert!(sums.iter().all(|(_, sum)| *sum == 499 * 500 / 2));
    scan.finish(&sha256).unwrap();
}

#[test]
fn all_number_types_are_read_as_float64() {
    let batch = batch(5);
    let mut values = Vec::new();
    for (column, wanted) in [
        (0, [0.0, 1.0, 2.0, 3.0, 4.0]),
        (1, [0.0, 1.0, 2.0, 0.0, 4.0]),
        (2, [0.0, 1.0, 2.0, 3.0, 4.0]),
        (3, [0.0, 1.0, 2.0, 0.0, 4.0]),
        (4, [0.0, 1.0 / 7.0, 2.0 / 7.0, 0.0, 4.0 / 7.0]),
    ] {
        assert!(read_numbers(batch.column(column), &mut values));
        assert_eq!(values, wanted, "{column}");
    }
    assert!(!read_numbers(batch.column(5), &mut values) && values.is_empty());
}

#[test]
fn another_file_is_noticed_by_its_digest() {
    let folder = Folder::new();
    let (path, _) = folder.write(&[batch(10)]);
    let reader = DatasetReader::open(&path).unwrap();
    let error = reader.verify(&"0".repeat(64)).unwrap_err();
    assert!(matches!(error, DatasetError::OtherDigest { .. }), "{error}");
    let missing = DatasetReader::open(&folder.path().join("nothing.arrow"));
    assert!(matches!(missing.err(), Some(DatasetError::Missing { .. })));
}

#[test]
fn a_cut_file_is_an_error_at_every_length() {
    let folder = Folder::new();
    let (path, sha256) = folder.write(&[batch(9), batch(3)]);
    let bytes = std::fs::read(&path).unwrap();
    for length in 0..bytes.len() {
        std::fs::write(&path, &bytes[..length]).unwrap();
        assert!(read_all(&path, &sha256).is_err(), "{length} of {} bytes", bytes.len());
    }
    std::fs::write(&path, &bytes).unwrap();
    read_all(&path, &sha256).unwrap();
}

fn read_all(path: &Utf8Path, sha256: &str) -> Result<(), DatasetError> {
    let reader = DatasetReader::open(path)?;
    let columns: Vec<usize> = (0..reader.schema().fields().len()).collect();
    for block in 0..reader.blocks() {
        reader.read(block, &columns)?;
    }
    let scan = reader.scan(&columns);
    while scan.next()?.is_some() {}
    scan.finish(sha256)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn broken_bytes_are_an_error_and_nothing_worse(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        thread_local! {
            static WHOLE: (Folder, Utf8PathBuf, String, Vec<u8>) = {
                let folder = Folder::new();
                let (path, sha256) = folder.write(&[batch(9), batch(3)]);
                let bytes = std::fs::read(&path).unwrap();
                (folder, path, sha256, bytes)
            };
        }
        WHOLE.with(|(_folder, path, sha256, whole)| {
            let mut bytes = whole.clone();
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] ^= byte;
            }
            std::fs::write(path, &bytes).unwrap();
            let read = read_all(path, sha256);
            prop_assert_eq!(read.is_ok(), bytes == *whole);
            Ok(())
        })?;
    }
}
