//! A CSV file, plain or compressed, read in one of the ways that a manifest can ask for.
//!
//! Which way follows from the number of bytes, so that every change of an input's length also tries another.

use std::collections::BTreeSet;
use trainyard_contract::dataset::EXAMPLES_MAX;
use trainyard_contract::stage::{ColumnType, CsvSource, DeclaredColumn, Header};
use trainyard_worker::csv::{self, CsvOptions, ReadControl};

/// One in so many inputs is read on two threads too: starting them costs more than reading 4 KiB.
const ON_TWO_THREADS: usize = 16;

/// The description fits the table, two threads read what one reads, and an error names the file.
pub(super) fn feed(bytes: &[u8]) {
    let options = options(bytes.len());
    let read = csv::read_bytes("fuzz.csv", bytes, &options);
    if bytes.len().is_multiple_of(ON_TWO_THREADS) {
        let control = ReadControl {
            threads: 2,
            ..ReadControl::quiet()
        };
        match (&read, csv::read_bytes_with("fuzz.csv", bytes, &options, control)) {
            (Ok(one), Ok(two)) => assert_eq!(*one, two),
            (Err(one), Err(two)) => assert_eq!(one.to_string(), two.to_string()),
            (one, two) => assert_eq!(one.is_ok(), two.is_ok(), "one thread and two"),
        }
    }
    match read {
        Ok((batches, description)) => {
            let rows: u64 = batches.iter().map(|batch| batch.num_rows() as u64).sum();
            assert_eq!(description.rows, rows);
            assert_eq!(description.source.bytes, bytes.len() as u64);
            let names: BTreeSet<_> = description.columns.iter().map(|column| &column.name).collect();
            assert_eq!(names.len(), description.columns.len(), "a column twice");
            for (index, column) in description.columns.iter().enumerate() {
                let nulls: usize = batches.iter().map(|batch| batch.column(index).null_count()).sum();
                let faults: u64 = column.faults.iter().map(|faults| faults.count).sum();
                assert_eq!(
                    faults, nulls as u64,
                    "cells of `{}` that are missing in the table",
                    column.name
                );
                for faults in &column.faults {
                    let kept = usize::try_from(faults.count).unwrap_or(usize::MAX).min(EXAMPLES_MAX);
                    assert_eq!(faults.examples.len(), kept);
                }
            }
        }
        Err(error) => {
            assert!(error.to_string().contains("fuzz.csv"), "{error}");
            let _ = (error.class(), error.hint());
        }
    }
}

fn options(length: usize) -> CsvOptions {
    let column = |name: &str, column_type| DeclaredColumn {
        name: name.to_owned(),
        column_type,
    };
    let mut source = CsvSource::default();
    let mut numbers = Vec::new();
    match length % 8 {
        0 | 1 => {}
        2 | 3 => numbers = ["a", "age", "salary"].map(str::to_owned).to_vec(),
        4 => source.delimiter = Some(";".to_owned()),
        5 => {
            source.delimiter = Some("\t".to_owned());
            source.quote = Some("'".to_owned());
        }
        6 => {
            source.header = Some(Header::Absent);
            source.columns = vec![
                column("a", Some(ColumnType::Integer)),
                column("b", Some(ColumnType::Number)),
                column("c", Some(ColumnType::Text)),
            ];
        }
        _ => {
            source.header = Some(Header::Lowercase);
            source.null_values = Some(vec!["-".to_owned(), "0".to_owned()]);
        }
    }
    CsvOptions::new(&source, &numbers).expect("options that a manifest may have")
}
