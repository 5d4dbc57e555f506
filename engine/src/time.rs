//! Points in time, as the caller brings them.
//!
//! Not here: a clock. Nothing in this crate asks what time it is.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;
use trainyard_contract::{Duration, ModelVersionName};

/// The last millisecond of the year 9999: beyond it a model version's name would need a fifth digit for the year.
const LATEST: i64 = 253_402_300_799_999;
/// How a model version is named after its second.
const NAME: &str = "model_%Y%m%d_%H%M%S";

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z, between the years 1970 and 9999; as text RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

/// A text that is no point in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a time; write it like `2026-11-24T05:30:00Z`")]
pub struct TimestampError {
    text: String,
}

impl Timestamp {
    /// So many milliseconds since the epoch; what lies outside of the years 1970 to 9999 becomes their border.
    pub const fn from_millis(millis: i64) -> Self {
        Self(if millis < 0 {
            0
        } else if millis > LATEST {
            LATEST
        } else {
            millis
        })
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The time that an RFC 3339 text names.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        DateTime::parse_from_rfc3339(text)
            .map(|time| Self::from_millis(time.timestamp_millis()))
            .map_err(|_| TimestampError { text: text.to_owned() })
    }

    /// The time `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(LATEST);
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// The time `duration` earlier; not before 1970.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(LATEST);
        Self::from_millis(self.0.saturating_sub(millis))
    }

    /// How long after `earlier` this is; nothing when it is before.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The name of a model version that begins at this second.
    #[expect(
        clippy::missing_panics_doc,
        reason = "the range of years is kept by every constructor"
    )]
    pub fn model_version(self) -> ModelVersionName {
        ModelVersionName::parse(self.utc().format(NAME).to_string()).expect("a year of four digits makes a valid name")
    }

    /// The same, and later than `newest`, which a clock that was ahead may have named: what is made later is newer by its name too.
    pub fn model_version_after(self, newest: Option<&ModelVersionName>) -> ModelVersionName {
        let own = self.model_version();
        let ahead = newest.filter(|newest| newest.base() > own.base());
        let second = ahead.and_then(|newest| NaiveDateTime::parse_from_str(newest.base(), NAME).ok());
        second.map_or(own, |second| {
            Self::from_millis(second.and_utc().timestamp_millis() + 1_000).model_version()
        })
    }

    pub(crate) fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).expect("years 1970 to 9999 are in chrono's range")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;

    fn try_from(text: String) -> Result<Self, TimestampError> {
        Self::parse(&text)
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_version_is_named_after_its_second_in_utc() {
        for (time, name) in [
            ("2026-02-23T10:47:00Z", "model_20260223_104700"),
            ("2026-02-23T11:47:00.999+01:00", "model_20260223_104700"),
            ("1970-01-01T00:00:00Z", "model_19700101_000000"),
            ("9999-12-31T23:59:59Z", "model_99991231_235959"),
        ] {
            let time = Timestamp::parse(time).expect(time);
            assert_eq!(time.model_version().as_str(), name);
        }
    }

    #[test]
    fn a_model_version_is_never_named_before_the_one_in_use() {
        let noon = Timestamp::parse("2026-02-23T12:00:00Z").expect("a time");
        for (newest, name) in [
            (None, "model_20260223_120000"),
            (Some("model_20260223_115959_7"), "model_20260223_120000"),
            // Of one second the number decides, which whoever commits gives.
            (Some("model_20260223_120000_2"), "model_20260223_120000"),
            (Some("model_20260223_120001"), "model_20260223_120002"),
            (Some("model_20271231_235959_3"), "model_20280101_000000"),
            // No second of any year: it is not later than anything.
            (Some("model_20269999_999999"), "model_20260223_120000"),
            (Some("model_99991231_235959"), "model_99991231_235959"),
        ] {
            let newest = newest.map(|name| ModelVersionName::parse(name).expect("a name"));
            assert_eq!(noon.model_version_after(newest.as_ref()).as_str(), name, "{newest:?}");
        }
    }

    #[test]
    fn no_time_is_out_of_range() {
        assert_eq!(Timestamp::from_millis(i64::MIN).to_string(), "1970-01-01T00:00:00Z");
        let end = Timestamp::from_millis(i64::MAX);
        assert_eq!(end.to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(end.plus(Duration::from_millis(u64::MAX)), end);
        assert_eq!(Timestamp::from_millis(5).since(end), Duration::from_millis(0));
    }

    #[test]
    fn what_is_written_reads_back() {
        for millis in [0, 1, 999, 1_000, 1_771_843_620_500, LATEST] {
            let time = Timestamp::from_millis(millis);
            assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
        }
        assert!(Timestamp::parse("yesterday").is_err_and(|e| e.to_string().contains("`yesterday` is not a time")));
    }
}
