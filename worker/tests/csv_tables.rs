//! What becomes of small CSV files: types, values, missing cells, and faults with their lines.

mod vocabulary;

use trainyard_contract::dataset::CellFaultKind::{NotANumber, NotAnInteger, NotFinite, Null};
use trainyard_contract::stage::{ColumnType, CsvSource, DeclaredColumn, Header};
use vocabulary::{cells, faults, read, read_with};

#[test]
fn the_seed_is_three_columns_of_whole_numbers() {
    let (batches, description) = read("age,salary,target\n25,50000,0\n30,60000,1\n45,80000,1\n22,40000,0\n").unwrap();
    assert_eq!(description.rows, 4);
    let types: Vec<_> = description
        .columns
        .iter()
        .map(|c| (c.name.as_str(), c.data_type.as_str()))
        .collect();
    assert_eq!(types, [("age", "Int8"), ("salary", "Int32"), ("target", "Int8")]);
    assert_eq!(cells(&batches, 1), ["50000", "60000", "80000", "40000"]);
    assert!(description.columns.iter().all(|c| c.faults.is_empty()));
    assert_eq!(description.source.bytes, 62);
}

#[test]
fn shapes_of_files_table() {
    for (name, text, wanted) in [
        ("LF", "a,b\n1,x\n2,y\n", [["1", "2"], ["x", "y"]]),
        ("no line end at the end", "a,b\n1,x\n2,y", [["1", "2"], ["x", "y"]]),
        ("CRLF", "a,b\r\n1,x\r\n2,y\r\n", [["1", "2"], ["x", "y"]]),
        ("CR", "a,b\r1,x\r2,y\r", [["1", "2"], ["x", "y"]]),
        ("CR, none at the end", "a,b\r1,x\r2,y", [["1", "2"], ["x", "y"]]),
        ("mark", "\u{feff}a,b\n1,x\n2,y\n", [["1", "2"], ["x", "y"]]),
        (
            "mark before a quote",
            "\u{feff}\"a\",b\n1,x\n2,y\n",
            [["1", "2"], ["x", "y"]],
        ),
        ("blank lines", "\n\na,b\n\n1,x\n \t\n2,y\n\n", [["1", "2"], ["x", "y"]]),
        (
            "quotes",
            "\"a\",\"b\"\n\"1\",\"x\"\n\"2\",\"y\"\n",
            [["1", "2"], ["x", "y"]],
        ),
        (
            "a delimiter in quotes",
            "a,b\n1,\"x,1\"\n2,y\n",
            [["1", "2"], ["x,1", "y"]],
        ),
        (
            "doubled quotes",
            "a,b\n1,\"\"\"x\"\"\"\n2,y\n",
            [["1", "2"], ["\"x\"", "y"]],
        ),
        (
            "a line end in quotes",
            "a,b\n1,\"x\ny\"\n2,y\n",
            [["1", "2"], ["x\ny", "y"]],
        ),
        (
            "a quote inside a cell",
            "a,b\n1,5\" pipe\n2,y\n",
            [["1", "2"], ["5\" pipe", "y"]],
        ),
        ("text behind a quote", "a,b\n1,\"x\"y\n2,y\n", [["1", "2"], ["xy", "y"]]),
        (
            "spaces round numbers",
            "a,b\n 1 ,x\n\t2\t,y\n",
            [["1", "2"], ["x", "y"]],
        ),
        ("leading zeros", "a,b\n001,x\n+2,y\n", [["1", "2"], ["x", "y"]]),
        ("NUL is text", "a,b\n1,x\0\n2,y\n", [["1", "2"], ["x\0", "y"]]),
        (
            "spaces are kept in text",
            "a,b\n1, x \n2,y\n",
            [["1", "2"], [" x ", "y"]],
        ),
        (
            "numbers among text stay as they are",
            "a,b\n1,007\n2,y\n",
            [["1", "2"], ["007", "y"]],
        ),
        (
            "text shows late",
            "a,b\n1,1e5\n2,1_000\n",
            [["1", "2"], ["1e5", "1_000"]],
        ),
    ] {
        let (batches, _) = read(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!([cells(&batches, 0), cells(&batches, 1)], wanted, "{name}");
    }
}

#[test]
fn types_table() {
    for (text, data_type, values) in [
        ("a\n1\n-128\n", "Int8", vec!["1", "-128"]),
        ("a\n1\n128\n", "Int16", vec!["1", "128"]),
        ("a\n1\n-32769\n", "Int32", vec!["1", "-32769"]),
        ("a\n1\n9223372036854775807\n", "Int64", vec!["1", "9223372036854775807"]),
        (
            "a\n1\n9223372036854775808\n",
            "Float64",
            vec!["1.0", "9.223372036854776e18"],
        ),
        ("a\n1\n.5\n", "Float64", vec!["1.0", "0.5"]),
        ("a\n1\nNA\n", "Int8", vec!["1", "null"]),
        ("a\n1\n\"NA\"\n", "Int8", vec!["1", "null"]),
        ("a\nx\nNA\n", "Utf8", vec!["x", "null"]),
        ("a\nx\n NA\n", "Utf8", vec!["x", " NA"]),
        ("a\nNA\n\"\"\n", "Float64", vec!["null", "null"]),
        ("a\n1\n\" \"\n", "Int8", vec!["1", "null"]),
        ("a\nx\n\" \"\n", "Utf8", vec!["x", " "]),
        ("a\n1\ninf\n", "Float64", vec!["1.0", "null"]),
        ("a\n1\n1e999\n", "Float64", vec!["1.0", "null"]),
        ("a\nx\ninf\n", "Utf8", vec!["x", "inf"]),
        ("a\n1_000\n0x1F\n", "Utf8", vec!["1_000", "0x1F"]),
        ("a\n\"1,000\"\n\"39,1\"\n", "Utf8", vec!["1,000", "39,1"]),
    ] {
        let (batches, description) = read(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(description.columns[0].data_type, data_type, "{text:?}");
        assert_eq!(cells(&batches, 0), values, "{text:?}");
    }
}

#[test]
fn faults_have_the_line_where_the_record_starts() {
    let text = "a,b\n1,\"x\ny\"\n\n,z\nNA,\"p\r\nq\rr\"\nn/a,\n";
    let (batches, description) = read(text).unwrap();
    assert_eq!(cells(&batches, 0), ["1", "null", "null", "null"]);
    let wanted = [(Null, 3, vec![(5, 1, ""), (6, 2, "NA"), (9, 3, "n/a")])];
    assert_eq!(faults(&description, 0), wanted);
    assert_eq!(faults(&description, 1), [(Null, 1, vec![(9, 3, "")])]);
}

#[test]
fn a_needed_column_stays_a_number_whatever_is_in_it() {
    let text = "a,b\n1,x\nx,x\n2,x\n-inf,x\n ,x\n1_0,x\n";
    let (batches, description) = read_with(text, &CsvSource::default(), &["a"]).unwrap();
    assert_eq!(description.columns[0].data_type, "Float64");
    assert_eq!(cells(&batches, 0), ["1.0", "null", "2.0", "null", "null", "null"]);
    let wanted = [
        (Null, 1, vec![(6, 4, " ")]),
        (NotFinite, 1, vec![(5, 3, "-inf")]),
        (NotANumber, 2, vec![(3, 1, "x"), (7, 5, "1_0")]),
    ];
    assert_eq!(faults(&description, 0), wanted);
}

#[test]
fn declared_types_hold() {
    let declared = |name: &str, column_type| DeclaredColumn {
        name: name.to_owned(),
        column_type: Some(column_type),
    };
    let source = CsvSource {
        columns: vec![
            declared("i", ColumnType::Integer),
            declared("n", ColumnType::Number),
            declared("t", ColumnType::Text),
        ],
        ..CsvSource::default()
    };
    let text = "n,i,t\n1,1,1\n2,2.0,007\n3,2.5,x\nx,x,NA\n4,1e30,inf\n5,inf,\n";
    let (batches, description) = read_with(text, &source, &[]).unwrap();
    let types: Vec<_> = description.columns.iter().map(|c| c.data_type.as_str()).collect();
    assert_eq!(types, ["Float64", "Int64", "Utf8"]);
    assert_eq!(cells(&batches, 0), ["1.0", "2.0", "3.0", "null", "4.0", "5.0"]);
    assert_eq!(cells(&batches, 1), ["1", "2", "null", "null", "null", "null"]);
    assert_eq!(cells(&batches, 2), ["1", "007", "x", "null", "inf", "null"]);
    let wanted = [
        (NotFinite, 1, vec![(7, 5, "inf")]),
        (NotANumber, 1, vec![(5, 3, "x")]),
        (NotAnInteger, 2, vec![(4, 2, "2.5"), (6, 4, "1e30")]),
    ];
    assert_eq!(faults(&description, 1), wanted);
}

#[test]
fn options_shape_the_file() {
    let source = CsvSource {
        delimiter: Some(";".to_owned()),
        quote: Some("'".to_owned()),
        header: Some(Header::Lowercase),
        null_values: Some(vec!["-".to_owned(), "999".to_owned()]),
        ..CsvSource::default()
    };
    let (batches, description) = read_with("A;B\n1;'x;y'\n999;NA\n2;-\n", &source, &["a"]).unwrap();
    let names: Vec<_> = description.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(cells(&batches, 0), ["1", "null", "2"]);
    assert_eq!(cells(&batches, 1), ["x;y", "NA", "null"]);
}

#[test]
fn without_a_header_the_first_line_is_a_row() {
    let names = ["a", "b"].map(|name| DeclaredColumn {
        name: name.to_owned(),
        column_type: None,
    });
    let source = CsvSource {
        header: Some(Header::Absent),
        columns: names.to_vec(),
        ..CsvSource::default()
    };
    let (batches, description) = read_with("1,x\n,y\n", &source, &[]).unwrap();
    assert_eq!(cells(&batches, 0), ["1", "null"]);
    assert_eq!(faults(&description, 0), [(Null, 1, vec![(2, 1, "")])]);
}

#[test]
fn counts_are_whole_and_examples_are_five() {
    let text = format!("a,b\n{}", "NA,1\n".repeat(200_000));
    let (_, description) = read(&text).unwrap();
    let null = &description.columns[0].faults[0];
    assert_eq!(
        (null.count, null.examples.len(), null.examples[4].line),
        (200_000, 5, Some(6))
    );
}
