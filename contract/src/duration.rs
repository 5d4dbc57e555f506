//! Durations as people write them in a manifest: `90s`, `1h30m`, `500ms`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The pattern of a duration: whole numbers with a unit (`h`, `m`, `s`, `ms`), largest unit first, each at most once.
pub const DURATION_PATTERN: &str = "^([0-9]{1,6}h)?([0-9]{1,8}m)?([0-9]{1,9}s)?([0-9]{1,9}ms)?$";

/// A length of time in whole milliseconds, at least 0; as text `1h30m`, `90s`, `500ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Duration(u64);

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a duration; write it like `90s`, `1h30m` or `500ms`")]
pub struct DurationError {
    text: String,
}

impl Duration {
    /// So many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// So many seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * 1_000)
    }

    /// In milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The duration that `text` is.
    pub fn parse(text: &str) -> Result<Self, DurationError> {
        let wrong = || DurationError { text: text.to_owned() };
        let mut rest = text;
        let mut millis = 0_u64;
        let mut smallest = u64::MAX;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
            rest = &rest[digits..];
            let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let unit = match &rest[..letters] {
                "h" => 3_600_000,
                "m" => 60_000,
                "s" => 1_000,
                "ms" => 1,
                _ => return Err(wrong()),
            };
            rest = &rest[letters..];
            if unit >= smallest {
                return Err(wrong());
            }
            smallest = unit;
            millis = number
                .checked_mul(unit)
                .and_then(|part| millis.checked_add(part))
                .ok_or_else(wrong)?;
        }
        if smallest == u64::MAX {
            Err(wrong())
        } else {
            Ok(Self(millis))
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        for (unit, name) in [(3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")] {
            let below = match name {
                "h" => u64::MAX,
                "m" => 3_600_000,
                "s" => 60_000,
                _ => 1_000,
            };
            let count = self.0 % below / unit;
            if count > 0 {
                write!(f, "{count}{name}")?;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Duration {
    type Error = DurationError;

    fn try_from(text: String) -> Result<Self, DurationError> {
        Self::parse(&text)
    }
}

impl From<Duration> for String {
    fn from(duration: Duration) -> Self {
        duration.to_string()
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "minLength": 2, "maxLength": 32, "pattern": DURATION_PATTERN})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_table() {
        for (text, millis) in [
            ("90s", Some(90_000)),
            ("1h30m", Some(5_400_000)),
            ("500ms", Some(500)),
            ("1m1ms", Some(60_001)),
            ("0s", Some(0)),
            ("", None),
            ("1", None),
            ("s", None),
            ("1s1m", None),
            ("1s1s", None),
            ("-1s", None),
            ("1.5s", None),
            ("1 s", None),
            ("99999999999999999999h", None),
        ] {
            assert_eq!(Duration::parse(text).ok().map(Duration::as_millis), millis, "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for millis in [0, 1, 999, 1_000, 61_000, 3_600_000, 5_400_500, 86_400_000] {
            let text = Duration::from_millis(millis).to_string();
            assert_eq!(Duration::parse(&text).map(Duration::as_millis), Ok(millis), "{text}");
        }
    }
}
