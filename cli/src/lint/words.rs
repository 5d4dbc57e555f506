//! What a schema asks for, in words.

use trainyard_contract::Duration;
use trainyard_contract::duration::DURATION_PATTERN;
use trainyard_contract::names::DNS_LABEL_PATTERN;
use trainyard_crds::v1alpha1::QUANTITY_PATTERN;

/// A pattern of the schema: whether a text has it, and what is said of one that has not. A test holds the patterns against
/// those of the schema, so that none is without words.
pub(super) struct Pattern {
    pub(super) regex: &'static str,
    pub(super) fits: fn(&str) -> bool,
    pub(super) words: &'static str,
}

/// All patterns of the schema.
pub(super) const PATTERNS: [Pattern; 9] = [
    Pattern {
        regex: DNS_LABEL_PATTERN,
        fits: is_dns_label,
        words: "is not a DNS label: lower-case letters, digits and `-`, with a letter or digit at both ends",
    },
    Pattern {
        regex: DURATION_PATTERN,
        fits: |text| Duration::parse(text).is_ok(),
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
