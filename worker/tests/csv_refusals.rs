//! The files of which `extract` makes no table: what it says about each, and what to do.
#![allow(clippy::unwrap_used, reason = "what a test needs must be there")]

#[path = "vocabulary/stages.rs"]
mod stages;

use serde_json::json;
use stages::{SEED, Workspace, gzip, zstd};
use std::io::Write;
use trainyard_contract::FailureClass;
use trainyard_contract::result::MESSAGE_BYTES_MAX;
use trainyard_worker::StageError;
use trainyard_worker::csv::{CsvOptions, read_bytes};

#[test]
fn files_that_are_no_table() {
    let ragged = "a,b\n1,2\n\n3\n4,5,6\n7\n".as_bytes().to_vec();
    let late = format!("a,b\n{}1,2,3\n", "1,2\n".repeat(300_000)).into_bytes();
    for (bytes, message) in [
        (b"".to_vec(), "data/t.csv is empty"),
        (b"\n \n\n".to_vec(), "data/t.csv is empty"),
        (b"\xEF\xBB\xBF".to_vec(), "data/t.csv is empty"),
        (gzip(b""), "data/t.csv is empty"),
        (
            b"a,b\n".to_vec(),
            "data/t.csv:1: there is a header, but no row below it",
        ),
        (
            b"\na,b".to_vec(),
            "data/t.csv:2: there is a header, but no row below it",
        ),
        (b"a,,c\n1,2,3\n".to_vec(), "data/t.csv:1: column 2 has no name"),
        (
            b"a,b,a\n1,2,3\n".to_vec(),
            "data/t.csv:1: column `a` is there twice, as column 1 and column 3",
        ),
        (ragged, "data/t.csv:4: 1 field, but the header has 2, and 2 more faults"),
        (
            b"a,b\n1,2,3\n4,5,6\n".to_vec(),
            "data/t.csv:2: 3 fields, but the header has 2, and 1 more fault",
        ),
        (b"a,b\n1,2,\n".to_vec(), "data/t.csv:2: 3 fields, but the header has 2"),
        (late, "data/t.csv:300002: 3 fields, but the header has 2"),
        (
            b"a,b\n1,\"x\n2,y\n".to_vec(),
            "data/t.csv:2: a quote opens here and is never closed",
        ),
        (
            b"a,b\n\"p\nq\",\"x\n2,y\n".to_vec(),
            "data/t.csv:3: a quote opens here and is never closed",
        ),
        (
            b"a,b\n1\n2,\"x\n".to_vec(),
            "data/t.csv:2: 1 field, but the header has 2, and 1 more fault",
        ),
        (
            b"\"a,b\n1,2\n".to_vec(),
            "data/t.csv:1: a quote opens here and is never closed",
        ),
        (
            b"a,b\n1,2\n3,\xE9t\xE9\n".to_vec(),
            "data/t.csv:3: column `b`: byte 0xE9 is not UTF-8",
        ),
        (b"a,\xE9\n1,2\n".to_vec(), "data/t.csv:1: byte 0xE9 is not UTF-8"),
        (
            b"a,a,b,b,,\n1,2,3,4,5,6\n".to_vec(),
            "data/t.csv:1: column `a` is there twice, as column 1 and column 2, and 3 more faults",
        ),
        (
            b",a,\xE9,a,a\n1,2,3,4,5\n".to_vec(),
            "data/t.csv:1: column 1 has no name, and 3 more faults",
        ),
    ] {
        refuses(&bytes, message);
    }
}

/// `extract` refuses these bytes, as data, with this message and some advice, which it returns.
fn refuses(bytes: &[u8], message: &str) -> String {
    let error = Workspace::new().extract(bytes, json!({}), &[]).unwrap_err();
    assert_eq!(error.message(), message);
    assert_eq!(error.class(), Some(FailureClass::Data), "{message}");
    assert!(!error.hint_text().is_empty(), "{message}");
    error.hint_text().to_owned()
}

