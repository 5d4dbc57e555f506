//! The patterns of the schema, and what is said of a text that has not one: once for `trainyard lint`, the API server and the
//! reference.
//!
//! An API server's own words for a pattern repeat the expression, which few people read. So a definition carries none: each is
//! a rule in CEL there, with the words that stand here (`definition.rs`). `lint` uses the functions, since compiling the rules
//! takes longer than everything else that it does; a test of its own holds them against the expressions.

use trainyard_contract::duration::DURATION_PATTERN;
use trainyard_contract::names::{DNS_LABEL_PATTERN, MODEL_VERSION_PATTERN, OBJECT_NAME_PATTERN};
use trainyard_contract::stage::OBJECT_KEY_PATTERN;
use trainyard_contract::{Duration, ModelVersionName};

/// The pattern of a quantity where it is text: a number with an optional unit, as Kubernetes has it.
pub const QUANTITY_PATTERN: &str = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|e[0-9]{1,2})?$";
/// The pattern of the name of a parameter.
pub const PARAMETER_NAME_PATTERN: &str = "^[A-Za-z0-9_-]*$";
/// The pattern of the name of an environment variable.
pub const ENV_NAME_PATTERN: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
/// The pattern of a factor, which is text because two programs may write one floating-point number in two ways.
pub const FACTOR_PATTERN: &str = r"^[1-9](\.[0-9]{1,3})?$";
/// The pattern of the name of an image, with a tag or a digest: its characters only; what it means, a registry knows.
pub const IMAGE_PATTERN: &str = "^[A-Za-z0-9]([-A-Za-z0-9._/:@]*[A-Za-z0-9])?$";
/// The pattern of the key of a label, as an API server has it, less the length of the part before the `/`.
pub const LABEL_KEY_PATTERN: &str = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$";
/// The longest key of a label: a DNS name, `/` and a name.
pub const LABEL_KEY_MAX: usize = 317;
/// The pattern of the value of a label, as an API server has it, less its length.
pub const LABEL_VALUE_PATTERN: &str = "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$";
/// The longest value of a label.
pub const LABEL_VALUE_MAX: usize = 63;
/// The pattern of the name of a resource that a container takes.
pub const RESOURCE_NAME_PATTERN: &str = r"^(cpu|memory|ephemeral-storage|hugepages-[A-Za-z0-9.]+|[a-z0-9]([-.a-z0-9]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)$";
/// The pattern of a slot: a whole minute in UTC; that a month has no such day is not its business.
pub const SLOT_PATTERN: &str =
    "^(19[7-9]|[2-9][0-9][0-9])[0-9]-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:00Z$";
/// The pattern of the digest of a model version.
pub const DIGEST_PATTERN: &str = "^sha256:[0-9a-f]{64}$";

/// What is said of a `$(…)` where a name of something else stands: who starts a run must not be able to point it elsewhere.
pub const FIXED: &str = "no `$(…)` can stand here: names and images are fixed, a run cannot choose them";

/// A pattern of the schema: whether a text has it, and what is said of one that has not.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// The expression, as the schema has it.
    pub regex: &'static str,
    /// Whether a text has it. An empty one may have it or not: its length refuses it.
    pub fits: fn(&str) -> bool,
    /// What is said of a text that has it not, behind that text.
    pub words: &'static str,
    /// Whether the text names something, so that [`FIXED`] is said of a `$(…)` in it.
    pub names: bool,
}

impl Pattern {
    /// The pattern with an expression.
    pub fn of(regex: &str) -> Option<&'static Self> {
        PATTERNS.iter().find(|pattern| pattern.regex == regex)
    }

    /// What is said of a text, if it has not the pattern.
    pub fn refusal(&self, text: &str) -> Option<&'static str> {
        if self.names && text.contains("$(") {
            return Some(FIXED);
        }
        (!(self.fits)(text)).then_some(self.words)
    }
}

