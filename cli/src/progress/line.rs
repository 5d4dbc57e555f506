//! The lines of a run: name, what became of the stage, how long, how many rows. Pure.

use trainyard_worker::attempt::Done;

/// One line about a stage.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// It still runs.
    Running {
        /// Since its start.
        seconds: f64,
        /// So far.
        done: Done,
    },
    /// It succeeded.
    Done {
        /// From start to end of the last attempt.
        seconds: f64,
        /// Of the dataset that it read or wrote.
        rows: Option<u64>,
        /// What it measured, in words; empty where it measured nothing.
        measured: String,
    },
    /// It failed for good.
    Failed {
        /// From start to end of the last attempt; `None` where it never started.
        seconds: Option<f64>,
    },
    /// An attempt failed, and the stage runs again.
    Retry {
        /// From start to end of the attempt; `None` where nobody knows any more.
        seconds: Option<f64>,
        /// Which attempt failed.
        attempt: u32,
        /// `Infra: cannot write …`
        reason: String,
        /// Until the next attempt.
        wait: f64,
    },
    /// It never runs.
    Skipped {
        /// Why not, as in `` `validate` failed ``.
        cause: String,
    },
    /// It was stopped, or never started since the run was.
    Stopped {
        /// From start to end; `None` where it never started.
        seconds: Option<f64>,
    },
}

/// Columns of the words below; `skipped` and `stopped` are the longest.
const WORD_WIDTH: usize = 7;
/// Columns of a time below 100 seconds, as `0.01 s`.
const TIME_WIDTH: usize = 6;

impl Line {
    /// The line's text, aligned to other lines with names of up to `width` columns.
    pub fn text(&self, stage: &str, width: usize) -> String {
        let (word, time, rest) = match self {
            Self::Running { seconds, done } => ("running", Some(*seconds), done_text(*done)),
            Self::Done {
                seconds,
                rows,
                measured,
            } => {
                let rows = rows.map(rows_text).unwrap_or_default();
                let gap = if rows.is_empty() || measured.is_empty() {
                    ""
                } else {
                    "   "
                };
                ("done", Some(*seconds), format!("{rows}{gap}{measured}"))
            }
            Self::Failed { seconds } => ("failed", *seconds, String::new()),
            Self::Retry {
                seconds,
                attempt,
                reason,
                wait,
            } => {
                let rest = format!("attempt {attempt}: {reason}; again in {}", time_text(*wait));
                ("retry", *seconds, rest)
            }
            Self::Skipped { cause } => ("skipped", None, cause.clone()),
            Self::Stopped { seconds } => ("stopped", *seconds, String::new()),
        };
        let time = time.map(time_text).unwrap_or_default();
        let text = format!("{stage:<width$}  {word:<WORD_WIDTH$}  {time:>TIME_WIDTH$}   {rest}");
        text.trim_end().to_owned()
    }
}

/// `0.01 s`, and from a minute on `2 min 03 s`.
fn time_text(seconds: f64) -> String {
    const MINUTE: f64 = 60.0;
    // What would be printed as `60.00 s` is a minute.
    if seconds < MINUTE - 0.005 {
        return format!("{seconds:.2} s");
    }
    let minutes = (seconds.round() / MINUTE).floor();
    format!("{minutes} min {:02} s", seconds.round() - minutes * MINUTE)
}

/// `10,000,000 rows`; `pass 3, 10,000,000 rows` of a stage that passes over its rows several times.
pub(super) fn done_text(Done { rows, pass }: Done) -> String {
    match pass {
        None => rows_text(rows),
        Some(pass) => format!("pass {pass}, {}", rows_text(rows)),
    }
}

/// `4 rows`, `10,000,000 rows`.
fn rows_text(rows: u64) -> String {
    let unit = if rows == 1 { "row" } else { "rows" };
    format!("{} {unit}", grouped(rows))
}

/// A number with its thousands apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_table() {
        for (stage, line, wanted) in [
            (
                "extract",
                Line::Done {
                    seconds: 0.012,
                    rows: Some(4),
                    measured: String::new(),
                },
                "extract   done     0.01 s   4 rows",
            ),
            (
                "validate",
                Line::Failed { seconds: Some(0.0) },
                "validate  failed   0.00 s",
            ),
            (
                "train",
                Line::Skipped {
                    cause: "`validate` failed".to_owned(),
                },
                "train     skipped           `validate` failed",
            ),
            ("train", Line::Stopped { seconds: None }, "train     stopped"),
            (
                "train",
                Line::Retry {
                    seconds: Some(1.5),
                    attempt: 1,
                    reason: "Infra: no space".to_owned(),
                    wait: 2.0,
                },
                "train     retry    1.50 s   attempt 1: Infra: no space; again in 2.00 s",
            ),
            (
                "train",
                Line::Running {
                    seconds: 123.4,
                    done: Done {
                        rows: 10_000_000,
                        pass: None,
                    },
                },
                "train     running  2 min 03 s   10,000,000 rows",
            ),
            (
                "train",
                Line::Running {
                    seconds: 12.3,
                    done: Done { rows: 1, pass: Some(3) },
                },
                "train     running  12.30 s   pass 3, 1 row",
            ),
        ] {
            assert_eq!(line.text(stage, 8), wanted);
        }
    }

    #[test]
    fn times_and_numbers_table() {
        for (seconds, wanted) in [
            (0.0, "0.00 s"),
            (59.99, "59.99 s"),
            (59.996, "1 min 00 s"),
            (119.7, "2 min 00 s"),
            (3_601.0, "60 min 01 s"),
        ] {
            assert_eq!(time_text(seconds), wanted);
        }
        for (number, wanted) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), wanted);
        }
    }
}
