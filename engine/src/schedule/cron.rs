//! A cron expression of five fields, as Kubernetes' own cron jobs read it.

use chrono::{Datelike, NaiveDate};

/// The words that stand for five fields.
const WORDS: [(&str, &str); 4] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
];

/// A text that is no cron expression; the message is for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CronError(String);

/// Which minutes of which days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: Numbers,
    hours: Numbers,
    days: Numbers,
    months: Numbers,
    /// From Sunday, which is 0.
    weekdays: Numbers,
}

/// The numbers that a field names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbers {
    bits: u64,
    /// It is `*`, which leaves the day to the other field of days.
    is_any: bool,
}

impl Numbers {
    fn has(self, number: u32) -> bool {
        self.bits & (1 << number) != 0
    }

    fn iter(self) -> impl Iterator<Item = u32> {
        (0..u64::BITS).filter(move |&number| self.has(number))
    }
}

/// A field of a cron expression.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    /// Names for numbers, from `least` on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field {
        name: "minute",
        least: 0,
        most: 59,
        names: &[],
    },
    Field {
        name: "hour",
        least: 0,
        most: 23,
        names: &[],
    },
    Field {
        name: "day of month",
        least: 1,
        most: 31,
        names: &[],
    },
    Field {
        name: "month",
        least: 1,
        most: 12,
        names: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    // 7 is Sunday as well.
    Field {
        name: "day of week",
        least: 0,
        most: 7,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

impl Cron {
    /// Reads five fields, or one of `@hourly`, `@daily`, `@weekly` and `@monthly`.
    ///
    /// # Errors
    /// The text is neither; or no day is ever as it says, as the 30th of February.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let wrong = |message: String| Err(CronError(message));
        let fields = match WORDS.iter().find(|(word, _)| *word == text) {
            Some((_, fields)) => fields,
            None if text.starts_with('@') => {
                let words = WORDS.map(|(word, _)| format!("`{word}`")).join(", ");
                return wrong(format!("`{text}` is no schedule; the words are {words}"));
            }
            None => text,
        };
        let parts: Vec<&str> = fields.split_ascii_whitespace().collect();
        let [minute, hour, day, month, weekday] = parts.as_slice() else {
            return wrong(format!(
                "`{text}` has {} fields; a schedule has five (minute, hour, day of month, month, day of week), or is `@daily` and the like",
                parts.len()
            ));
        };
        let [minutes, hours, days, months, weekdays] = &FIELDS;
        let mut cron = Self {
            minutes: minutes.read(minute)?,
            hours: hours.read(hour)?,
            days: days.read(day)?,
            months: months.read(month)?,
            weekdays: weekdays.read(weekday)?,
        };
        cron.weekdays.bits |= u64::from(cron.weekdays.has(7));
        if cron.ever_has_a_day() {
            Ok(cron)
        } else {
            wrong(format!("`{text}` is never due: no such month has such a day"))
        }
    }

    /// Whether runs are due on a day. Where both fields of days name some, either is enough, as in every cron.
    pub(super) fn has_day(&self, date: NaiveDate) -> bool {
        let (day, weekday) = (
            self.days.has(date.day()),
            self.weekdays.has(date.weekday().num_days_from_sunday()),
        );
        let is_day = match (self.days.is_any, self.weekdays.is_any) {
            (true, _) => weekday,
            (_, true) => day,
            (false, false) => day || weekday,
        };
        self.months.has(date.month()) && is_day
    }

    /// Hours and minutes of such a day, ascending.
    pub(super) fn times(&self) -> impl Iterator<Item = (u32, u32)> {
        let minutes = self.minutes;
        self.hours
            .iter()
            .flat_map(move |hour| minutes.iter().map(move |minute| (hour, minute)))
    }

    /// A weekday comes in every month; a day of the month must be one of its.
    fn ever_has_a_day(&self) -> bool {
        const DAYS: [u32; 13] = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        !self.weekdays.is_any
            || self
                .days
                .iter()
                .any(|day| self.months.iter().any(|month| day <= DAYS[month as usize]))
    }
}

impl Field {
    fn read(&self, text: &str) -> Result<Numbers, CronError> {
        let mut numbers = Numbers { bits: 0, is_any: false };
        for item in text.split(',') {
            let read = self.item(item).map_err(CronError)?;
            numbers.bits |= read.bits;
            numbers.is_any |= read.is_any;
        }
        Ok(numbers)
    }

    /// One item: `*`, `5`, `1-5`, each with an optional `/2`; `5/2` is `5-59/2`.
    fn item(&self, item: &str) -> Result<Numbers, String> {
        let Self { name, least, most, .. } = self;
        let wrong = || format!("`{item}` is no {name}: {least} to {most}, `*`, a range `a-b`, or steps `*/n`");
        let (range, step) = item
            .split_once('/')
            .map_or((item, None), |(range, step)| (range, Some(step)));
        let by = match step {
            None => 1,
            Some(step) => number(step)
                .filter(|step| (1..=*most).contains(step))
                .ok_or_else(wrong)?,
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (*least, *most),
            None => {
                let from = self.value(range).ok_or_else(wrong)?;
                (from, if step.is_some() { *most } else { from })
            }
            Some((from, to)) => (self.value(from).ok_or_else(wrong)?, self.value(to).ok_or_else(wrong)?),
        };
        if from > to {
            return Err(format!("`{item}` is no {name}: the range is the wrong way round"));
        }
        let numbers = (from..=to).step_by(by as usize);
        Ok(Numbers {
            bits: numbers.fold(0, |bits, number| bits | 1 << number),
            is_any: range == "*" && by == 1,
        })
    }

    fn value(&self, text: &str) -> Option<u32> {
        let lower = text.to_ascii_lowercase();
        let named = self
            .names
            .iter()
            .position(|name| *name == lower)
            .and_then(|i| u32::try_from(i).ok());
        named
            .map(|i| i + self.least)
            .or_else(|| number(text))
            .filter(|value| (self.least..=self.most).contains(value))
    }
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_table() {
        for (text, wrong) in [
            ("@daily", None),
            ("30 5 * * *", None),
            ("*/15 0-6,12 1 JAN-Mar mon", None),
            ("0 0 * * 7", None),
            ("  0  0 * * 0 ", None),
            ("@yearly", Some("`@yearly` is no schedule")),
            ("* * * *", Some("has 4 fields")),
            ("0 0 0 * * *", Some("has 6 fields")),
            ("60 * * * *", Some("`60` is no minute: 0 to 59")),
            ("* 24 * * *", Some("`24` is no hour")),
            ("* * 0 * *", Some("`0` is no day of month")),
            ("* * * foo *", Some("`foo` is no month")),
            ("* * * * 5-1", Some("the wrong way round")),
            ("*/0 * * * *", Some("`*/0` is no minute")),
            ("+5 * * * *", Some("`+5` is no minute")),
            ("1,,2 * * * *", Some("`` is no minute")),
            ("", Some("has 0 fields")),
            ("0 0 30 2 *", Some("is never due")),
            ("0 0 31 4,6,9,11 *", Some("is never due")),
            ("0 0 31 2 1", None),
            ("0 0 29 2 *", None),
        ] {
            let found = Cron::parse(text).err().map(|error| error.to_string());
            match (&found, wrong) {
                (None, None) => {}
                (Some(found), Some(wrong)) => assert!(found.contains(wrong), "{text}: {found}"),
                (Some(_), None) | (None, Some(_)) => panic!("{text}: {found:?}"),
            }
        }
    }

    #[test]
    fn days_and_times_table() {
        let date = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        // The 1st, 15th and 29th of November 2026 are Sundays.
        for (text, days, times) in [
            ("30 5 * * *", (1..=30).collect::<Vec<u32>>(), vec![(5, 30)]),
            ("0 0 * * 7", vec![1, 8, 15, 22, 29], vec![(0, 0)]),
            ("0 0 * * SUN", vec![1, 8, 15, 22, 29], vec![(0, 0)]),
            ("0 0 13 * 0", vec![1, 8, 13, 15, 22, 29], vec![(0, 0)]),
            ("0 0 */10 * 0", vec![1, 8, 11, 15, 21, 22, 29], vec![(0, 0)]),
            ("0 0 1 12 *", vec![], vec![(0, 0)]),
            ("50/5 23 2-3 * *", vec![2, 3], vec![(23, 50), (23, 55)]),
            (
                "0-20/10 1,3 1 nov *",
                vec![1],
                vec![(1, 0), (1, 10), (1, 20), (3, 0), (3, 10), (3, 20)],
            ),
        ] {
            let cron = Cron::parse(text).unwrap();
            let found: Vec<u32> = (1..=30).filter(|&day| cron.has_day(date(day))).collect();
            assert_eq!(found, days, "{text}");
            assert_eq!(cron.times().collect::<Vec<_>>(), times, "{text}");
        }
    }
}
