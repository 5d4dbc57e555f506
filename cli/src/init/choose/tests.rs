//! What becomes of columns and targets, as tables.

use super::*;
use trainyard_worker::profile::TargetProfile;

/// What becomes of a column of a thousand rows that is as usual but for `change`.
fn left_out(data_type: &str, change: impl FnOnce(&mut ColumnProfile)) -> Option<String> {
    let mut column = column("plan", data_type);
    change(&mut column);
    why_left_out(&column, 1_000)
}

fn column(name: &str, data_type: &str) -> ColumnProfile {
    ColumnProfile {
        name: name.to_owned(),
        data_type: data_type.to_owned(),
        missing: 0,
        infinite: 0,
        there: 1_000,
        looked_at: 1_000,
        distinct: 10,
        constant: false,
        range: None,
        texts: Texts::Words,
        examples: vec!["x".to_owned()],
        words_among_numbers: None,
        says_target: SaysTarget::No,
        key_split: None,
    }
}

#[test]
fn columns_table() {
    type Change = fn(&mut ColumnProfile);
    let key = "is another in every row: a key, not a feature";
    for (name, data_type, change, wanted) in [
        ("a number", "Int8", (|_| {}) as Change, None),
        ("a text", "Utf8", |_| {}, None),
        ("some missing", "Int8", |c| c.missing = 900, None),
        (
            "many missing",
            "Int8",
            |c| c.missing = 960,
            Some("is missing in 960 of 1,000 rows"),
        ),
        (
            "nothing",
            "Utf8",
            |c| (c.there, c.looked_at, c.missing) = (0, 0, 1_000),
            Some("has no value in any row"),
        ),
        (
            "constant",
            "Utf8",
            |c| c.constant = true,
            Some("has the same value in every row, `x`"),
        ),
        (
            "dates",
            "Utf8",
            |c| c.texts = Texts::Dates,
            Some("holds dates: what a date means, such as an age, has to be worked out first"),
        ),
        (
            "infinite",
            "Float64",
            |c| c.infinite = 2,
            Some("holds infinite numbers, 2 of them, which no model can take"),
        ),
        (
            "huge",
            "Float64",
            |c| c.range = Some((-1e304, 1.0)),
            Some("holds numbers beyond 1e150, too large to compute with"),
        ),
        (
            "free text",
            "Utf8",
            |c| c.distinct = 700,
            Some("has 700 different texts, too many to be categories"),
        ),
        ("cities", "Utf8", |c| c.distinct = 400, None),
        ("a key of texts", "Utf8", |c| c.distinct = 1_000, Some(key)),
        (
            "a numbering",
            "Int16",
            |c| (c.distinct, c.range) = (1_000, Some((1.0, 1_000.0))),
            Some(key),
        ),
        (
            "a measurement",
            "Int32",
            |c| (c.distinct, c.range) = (1_000, Some((1.0, 1e6))),
            None,
        ),
    ] {
        assert_eq!(left_out(data_type, change).as_deref(), wanted, "{name}");
    }
    let named = |distinct| {
        left_out("Int8", |column| {
            column.distinct = distinct;
            column.name = "shop_id".to_owned();
        })
    };
    assert_eq!(named(800).as_deref(), Some("names something and describes nothing"));
    assert_eq!(named(5).as_deref(), Some("names something and describes nothing"));
    assert_eq!(named(3), None);
}

#[test]
fn names_of_keys_table() {
    for (name, wanted) in [
        ("id", true),
        ("ID", true),
        ("customer_id", true),
        ("customerId", true),
        ("customer ID", true),
        ("uuid", true),
        ("paid", false),
        ("Covid", false),
        ("age", false),
        ("id_type", false),
    ] {
        assert_eq!(is_named_key(name), wanted, "{name}");
    }
}

#[test]
fn targets_table() {
    let profile = |classes| TableProfile {
        extract: trainyard_contract::stage::ExtractSpec::default(),
        rows: 100,
        columns: vec![column("age", "Int8"), column("y", "Utf8")],
        target: Some(TargetProfile { classes }),
        null_words: Vec::new(),
    };
    let few = |classes: &[(&str, u64)]| {
        TargetClasses::Few(
            classes
                .iter()
                .map(|(label, rows)| ((*label).to_owned(), *rows))
                .collect(),
        )
    };
    let many = TargetClasses::Few((0..30).map(|i| (i.to_string(), 2)).collect());
    for (classes, wanted) in [
        (few(&[("no", 60), ("yes", 40)]), "Random"),
        (
            few(&[("no", 20), ("yes", 10)]),
            "30 rows with a class: too few to hold some out",
        ),
        (
            few(&[("no", 97), ("yes", 3)]),
            "3 rows of the class `yes`: too few to hold some out",
        ),
        (few(&[("no", 60), ("yes", 40), ("perhaps", 1)]), "Random"),
        (few(&[("no", 100)]), "`y` has one class only, `no`"),
        (few(&[]), "`y` has no value in any row"),
        (
            TargetClasses::Fractions,
            "`y` holds numbers with a fraction: it is a measurement, not a class",
        ),
        (
            TargetClasses::TooMany,
            "`y` has more than 1,000 different values: it is a key or a measurement, not a class",
        ),
        (
            many,
            "`y` has 30 different values in 60 rows: it is a key or a measurement, not a class",
        ),
    ] {
        let profile = profile(classes);
        let found = match choose(&profile, &profile.columns[1]) {
            Err(refusal) => refusal.message,
            Ok(Plan {
                split: Split::Nothing { reason },
                ..
            }) => reason,
            Ok(plan) => format!("{:?}", plan.split),
        };
        assert_eq!(found, wanted);
    }
}