#[test]
fn files_of_other_formats_are_named() {
    let utf_16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> { "a,b\n1,2\n".encode_utf16().flat_map(bytes).collect() };
    for (bytes, message, advice) in [
        (
            b"\xFF\xFEa\0,\0b\0\n\0".to_vec(),
            "data/t.csv is UTF-16, not UTF-8",
            "iconv -f UTF-16 ",
        ),
        (
            utf_16(u16::to_le_bytes),
            "data/t.csv looks like UTF-16 (little-endian), not UTF-8",
            "iconv -f UTF-16LE ",
        ),
        (
            gzip(&utf_16(u16::to_be_bytes)),
            "data/t.csv looks like UTF-16 (big-endian), not UTF-8",
            "iconv -f UTF-16BE ",
        ),
        (
            b"BZh91AY&SY\x94\xE7\n".to_vec(),
            "data/t.csv is compressed with bzip2; gzip and zstd are read",
            "bunzip2",
        ),
        (
            b"\xFD7zXZ\0\0\x04".to_vec(),
            "data/t.csv is compressed with xz; gzip and zstd are read",
            "xz -d",
        ),
        (
            b"PK\x03\x04\x14\0[Content_Types].xml".to_vec(),
            "data/t.csv is a zip archive or a file of Excel, not CSV",
            "save the sheet as CSV",
        ),
        (
            b"PAR1\x15\x04\x15".to_vec(),
            "data/t.csv is a Parquet file, not CSV",
            "extract.parquet",
        ),
        (
            gzip(&gzip(SEED)),
            "data/t.csv is compressed twice: there is gzip data inside",
            "decompress it once",
        ),
        (
            zstd(&gzip(SEED)),
            "data/t.csv is compressed twice: there is gzip data inside",
            "decompress it once",
        ),
    ] {
        let hint = refuses(&bytes, message);
        assert!(hint.contains(advice), "{message}: {hint}");
    }
}

#[test]
fn compressed_files_that_are_not_whole() {
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() - 5].to_vec();
    let with = |bytes: Vec<u8>, more: &[u8]| [&bytes[..], more].concat();
    let flipped = |mut bytes: Vec<u8>, from_end: usize| {
        let at = bytes.len() - from_end;
        bytes[at] ^= 0x20;
        bytes
    };
    let stored = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let checked = |bytes: &[u8]| {
        let mut encoder = ::zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let wide_window = [0x28, 0xB5, 0x2F, 0xFD, 0, 0x90, 1, 0, 0];
    let follows = |format, bytes: &[u8]| {
        let length = bytes.len();
        format!("data/t.csv is damaged: something else follows its {format} data, which ends after {length} bytes")
    };
    let ragged = b"a,b\n1,2,3\n";
    for (bytes, message) in [
        (
            cut(gzip(SEED)),
            "data/t.csv is damaged: its gzip data ends too early".to_owned(),
        ),
        (
            cut(zstd(SEED)),
            "data/t.csv is damaged: its zstd data ends too early".to_owned(),
        ),
        (
            cut(gzip(ragged)),
            "data/t.csv is damaged: its gzip data ends too early".to_owned(),
        ),
        (
            b"\x1F\x8B".to_vec(),
            "data/t.csv is damaged: its gzip data ends too early".to_owned(),
        ),
        // The comma of a row is gone, and the checksum of a header with a column twice is wrong: the damage leads.
        (
            flipped(stored(b"a,b\n1,2\n"), 11),
            "data/t.csv is damaged: its gzip checksum does not match".to_owned(),
        ),
        (
            flipped(stored(b"a,a\n1,2\n"), 5),
            "data/t.csv is damaged: its gzip checksum does not match".to_owned(),
        ),
        (
            flipped(checked(SEED), 2),
            "data/t.csv is damaged: its zstd checksum does not match".to_owned(),
        ),
        (
            with(gzip(SEED), b"\x1F\x8B\x07nonsense"),
            "data/t.csv is damaged: its gzip data does not decompress".to_owned(),
        ),
        (with(gzip(SEED), b"garbage\n"), follows("gzip", &gzip(SEED))),
        (
            with(gzip(SEED), b"garbage and more garbage"),
            follows("gzip", &gzip(SEED)),
        ),
        (with(gzip(ragged), b"x"), follows("gzip", &gzip(ragged))),
        (with(zstd(SEED), b"garbage"), follows("zstd", &zstd(SEED))),
        (with(zstd(SEED), &gzip(SEED)), follows("zstd", &zstd(SEED))),
        (
            wide_window.to_vec(),
            "data/t.csv needs more than 128 MiB of memory to decompress".to_owned(),
        ),
    ] {
        refuses(&bytes, &message);
    }
    // The faults of a file that is whole are told.
    refuses(&gzip(ragged), "data/t.csv:2: 3 fields, but the header has 2");
    refuses(
        &checked(b"a,a\n1,2\n"),
        "data/t.csv:1: column `a` is there twice, as column 1 and column 2",
    );
}

#[test]
fn a_byte_flipped_anywhere_in_a_compressed_file_is_its_fault() {
    let rows: Vec<String> = (0..20_000).map(|i| format!("{i},{}\n", i * 7919 % 1000)).collect();
    let text = format!("a,b\n{}", rows.concat()).into_bytes();
    let packed = gzip(&text);
    for place in 1..40 {
        let mut bytes = packed.clone();
        let at = 10 + (bytes.len() - 18) * place / 40;
        bytes[at] ^= 1;
        let error = Workspace::new().extract(&bytes, json!({}), &[]).unwrap_err();
        assert!(
            error.message().starts_with("data/t.csv is damaged: its gzip "),
            "{at}: {}",
            error.message()
        );
    }
}