/// All patterns of the schema.
pub const PATTERNS: [Pattern; 17] = [
    Pattern {
        regex: DNS_LABEL_PATTERN,
        fits: is_dns_label,
        words: "is not a DNS label: lower-case letters, digits and `-`, with a letter or digit at both ends",
        names: true,
    },
    Pattern {
        regex: OBJECT_NAME_PATTERN,
        fits: |text| text.split('.').all(is_dns_label),
        words: "is not the name of an object: DNS labels (lower-case letters, digits and `-`) with `.` between them",
        names: true,
    },
    Pattern {
        regex: OBJECT_KEY_PATTERN,
        fits: is_object_key,
        words: "is not the key of a Secret or ConfigMap: letters, digits, `-`, `_` and `.`, and neither `.` nor `..` at the beginning",
        names: true,
    },
    Pattern {
        regex: IMAGE_PATTERN,
        fits: |text| has_ends(text, is_letter_or_digit) && all(text, b"-._/:@"),
        words: "is not the name of an image; write it like `registry.example/team/worker:1.4`",
        names: true,
    },
    Pattern {
        regex: DURATION_PATTERN,
        fits: is_duration,
        words: "is not a duration; write it like `90s`, `1h30m` or `500ms`",
        names: false,
    },
    Pattern {
        regex: QUANTITY_PATTERN,
        fits: crate::v1alpha1::is_quantity,
        words: "is not a quantity; write it like `500m`, `2`, `256Mi` or `5Gi`",
        names: false,
    },
    Pattern {
        regex: RESOURCE_NAME_PATTERN,
        fits: is_resource_name,
        words: "is not a resource: `cpu`, `memory`, `ephemeral-storage`, `hugepages-…`, or one with a domain like `example.com/gpu`",
        names: false,
    },
    Pattern {
        regex: LABEL_KEY_PATTERN,
        fits: is_label_key,
        words: "is not the key of a label: at most 63 letters, digits, `-`, `_` and `.`, a letter or digit at both ends, with a DNS name and `/` before them if need be",
        names: false,
    },
    Pattern {
        regex: LABEL_VALUE_PATTERN,
        fits: |text| text.is_empty() || (has_ends(text, is_letter_or_digit) && all(text, b"-_.")),
        words: "is not the value of a label: letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
        names: false,
    },
    Pattern {
        regex: PARAMETER_NAME_PATTERN,
        fits: |text| all(text, b"_-"),
        words: "is not the name of a parameter: letters, digits, `_` and `-`",
        names: false,
    },
    Pattern {
        regex: ENV_NAME_PATTERN,
        fits: |text| !text.starts_with(|c: char| c.is_ascii_digit()) && all(text, b"_"),
        words: "is not the name of an environment variable: a letter or `_`, then letters, digits and `_`",
        names: false,
    },
    Pattern {
        regex: r"^[\t -~]$",
        fits: |text| matches!(text.as_bytes(), [b'\t' | b' '..=b'~']),
        words: "must be one character of ASCII; a tab is `\"\\t\"` in double quotes",
        names: false,
    },
    Pattern {
        regex: r"^[!-~]$",
        fits: |text| matches!(text.as_bytes(), [b'!'..=b'~']),
        words: "must be one character of ASCII",
        names: false,
    },
    Pattern {
        regex: FACTOR_PATTERN,
        fits: is_small_number,
        words: "must be a number from 1 to 9.999, in quotes",
        names: false,
    },
    Pattern {
        regex: DIGEST_PATTERN,
        fits: is_digest,
        words: "is not a digest: `sha256:` and 64 hexadecimal digits",
        names: false,
    },
    Pattern {
        regex: SLOT_PATTERN,
        fits: is_slot,
        words: "is not a due time: a whole minute in UTC, like `2026-11-24T05:30:00Z`",
        names: false,
    },
    Pattern {
        regex: MODEL_VERSION_PATTERN,
        fits: |text| ModelVersionName::parse(text).is_ok(),
        words: "is not a model version: `model_YYYYMMDD_HHMMSS`, or `model_YYYYMMDD_HHMMSS_2` and so on",
        names: false,
    },
];

