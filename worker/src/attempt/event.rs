//! What a worker tells while it works: one event a line, for people or as JSON.
//!
//! With `--log json` every line on stdout is one [`Event`] as JSON, told apart by its key `event`: any number of `log` and
//! `progress`, then one `result`. `stage.log` holds the `log` lines in the same form as stdout.

use serde::{Deserialize, Serialize};
use std::fmt;
use trainyard_contract::StageResult;

/// Something that happened in an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum Event {
    /// Something for the log.
    Log(LogLine),
    /// How far the stage is; at most ten a second, none in its first 0.2 s.
    Progress {
        /// The stage.
        stage: String,
        /// Rows done since the stage began; in this pass, for a stage that passes over its rows several times.
        rows: u64,
        /// Which pass, from 1, for such a stage.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pass: Option<u64>,
    },
    /// The attempt's end; nothing comes after it.
    Result {
        /// The stage.
        stage: String,
        /// How it ended.
        result: StageResult,
    },
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// When, in RFC 3339, UTC, with milliseconds.
    pub time: String,
    /// How much it matters.
    pub level: Level,
    /// The stage.
    pub stage: String,
    /// What happened: the same words for the same kind of event.
    pub message: String,
    /// The data of this one.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub fields: serde_json::Map<String, serde_json::Value>,
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A step was done.
    Info,
    /// Something that a person should look at, though the stage goes on.
    Warn,
    /// Why the stage failed.
    Error,
}

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineFormat {
    /// Sentences for people.
    #[default]
    Human,
    /// One JSON document a line.
    Json,
}

impl LineFormat {
    /// The event as one line without its end; `None` for what is not shown in this form (progress and result, to people).
    pub fn line(self, event: &Event) -> Option<String> {
        match (self, event) {
            (Self::Json, event) => serde_json::to_string(event).ok(),
            (Self::Human, Event::Log(line)) => Some(line.to_string()),
            (Self::Human, Event::Progress { .. } | Event::Result { .. }) => None,
        }
    }
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Info => "info ",
            Level::Warn => "warn ",
            Level::Error => "error",
        };
        write!(f, "{} {level} {}: {}", self.time, self.stage, one_line(&self.message))?;
        for (name, value) in &self.fields {
            match value {
                serde_json::Value::String(text) => write!(f, " {name}={}", one_line(text))?,
                value => write!(f, " {name}={value}")?,
            }
        }
        Ok(())
    }
}

/// A cell of the data may hold line ends: one event stays one line.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trainyard_contract::result::Outcome;

    #[test]
    fn the_lines_table() {
        let mut fields = serde_json::Map::new();
        fields.insert("rows".into(), 4.into());
        fields.insert("why".into(), "a\nb".into());
        let log = Event::Log(LogLine {
            time: "2026-11-24T05:30:00.000Z".into(),
            level: Level::Warn,
            stage: "train".into(),
            message: "not converged".into(),
            fields,
        });
        let progress = Event::Progress {
            stage: "train".into(),
            rows: 7,
            pass: Some(2),
        };
        let result = Event::Result {
            stage: "train".into(),
            result: StageResult::ended(Outcome::Stopped),
        };
        for (event, human, json) in [
            (
                &log,
                Some("2026-11-24T05:30:00.000Z warn  train: not converged rows=4 why=a\u{fffd}b"),
                r#"{"event":"log","time":"2026-11-24T05:30:00.000Z","level":"warn","stage":"train","message":"not converged","fields":{"rows":4,"why":"a\nb"}}"#,
            ),
            (
                &progress,
                None,
                r#"{"event":"progress","stage":"train","rows":7,"pass":2}"#,
            ),
            (
                &result,
                None,
                r#"{"event":"result","stage":"train","result":{"outcome":"Stopped","attempt":0}}"#,
            ),
        ] {
            assert_eq!(LineFormat::Human.line(event).as_deref(), human);
            assert_eq!(LineFormat::Json.line(event).as_deref(), Some(json));
            assert_eq!(&serde_json::from_str::<Event>(json).unwrap(), event);
        }
    }
}
