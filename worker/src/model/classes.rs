//! The classes that a model tells apart: all whole numbers, or all texts.
//!
//! In a file they are a plain JSON array, `[0, 1]` or `["no", "yes"]`, sorted: numbers by value, texts by code point.
//!
//! Not here: which classes a dataset has (the stage that reads the target column).

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use std::fmt;

/// The classes in the order of the model's rows and of the columns of its probabilities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Classes {
    /// Whole numbers, in numeric order, none twice.
    Whole(Vec<i64>),
    /// Texts, by code point, none twice.
    Text(Vec<String>),
}

impl Classes {
    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Whole(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }

    /// Every class as people write it, in order: `-3`, `yes`.
    pub fn labels(&self) -> Vec<String> {
        match self {
            Self::Whole(values) => values.iter().map(ToString::to_string).collect(),
            Self::Text(values) => values.clone(),
        }
    }

    /// Where the class that a manifest calls `label` stands. Whole numbers are compared by value: `1.0` is class 1.
    pub fn position(&self, label: &str) -> Option<usize> {
        match self {
            Self::Whole(values) => whole(label).and_then(|wanted| values.binary_search(&wanted).ok()),
            Self::Text(values) => values.binary_search_by(|value| value.as_str().cmp(label)).ok(),
        }
    }

    /// Whether they stand in order and none stands twice.
    pub(super) fn are_sorted(&self) -> bool {
        match self {
            Self::Whole(values) => values.is_sorted_by(|left, right| left < right),
            Self::Text(values) => values.is_sorted_by(|left, right| left < right),
        }
    }
}

/// Up to here every whole number is a float64 of its own, so that a label written as a decimal names one class only.
const EXACT_WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

fn whole(label: &str) -> Option<i64> {
    if let Ok(value) = label.parse() {
        return Some(value);
    }
    let value: f64 = label.parse().ok()?;
    let exact = value.fract() == 0.0 && value.abs() <= EXACT_WHOLE_MAX;
    #[expect(clippy::cast_possible_truncation, reason = "whole and at most 2^53")]
    exact.then_some(value as i64)
}

impl Serialize for Classes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(values) => values.serialize(serializer),
            Self::Text(values) => values.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Classes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ClassesVisitor)
    }
}

struct ClassesVisitor;

impl<'de> Visitor<'de> for ClassesVisitor {
    type Value = Classes;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of classes, all whole numbers or all texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Classes, A::Error> {
        let (mut numbers, mut texts) = (Vec::new(), Vec::new());
        while let Some(item) = items.next_element()? {
            match item {
                Class::Whole(value) => numbers.push(value),
                Class::Text(value) => texts.push(value),
            }
            if let (Some(number), Some(text)) = (numbers.first(), texts.first()) {
                let message =
                    format!("classes are all whole numbers or all texts, but here stand {number} and `{text}`");
                return Err(de::Error::custom(message));
            }
        }
        Ok(if texts.is_empty() {
            Classes::Whole(numbers)
        } else {
            Classes::Text(texts)
        })
    }
}

/// One item of the list.
enum Class {
    Whole(i64),
    Text(String),
}

impl<'de> Deserialize<'de> for Class {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ClassVisitor)
    }
}

struct ClassVisitor;

impl Visitor<'_> for ClassVisitor {
    type Value = Class;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a whole number between -2^63 and 2^63 - 1, or a text")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Class, E> {
        Ok(Class::Whole(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Class, E> {
        i64::try_from(value)
            .map(Class::Whole)
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Class, E> {
        Ok(Class::Text(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_back_as_it_was_written() {
        for (classes, json) in [
            (
                Classes::Whole(vec![i64::MIN, -1, 0, i64::MAX]),
                "[-9223372036854775808,-1,0,9223372036854775807]",
            ),
            (
                Classes::Text(vec![String::new(), "1".into(), "Z".into(), "é".into()]),
                r#"["","1","Z","é"]"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&classes).unwrap(), json);
            assert_eq!(serde_json::from_str::<Classes>(json).unwrap(), classes);
        }
    }

    #[test]
    fn what_is_no_list_of_classes_is_refused_with_its_reason() {
        for (json, reason) in [
            (
                r#"[0, "a"]"#,
                "all whole numbers or all texts, but here stand 0 and `a`",
            ),
            ("[0.5]", "invalid type: floating point `0.5`, expected a whole number"),
            ("[9223372036854775808]", "expected a whole number between"),
            ("[null]", "invalid type: null"),
            ("7", "expected a list of classes"),
        ] {
            let message = serde_json::from_str::<Classes>(json).unwrap_err().to_string();
            assert!(message.contains(reason), "{json}: {message}");
        }
    }

    #[test]
    fn a_label_finds_its_class() {
        let whole = Classes::Whole(vec![-3, 0, 7]);
        let text = Classes::Text(vec!["0".into(), "no".into()]);
        for (classes, label, position) in [
            (&whole, "-3", Some(0)),
            (&whole, "7.0", Some(2)),
            (&whole, "-0.0", Some(1)),
            (&whole, "7.5", None),
            (&whole, "nan", None),
            (&whole, "1e300", None),
            (&whole, "", None),
            (&text, "0", Some(0)),
            (&text, "0.0", None),
            (&text, "no", Some(1)),
        ] {
            assert_eq!(classes.position(label), position, "{label}");
        }
        assert_eq!(whole.labels(), ["-3", "0", "7"]);
    }

    #[test]
    fn order_is_by_value_and_by_code_point() {
        assert!(Classes::Whole(vec![-2, 9, 10]).are_sorted());
        assert!(!Classes::Whole(vec![1, 1]).are_sorted());
        assert!(Classes::Text(vec!["10".into(), "9".into(), "a".into()]).are_sorted());
        assert!(!Classes::Text(vec!["a".into(), "Z".into()]).are_sorted());
    }
}
