//! The text of a schedule: whether a cron expression is well formed.
//!
//! Not here: when a schedule is due; in which zone (`time_zone.rs`).

/// The words that stand for five fields.
const WORDS: [&str; 4] = ["@hourly", "@daily", "@weekly", "@monthly"];

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

/// Whether `text` is a cron expression; if not, what is wrong with it.
///
/// # Errors
/// A sentence for the person who wrote it.
pub(crate) fn check_cron(text: &str) -> Result<(), String> {
    if WORDS.contains(&text) {
        return Ok(());
    }
    if text.starts_with('@') {
        return Err(format!(
            "`{text}` is no schedule; the words are {}",
            WORDS.map(|word| format!("`{word}`")).join(", ")
        ));
    }
    let parts: Vec<&str> = text.split_ascii_whitespace().collect();
    if parts.len() != FIELDS.len() {
        return Err(format!(
            "`{text}` has {} fields; a schedule has five (minute, hour, day of month, month, day of week), or is `@daily` and the like",
            parts.len()
        ));
    }
    parts
        .iter()
        .zip(&FIELDS)
        .try_for_each(|(part, field)| part.split(',').try_for_each(|item| field.check(item)))
}

impl Field {
    /// One item: `*`, `5`, `1-5`, each with an optional `/2`.
    fn check(&self, item: &str) -> Result<(), String> {
        let Self { name, least, most, .. } = self;
        let wrong = || format!("`{item}` is no {name}: {least} to {most}, `*`, a range `a-b`, or steps `*/n`");
        let (range, step) = item
            .split_once('/')
            .map_or((item, None), |(range, step)| (range, Some(step)));
        if let Some(step) = step {
            number(step)
                .filter(|step| (1..=*most).contains(step))
                .ok_or_else(wrong)?;
        }
        if range == "*" {
            return Ok(());
        }
        match range.split_once('-') {
            None => self.value(range).map(|_| ()).ok_or_else(wrong),
            Some((from, to)) => {
                let (from, to) = (self.value(from).ok_or_else(wrong)?, self.value(to).ok_or_else(wrong)?);
                if from <= to {
                    Ok(())
                } else {
                    Err(format!("`{item}` is no {name}: the range is the wrong way round"))
                }
            }
        }
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
    fn schedules_table() {
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
        ] {
            let found = check_cron(text).err();
            match (&found, wrong) {
                (None, None) => {}
                (Some(found), Some(wrong)) => assert!(found.contains(wrong), "{text}: {found}"),
                (Some(_), None) | (None, Some(_)) => panic!("{text}: {found:?}"),
            }
        }
    }
}
