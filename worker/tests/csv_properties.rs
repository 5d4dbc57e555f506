//! Random tables: the same cells as the `csv` crate reads, and the same table however it is cut and shared out.
#![allow(clippy::unwrap_used, reason = "what a test needs must be there")]

mod vocabulary;

use proptest::prelude::*;
use trainyard_contract::stage::{ColumnType, CsvSource, DeclaredColumn};
use trainyard_worker::csv::{CsvOptions, ReadControl, read_bytes, read_bytes_with};
use vocabulary::cells;

/// Text of the characters that matter, in shapes that tables have and in shapes that they have not.
fn csv_text() -> impl Strategy<Value = String> {
    let cell = prop_oneof![
        4 => "[0-9]{1,9}",
        2 => "[-+ ]?[0-9]{0,5}[.]?[0-9]{0,3}(e[0-9]{1,2})?",
        2 => "\"([a-z0-9,\n\r ]|\"\"){0,5}\"",
        1 => "[\"a,é ]{0,4}",
        1 => prop_oneof![Just("NA"), Just(""), Just("inf"), Just("\"\""), Just("1e999"), Just(" ")].prop_map(str::to_owned),
    ];
    let end = prop_oneof![8 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r"), 1 => Just("\n\n"), 1 => Just("\n \t\n")];
    let record = (proptest::collection::vec(cell, 2), end).prop_map(|(cells, end)| cells.join(",") + end);
    let header = prop_oneof![9 => Just("a,b\n"), 1 => Just("\u{feff}a,\"b\"\r\n"), 1 => Just("")];
    (
        header,
        proptest::collection::vec(record, 0..20),
        prop_oneof![9 => Just(String::new()), 1 => "[\"a,\n]{0,5}"],
    )
        .prop_map(|(header, records, rest)| header.to_owned() + &records.concat() + &rest)
}

fn all_text() -> CsvOptions {
    let declared = ["a", "b"].map(|name| DeclaredColumn {
        name: name.to_owned(),
        column_type: Some(ColumnType::Text),
    });
    let source = CsvSource {
        columns: declared.to_vec(),
        null_values: Some(Vec::new()),
        ..CsvSource::default()
    };
    CsvOptions::new(&source, &[]).unwrap()
}

/// Lines of spaces and tabs are no records for pandas and for us; for the `csv` crate they are.
fn is_blank_line(text: &str, record: &csv::StringRecord) -> bool {
    let start = usize::try_from(record.position().unwrap().byte()).unwrap();
    let raw = text[start..].trim_start_matches(['\r', '\n']);
    record.len() == 1 && !raw.starts_with('"') && record[0].chars().all(|c| matches!(c, ' ' | '\t'))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn cells_are_those_that_the_csv_crate_reads(text in csv_text()) {
        prop_assume!(text.starts_with("a,b\n"));
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let records: Vec<_> = reader.records().map(Result::unwrap).filter(|record| !is_blank_line(&text, record)).collect();
        match read_bytes("t.csv", text.as_bytes(), &all_text()) {
            Ok((batches, _)) => {
                prop_assert!(records.iter().all(|record| record.len() == 2), "{:?}", text);
                for column in 0..2 {
                    let wanted: Vec<_> = records.iter().map(|record| match &record[column] {
                        "" => "null".to_owned(),
                        cell => cell.to_owned(),
                    }).collect();
                    prop_assert_eq!(cells(&batches, column), wanted, "{:?}", text);
                }
            }
            Err(error) => {
                let refused = error.to_string();
                // An open quote at the end is a cell for the `csv` crate.
                let is_table = !records.is_empty() && records.iter().all(|record| record.len() == 2);
                prop_assert!(!is_table || refused.contains("never closed"), "{:?}: {}", text, refused);
            }
        }
    }

    #[test]
    fn the_table_does_not_depend_on_blocks_and_threads(
        text in csv_text(),
        block_bytes in 1_usize..80,
        threads in 1_usize..4,
        numbers in any::<bool>(),
    ) {
        let numbers = if numbers { vec!["b".to_owned()] } else { Vec::new() };
        let options = CsvOptions::new(&CsvSource::default(), &numbers).unwrap();
        let control = ReadControl { block_bytes, ..ReadControl::new(threads, &|_| true) };
        let whole = read_bytes("t.csv", text.as_bytes(), &options);
        let cut = read_bytes_with("t.csv", text.as_bytes(), &options, control);
        match (whole, cut) {
            (Ok(whole), Ok(cut)) => prop_assert_eq!(whole, cut),
            (Err(whole), Err(cut)) => prop_assert_eq!(whole.to_string(), cut.to_string()),
            (whole, cut) => prop_assert!(false, "{:?}: {:?}, {:?}", text, whole.err(), cut.err()),
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b','), Just(b'\n'), Just(b'1')], 0..200)) {
        let options = CsvOptions::default();
        for block_bytes in [7, 1 << 20] {
            let control = ReadControl { block_bytes, ..ReadControl::quiet() };
            match read_bytes_with("t.csv", &bytes, &options, control) {
                Ok((batches, description)) => {
                    let rows: usize = batches.iter().map(arrow_array::RecordBatch::num_rows).sum();
                    prop_assert_eq!(rows as u64, description.rows);
                    prop_assert!((0..description.rows).all(|row| description.line(row).is_some()));
                }
                Err(error) => prop_assert!(error.to_string().starts_with("t.csv")),
            }
        }
    }
}

#[test]
fn types_that_show_late_are_those_of_the_whole_file() {
    let head = "a,b,c,d\n".to_owned() + &"1,1,NA,1\n".repeat(200_000);
    let text = head + "1,300,5,07\n1,1,1,x\n1,1,1,1\n";
    for threads in [1, 3] {
        let control = ReadControl::new(threads, &|_| true);
        let (batches, description) =
            read_bytes_with("t.csv", text.as_bytes(), &CsvOptions::default(), control).unwrap();
        let types: Vec<_> = description
            .columns
            .iter()
            .map(|column| column.data_type.as_str())
            .collect();
        assert_eq!(types, ["Int8", "Int16", "Int8", "Utf8"]);
        assert_eq!(description.columns[2].faults[0].count, 200_000);
        assert_eq!(cells(&batches, 3)[200_000..], ["07", "x", "1"]);
        let rows: Vec<_> = batches.iter().map(arrow_array::RecordBatch::num_rows).collect();
        assert_eq!(rows, [65_536, 65_536, 65_536, 200_003 - 3 * 65_536]);
    }
}

#[test]
fn reading_ends_when_it_is_told_to() {
    let text = "a,b\n".to_owned() + &"1,1\n".repeat(2_000_000);
    let rows = std::sync::atomic::AtomicU64::new(0);
    let go_on = |more| rows.fetch_add(more, std::sync::atomic::Ordering::Relaxed) < 300_000;
    let control = ReadControl::new(2, &go_on);
    let error = read_bytes_with("t.csv", text.as_bytes(), &CsvOptions::default(), control).unwrap_err();
    assert_eq!(error.to_string(), "stopped");
    assert!(rows.into_inner() < 1_500_000);
}