fn is_letter_or_digit(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

fn is_lower_case_or_digit(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

/// Whether both ends of a text are of a sort.
fn has_ends(text: &str, of: fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|b| of(*b)) && bytes.last().is_some_and(|b| of(*b))
}

/// Whether a text has letters, digits and these only.
fn all(text: &str, others: &[u8]) -> bool {
    text.bytes().all(|b| is_letter_or_digit(b) || others.contains(&b))
}

fn is_dns_label(text: &str) -> bool {
    has_ends(text, is_lower_case_or_digit) && text.bytes().all(|b| is_lower_case_or_digit(b) || b == b'-')
}

fn is_object_key(text: &str) -> bool {
    !matches!(text, "" | ".") && !text.starts_with("..") && all(text, b"-_.")
}

fn is_label_key(text: &str) -> bool {
    let (domain, name) = text
        .split_once('/')
        .map_or((None, text), |(domain, name)| (Some(domain), name));
    domain.is_none_or(|domain| domain.split('.').all(is_dns_label))
        && has_ends(name, is_letter_or_digit)
        && all(name, b"-_.")
        && name.len() <= LABEL_VALUE_MAX
}

fn is_resource_name(text: &str) -> bool {
    if let Some(size) = text.strip_prefix("hugepages-")
        && !size.contains('/')
    {
        return !size.is_empty() && all(size, b".");
    }
    match text.split_once('/') {
        None => matches!(text, "cpu" | "memory" | "ephemeral-storage"),
        Some((domain, name)) => {
            let of_domain = |b: u8| is_lower_case_or_digit(b) || matches!(b, b'-' | b'.');
            has_ends(domain, is_lower_case_or_digit)
                && domain.bytes().all(of_domain)
                && has_ends(name, is_letter_or_digit)
                && all(name, b"-_.")
        }
    }
}

fn is_slot(text: &str) -> bool {
    let shape = |(b, wanted): (u8, u8)| {
        if wanted == b'0' {
            b.is_ascii_digit()
        } else {
            b == wanted
        }
    };
    let number = |from: usize| text.get(from..from + 2).and_then(|digits| digits.parse::<u32>().ok());
    let within = |from, least, most| number(from).is_some_and(|number| (least..=most).contains(&number));
    text.len() == 20
        && text.bytes().zip(*b"0000-00-00T00:00:00Z").all(shape)
        && text >= "1970"
        && within(5, 1, 12)
        && within(8, 1, 31)
        && within(11, 0, 23)
        && within(14, 0, 59)
        && within(17, 0, 0)
}

fn is_digest(text: &str) -> bool {
    let hexadecimal = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.strip_prefix("sha256:")
        .is_some_and(|digits| digits.len() == 64 && digits.bytes().all(hexadecimal))
}

fn is_small_number(text: &str) -> bool {
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    matches!(whole.as_bytes(), [b'1'..=b'9'])
        && fraction.is_none_or(|f| (1..=3).contains(&f.len()) && f.bytes().all(|b| b.is_ascii_digit()))
}

/// The most digits of each unit that the pattern of durations lets pass.
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
    use kube::core::cel::{CompiledSchema, Validator, compile_schema};
    use proptest::prelude::*;
    use serde_json::json;
    use std::cell::OnceCell;

    /// Texts that are near to one pattern or another.
    const TEXTS: [&str; 68] = [
        "a",
        "a-1",
        "-a",
        "a-",
        "a.b",
        "a..b",
        ".a",
        "A",
        "a_b",
        "_A1",
        "1A",
        "90s",
        "1h30m",
        "1m1h",
        "1h1h",
        "500ms",
        ".",
        "..",
        "..a",
        "a/b",
        "a.-b",
        "_.a",
        "1.5h",
        "1 h",
        "9999999h",
        "1ms1s",
        "2",
        "2Gi",
        "1.5Ki",
        "500m",
        "1e3",
        "1e",
        "1.",
        "\t",
        " ",
        "é",
        "cpu",
        "memroy",
        "hugepages-2Mi",
        "hugepages-",
        "hugepages-a/b",
        "a.b/c",
        "A.b/c",
        "a.b/C_d",
        "a.b/",
        "/c",
        "a/b/c",
        "a.b/-",
        "r.io/t/w:1@sha256:00",
        "w:",
        "a b",
        "sha256:",
        "model_20260223_104700",
        "model_20260223_104700_2",
        "model_20260223_104700_1",
        "model_20260223_104700_02",
        "model_20260223_104700_12",
        "model_2026022_104700",
        "ephemeral-storage",
        "$(run.name)",
        "2026-11-24T05:30:00Z",
        "2026-02-31T23:59:00Z",
        "1969-12-31T23:59:00Z",
        "2026-13-24T05:30:00Z",
        "2026-11-32T05:30:00Z",
        "2026-11-24T24:30:00Z",
        "2026-11-24T05:30:30Z",
        "2026-11-24T05:30:00+01:00",
    ];

    thread_local! {
        static PROGRAMS: OnceCell<Vec<CompiledSchema>> = const { OnceCell::new() };
    }

    fn agree(text: &str) {
        let validator = Validator::new();
        let compile = || {
            let rule = |regex: &str| json!([{"rule": format!("self.matches(r'{regex}')")}]);
            let schema = |pattern: &Pattern| json!({"type": "string", "x-kubernetes-validations": rule(pattern.regex)});
            PATTERNS
                .iter()
                .map(|pattern| compile_schema(&schema(pattern)))
                .collect()
        };
        PROGRAMS.with(|programs| {
            for (Pattern { fits, words, .. }, program) in PATTERNS.iter().zip(programs.get_or_init(compile)) {
                let matches = validator.validate_compiled(program, &json!(text), None).is_ok();
                // Empty texts, and durations without a part, are refused by their length.
                assert!(text.is_empty() || fits(text) == matches, "{text:?} {words}");
            }
        });
    }

    #[test]
    fn the_functions_are_the_patterns() {
        TEXTS.into_iter().for_each(agree);
        agree(&"a".repeat(63));
        agree(&"a".repeat(64));
        agree(&format!("sha256:{}", "0f".repeat(32)));
        agree(&format!("sha256:{}", "0F".repeat(32)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_functions_are_the_patterns_for_any_text(
            text in "[a-zA-Z0-9._/:@ -]{0,6}|([0-9]{1,10}(h|m|s|ms)){1,4}|[0-9.]{1,4}[kmGMi]{0,2}|[12][09][0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:0[01]Z|model_[0-9]{7,9}_[0-9]{6}(_[0-9]{1,2})?"
        ) {
            agree(&text);
        }
    }

    #[test]
    fn a_value_is_refused_in_a_name_and_not_elsewhere() {
        let of = |regex| Pattern::of(regex).expect("a pattern");
        assert_eq!(of(OBJECT_NAME_PATTERN).refusal("$(parameters.secret)"), Some(FIXED));
        assert_eq!(of(OBJECT_NAME_PATTERN).refusal("warehouse"), None);
        assert!(
            of(DURATION_PATTERN)
                .refusal("$(parameters.wait)")
                .is_some_and(|words| words != FIXED)
        );
    }
}
