//! What a schema asks for, in words.

use trainyard_contract::Duration;
use trainyard_contract::duration::DURATION_PATTERN;
use trainyard_contract::names::DNS_LABEL_PATTERN;
use trainyard_contract::stage::{CONFIG_MAP_KEY_PATTERN, CONFIG_MAP_NAME_PATTERN};
use trainyard_crds::v1alpha1::QUANTITY_PATTERN;

/// A pattern of the schema: whether a text has it, and what is said of one that has not. A test holds the patterns against
/// those of the schema, so that none is without words.
pub(super) struct Pattern {
    pub(super) regex: &'static str,
    pub(super) fits: fn(&str) -> bool,
    pub(super) words: &'static str,
}

/// All patterns of the schema.
pub(super) const PATTERNS: [Pattern; 11] = [
    Pattern {
        regex: DNS_LABEL_PATTERN,
        fits: is_dns_label,
        words: "is not a DNS label: lower-case letters, digits and `-`, with a letter or digit at both ends",
    },
    Pattern {
        regex: DURATION_PATTERN,
        fits: is_duration,
        words: "is not a duration; write it like `90s`, `1h30m` or `500ms`",
    },
    Pattern {
        regex: QUANTITY_PATTERN,
        fits: trainyard_crds::v1alpha1::is_quantity,
        words: "is not a quantity; write it like `500m`, `2`, `256Mi` or `5Gi`",
    },
    Pattern {
        regex: r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$",
        fits: |text| is_dns_label(&text.replace('.', "-")),
        words: "is not a DNS name: lower-case letters, digits, `-` and `.`, with a letter or digit at both ends",
    },
    Pattern {
        regex: CONFIG_MAP_NAME_PATTERN,
        fits: |text| text.split('.').all(is_dns_label),
        words: "is not the name of a ConfigMap: DNS labels (lower-case letters, digits and `-`) with `.` between them",
    },
    Pattern {
        regex: CONFIG_MAP_KEY_PATTERN,
        fits: |text| {
            !matches!(text, "" | ".")
                && !text.starts_with("..")
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        },
        words: "is not a key of a ConfigMap: letters, digits, `-`, `_` and `.`, and neither `.` nor `..` at the beginning",
    },
    Pattern {
        regex: "^[A-Za-z0-9_-]*$",
        fits: |text| {
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        },
        words: "is not the name of a parameter: letters, digits, `_` and `-`",
    },
    Pattern {
        regex: "^[A-Za-z_][A-Za-z0-9_]*$",
        fits: |text| {
            !text.starts_with(|c: char| c.is_ascii_digit())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        },
        words: "is not the name of an environment variable: a letter or `_`, then letters, digits and `_`",
    },
    Pattern {
        regex: r"^[\t -~]$",
        fits: |text| matches!(text.as_bytes(), [b'\t' | b' '..=b'~']),
        words: "must be one character of ASCII; a tab is `\"\\t\"` in double quotes",
    },
    Pattern {
        regex: r"^[1-9](\.[0-9]{1,3})?$",
        fits: is_small_number,
        words: "must be a number from 1 to 9.999, in quotes",
    },
    Pattern {
        regex: r"^[!-~]$",
        fits: |text| matches!(text.as_bytes(), [b'!'..=b'~']),
        words: "must be one character of ASCII",
    },
];

fn is_dns_label(text: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = text.as_bytes();
    edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

fn is_small_number(text: &str) -> bool {
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    matches!(whole.as_bytes(), [b'1'..=b'9'])
        && fraction.is_none_or(|f| (1..=3).contains(&f.len()) && f.bytes().all(|b| b.is_ascii_digit()))
}

/// The most digits of each unit that an API server lets pass.
const DIGITS: [(&str, usize); 4] = [("h", 6), ("ms", 9), ("m", 8), ("s", 9)];

fn is_duration(text: &str) -> bool {
    let long = |part: &str| {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        DIGITS
            .iter()
            .any(|(unit, most)| part[digits..] == **unit && digits > *most)
    };
    let ends = |(i, c): (usize, char)| {
        c.is_ascii_alphabetic() && !text[i + 1..].starts_with(|c: char| c.is_ascii_alphabetic())
    };
    let mut rest = text;
    let mut parts = Vec::new();
    for end in text.char_indices().filter(|at| ends(*at)).map(|(i, _)| i + 1) {
        let (part, after) = rest.split_at(end - (text.len() - rest.len()));
        parts.push(part);
        rest = after;
    }
    Duration::parse(text).is_ok() && !parts.into_iter().any(long)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::schema;
    use kube::core::cel::{Validator, compile_schema};
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    fn patterns<'a>(schema: &'a Value, found: &mut BTreeSet<&'a str>) {
        found.extend(schema["pattern"].as_str());
        for child in [&schema["items"], &schema["additionalProperties"]] {
            if child.is_object() {
                patterns(child, found);
            }
        }
        for child in schema["properties"]
            .as_object()
            .into_iter()
            .flat_map(|properties| properties.values())
        {
            patterns(child, found);
        }
    }

    #[test]
    fn each_pattern_of_the_schema_has_words() {
        let mut found = BTreeSet::new();
        patterns(schema::pipeline(), &mut found);
        let known: BTreeSet<&str> = PATTERNS.iter().map(|pattern| pattern.regex).collect();
        assert_eq!(found, known);
    }

    /// Texts that are near to one pattern or another.
    const TEXTS: [&str; 36] = [
        "a", "a-1", "-a", "a-", "a.b", "a..b", ".a", "A", "a_b", "_A1", "1A", "90s", "1h30m", "1m1h", "1h1h", "500ms",
        ".", "..", "..a", "a/b", "a.-b", "_.a", "1.5h", "1 h", "9999999h", "1ms1s", "2", "2Gi", "1.5Ki", "500m", "1e3",
        "1e", "1.", "\t", " ", "é",
    ];

    fn agree(text: &str) {
        let validator = Validator::new();
        for Pattern { regex, fits, words } in PATTERNS {
            let rule =
                json!({"type": "string", "x-kubernetes-validations": [{"rule": format!("self.matches(r'{regex}')")}]});
            let matches = validator
                .validate_compiled(&compile_schema(&rule), &json!(text), None)
                .is_ok();
            // Empty texts, and durations without a part, are refused by their length.
            assert!(text.is_empty() || fits(text) == matches, "{text:?} {words}");
        }
    }

    #[test]
    fn the_functions_are_the_patterns() {
        TEXTS.into_iter().for_each(agree);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_functions_are_the_patterns_for_any_text(text in "[a-zA-Z0-9._ -]{0,4}|([0-9]{1,10}(h|m|s|ms)){1,4}|[0-9.]{1,4}[kmGMi]{0,2}") {
            agree(&text);
        }
    }
}
