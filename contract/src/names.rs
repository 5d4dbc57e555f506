//! Names that cross a boundary, each parsed once: pipelines, stages, runs, model versions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest pipeline or stage name: with a run's suffix and an attempt's hash it still fits a label value (63).
pub const PIPELINE_NAME_MAX: usize = 40;
/// Longest stage name, for the same reason.
pub const STAGE_NAME_MAX: usize = 40;
/// Longest run name: a pipeline's name and a slot or a token's hash.
pub const RUN_NAME_MAX: usize = 57;
/// The pattern of every name: a DNS label (RFC 1123).
pub const DNS_LABEL_PATTERN: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// The pattern of the name of an object of Kubernetes: a DNS subdomain (RFC 1123).
pub const OBJECT_NAME_PATTERN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// The longest name of an object of Kubernetes, and the longest key of a Secret or ConfigMap.
pub const OBJECT_NAME_MAX: usize = 253;

/// Longest name of a model version: `model_YYYYMMDD_HHMMSS_` and a number that no volume reaches.
pub const MODEL_VERSION_NAME_MAX: usize = 40;
/// The pattern of the name of a model version.
pub const MODEL_VERSION_PATTERN: &str = "^model_[0-9]{8}_[0-9]{6}(_([2-9]|[1-9][0-9]+))?$";

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing stands there.
    #[error("a name must not be empty")]
    Empty,
    /// Longer than the kind of name allows.
    #[error("`{name}` has {length} characters, at most {max} are allowed")]
    TooLong {
        /// The text.
        name: String,
        /// Its characters.
        length: usize,
        /// How many are allowed.
        max: usize,
    },
    /// Other characters than a DNS label has.
    #[error("`{name}` is not a DNS label: lower-case letters, digits and `-`, with a letter or digit at both ends")]
    NotADnsLabel {
        /// The text.
        name: String,
    },
    /// Not `model_YYYYMMDD_HHMMSS` with an optional `_N`.
    #[error("`{name}` is not a model version: `model_YYYYMMDD_HHMMSS`, or `model_YYYYMMDD_HHMMSS_2` and so on")]
    NotAModelVersion {
        /// The text.
        name: String,
    },
    /// Not eight hexadecimal digits or more.
    #[error("`{text}` is not a run's uid")]
    NotAUid {
        /// The text.
        text: String,
    },
}

fn dns_label(text: &str, max: usize) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    if !bytes.iter().all(|&b| inner(b)) || !edge(bytes[0]) || !edge(bytes[bytes.len() - 1]) {
        return Err(NameError::NotADnsLabel { name: text.to_owned() });
    }
    if text.len() > max {
        return Err(NameError::TooLong {
            name: text.to_owned(),
            length: text.len(),
            max,
        });
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, |$text:ident| $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $name(String);

        impl $name {
            /// The name that `text` is, or why it is none.
            pub fn parse(text: impl Into<String>) -> Result<Self, NameError> {
                let $text: String = text.into();
                $check?;
                Ok(Self($text))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of an `MLPipeline`: a DNS label of at most 40 characters.
    PipelineName, |text| dns_label(&text, PIPELINE_NAME_MAX)
}
name! {
    /// The name of a stage, unique in its pipeline: a DNS label of at most 40 characters.
    StageName, |text| dns_label(&text, STAGE_NAME_MAX)
}
name! {
    /// The name of a run: a DNS label of at most 57 characters. Two runs of one time never share it; their uids differ always.
    RunName, |text| dns_label(&text, RUN_NAME_MAX)
}
name! {
    /// What tells two runs of one name apart: Kubernetes' uid, or 32 random hexadecimal digits on a laptop.
    RunUid, |text| {
        let hex = text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        if hex && text.len() >= 8 { Ok(()) } else { Err(NameError::NotAUid { text: text.clone() }) }
    }
}
name! {
    /// The name of a model version's folder: `model_YYYYMMDD_HHMMSS` in UTC, with `_2` and so on for a second one in one second.
    ModelVersionName, |text| if is_model_version(&text) { Ok(()) } else { Err(NameError::NotAModelVersion { name: text.clone() }) }
}

impl RunUid {
    /// The first eight digits, which stand in the name of the run's folder.
    pub fn short(&self) -> &str {
        &self.0[..8]
    }
}

impl ModelVersionName {
    /// The version's name without a `_2`: what the engine minted.
    pub fn base(&self) -> &str {
        &self.0[..MODEL_VERSION_BASE_LENGTH]
    }

    /// By what versions are sorted, the oldest first: the second, then the number within it.
    pub fn age(&self) -> (&str, u64) {
        let number = self.0[MODEL_VERSION_BASE_LENGTH..].trim_start_matches('_');
        (self.base(), number.parse().unwrap_or(1))
    }

    /// The `number`-th version of the same second: `model_20260223_104700`, then `model_20260223_104700_2`.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        if number <= 1 {
            Self(self.base().to_owned())
        } else {
            Self(format!("{}_{number}", self.base()))
        }
    }
}

/// Length of `model_YYYYMMDD_HHMMSS`.
const MODEL_VERSION_BASE_LENGTH: usize = 21;

fn is_model_version(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("model_") else {
        return false;
    };
    let digits = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
    let mut parts = rest.split('_');
    let (Some(date), Some(time)) = (parts.next(), parts.next()) else {
        return false;
    };
    let number = match parts.next() {
        None => true,
        Some(n) => !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) && !n.starts_with('0') && n != "1",
    };
    digits(date, 8) && digits(time, 6) && number && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stage_names_table() {
        for (text, wanted) in [
            ("train", true),
            ("a", true),
            ("a-1", true),
            ("1a", true),
            ("", false),
            ("Train", false),
            ("-a", false),
            ("a-", false),
            ("a_b", false),
            ("a.b", false),
            ("ü", false),
            ("0123456789012345678901234567890123456789", true),
            ("01234567890123456789012345678901234567890", false),
        ] {
            assert_eq!(StageName::parse(text).is_ok(), wanted, "{text}");
        }
    }

    #[test]
    fn model_version_names_table() {
        for (text, wanted) in [
            ("model_20260223_104700", true),
            ("model_20260223_104700_2", true),
            ("model_20260223_104700_10", true),
            ("model_20260223_104700_1", false),
            ("model_20260223_104700_02", false),
            ("model_20260223_104700_", false),
            ("model_20260223_1047", false),
            ("model_20260223", false),
            ("20260223_104700", false),
            ("model_20260223_104700_2_3", false),
            ("model_2026022x_104700", false),
        ] {
            assert_eq!(ModelVersionName::parse(text).is_ok(), wanted, "{text}");
        }
        let version = ModelVersionName::parse("model_20260223_104700_3").expect("a version");
        assert_eq!(version.base(), "model_20260223_104700");
        assert_eq!(version.numbered(2).as_str(), "model_20260223_104700_2");
        let ages = [1, 2, 9, 10].map(|number| version.numbered(number));
        assert!(ages.is_sorted_by(|a, b| a.age() < b.age()));
        assert_eq!(version.numbered(1).as_str(), "model_20260223_104700");
    }
}