#[test]
fn declared_columns_must_be_there() {
    let seed = "the columns are `age`, `salary`, `target`: correct extract.csv.columns";
    for (header, rule, declared, message, hint) in [
        (
            "age,salary,target",
            "Present",
            "Salary",
            "column `Salary` is missing; found `salary`",
            seed,
        ),
        (
            "age,salary,target",
            "Lowercase",
            "wage",
            "column `wage` is missing; found `age`",
            seed,
        ),
        (
            "Age,b",
            "Present",
            "age",
            "column `age` is missing; found `Age`",
            "the columns are `Age`, `b`: correct extract.csv.columns, or set csv.header to Lowercase",
        ),
        (
            "Age,b",
            "Lowercase",
            "Age",
            "column `Age` is missing; found `age`",
            "csv.header: Lowercase takes names in lower case: write `age` in extract.csv.columns",
        ),
        (
            "Age,age,age",
            "Lowercase",
            "c",
            "column `age` is there twice, as column 1 and column 2, and 2 more faults",
            "give every column a name of its own, also in lower case, or leave out csv.header: Lowercase",
        ),
    ] {
        let csv = json!({"header": rule, "columns": [{"name": declared, "type": "Number"}]});
        let bytes = format!("{header}\n1,2,3\n");
        let error = Workspace::new().extract(bytes.as_bytes(), csv, &[]).unwrap_err();
        assert_eq!(error.message(), format!("data/t.csv:1: {message}"));
        assert_eq!(error.hint_text(), hint, "{message}");
    }
}

#[test]
fn messages_with_the_longest_names_and_values_are_whole() {
    let path = format!("/home/{}people.csv", "a folder/".repeat(440));
    let shown = format!("/home/{}…/people.csv", "a folder/".repeat(6));
    let name = "🙂".repeat(1_000);
    let word = format!("{}…", "🙂".repeat(11));
    let wide = vec!["x".repeat(100); 2].join(",") + "\n1,2\n";
    for (text, declared, message) in [
        (
            "a,b\n1\n".to_owned(),
            "a",
            "2: 1 field, but the header has 2".to_owned(),
        ),
        (
            format!("a,{name},{name}\n"),
            "a",
            format!("1: column `{word}` is there twice, as column 2 and column 3"),
        ),
        (
            format!("a,{}\n1,2\n", "X".repeat(100)),
            &"x".repeat(100),
            format!(
                "1: column `{}…` is missing; found `{}…`",
                "x".repeat(45),
                "X".repeat(45)
            ),
        ),
        (
            wide,
            "x",
            format!(
                "1: column `{}…` is there twice, as column 1 and column 2, and 1 more fault",
                "x".repeat(45)
            ),
        ),
    ] {
        let source = json!({"columns": [{"name": declared}]});
        let options = CsvOptions::new(&serde_json::from_value(source).unwrap(), &[]).unwrap();
        let error: StageError = read_bytes(&path, text.as_bytes(), &options).unwrap_err().into();
        assert_eq!(error.message(), format!("{shown}:{message}"));
        assert!(error.message().len() <= MESSAGE_BYTES_MAX, "{}", error.message());
        assert!(error.hint_text().len() <= MESSAGE_BYTES_MAX, "{}", error.hint_text());
    }
}

#[test]
fn what_nobody_sees_is_escaped() {
    let error = Workspace::new()
        .extract("a\u{a0},a\u{a0}\n1,2\n".as_bytes(), json!({}), &[])
        .unwrap_err();
    assert_eq!(
        error.message(),
        "data/t.csv:1: column `a\\u{a0}` is there twice, as column 1 and column 2"
    );
}

#[test]
fn a_line_without_end_is_refused_before_it_fills_the_memory() {
    let mut bytes = b"a,b\n1,2\n".to_vec();
    bytes.resize(40 << 20, b'x');
    let error = Workspace::new().extract(&zstd(&bytes), json!({}), &[]).unwrap_err();
    assert_eq!(error.message(), "data/t.csv:3: the record is longer than 16 MiB");
    let mut quoted = bytes.clone();
    quoted[10..12].copy_from_slice(b",\"");
    let hint = refuses(
        &quoted,
        "data/t.csv:3: a quote opens here and is not closed within 16 MiB",
    );
    assert!(hint.contains("close the quote"), "{hint}");
    // A quote that is open by chance where the record gets too long is not to blame.
    let cells = b"\"x\",".repeat(8 << 20);
    refuses(
        &[b"a,b\n1,2\n".as_slice(), &cells].concat(),
        "data/t.csv:3: the record is longer than 16 MiB",
    );
}

#[test]
fn a_quote_is_reported_where_it_opens_however_much_follows() {
    let bytes = [b"a,b\n1,2\n\"x\ny\",\"z\n".as_slice(), &b"3,4\n".repeat(5 << 20)].concat();
    refuses(
        &bytes,
        "data/t.csv:4: a quote opens here and is not closed within 16 MiB",
    );
}
