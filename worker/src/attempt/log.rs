//! From `tracing` events to lines of the log.
//!
//! A subscriber of our own, since it has to start in microseconds and knows one format only. It is set for the thread that
//! runs the stage, so a stage logs there and not in threads of its own. Spans are not kept: an attempt is one.

use super::event::{Event, Level, LineFormat, LogLine};
use chrono::{SecondsFormat, Utc};
use std::fmt;
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

/// Where events go: to the host and, as far as they are log lines, into `stage.log`.
pub(super) struct Log {
    stage: String,
    format: LineFormat,
    file: Mutex<Option<File>>,
    sink: Arc<dyn Fn(&Event) + Send + Sync>,
}

impl Log {
    /// Logs the events of `stage` to `sink` and, in `format`, to `file`.
    pub(super) fn new(stage: &str, format: LineFormat, file: File, sink: Arc<dyn Fn(&Event) + Send + Sync>) -> Self {
        Self {
            stage: stage.to_owned(),
            format,
            file: Mutex::new(Some(file)),
            sink,
        }
    }

    /// Takes one event. A log that cannot be written does not fail a stage: what it computed is worth more.
    fn take(&self, event: &Event) {
        (self.sink)(event);
        let Some(mut line) = self.format.line(event) else {
            return;
        };
        line.push('\n');
        if let Ok(mut file) = self.file.lock()
            && let Some(file) = file.as_mut()
        {
            let _ = file.write_all(line.as_bytes());
        }
    }

    /// Ends the file, synced; later lines go to the sink only.
    pub(super) fn close(&self) -> std::io::Result<()> {
        match self.file.lock().ok().and_then(|mut file| file.take()) {
            Some(file) => file.sync_all(),
            None => Ok(()),
        }
    }
}

/// A [`Log`] as `tracing` wants it.
pub(super) struct LogSubscriber(pub(super) Arc<Log>);

impl Subscriber for LogSubscriber {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= tracing::Level::INFO
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            _ => Level::Info,
        };
        self.0.take(&Event::Log(LogLine {
            time: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            level,
            stage: self.0.stage.clone(),
            message: fields.message,
            fields: fields.others,
        }));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        // Never asked for, since no span is enabled; any id but 0 will do.
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The fields of one event.
#[derive(Default)]
struct Fields {
    message: String,
    others: serde_json::Map<String, serde_json::Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<serde_json::Value>) {
        self.others.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.put(field, format!("{value:?}"));
        }
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_to_the_host_and_into_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stage.log");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let log = Arc::new(Log::new(
            "train",
            LineFormat::Human,
            File::create(&path).unwrap(),
            Arc::new(move |event: &Event| sink.lock().unwrap().push(event.clone())),
        ));
        tracing::dispatcher::with_default(&tracing::Dispatch::new(LogSubscriber(Arc::clone(&log))), || {
            tracing::info!(rows = 4_u64, column = %"age", "read the dataset");
            tracing::debug!("not for people");
            log.close().unwrap();
            tracing::warn!("late");
        });
        let lines: Vec<_> = seen.lock().unwrap().clone();
        let Event::Log(line) = &lines[0] else {
            panic!("{lines:?}")
        };
        assert_eq!((line.level, line.message.as_str()), (Level::Info, "read the dataset"));
        assert_eq!(line.fields["rows"], 4);
        assert_eq!(line.fields["column"], "age");
        assert_eq!(lines.len(), 2);
        let text = std::fs::read_to_string(path).unwrap();
        assert!(
            text.ends_with("info  train: read the dataset rows=4 column=age\n"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1);
    }
}
