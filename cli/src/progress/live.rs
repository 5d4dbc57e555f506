//! On a terminal: a line a running stage that is drawn anew, below the lines of those that have ended.

use super::line::{done_text, grouped};
use crate::print;
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use std::collections::HashMap;
use std::fmt::Write;
use std::time::Duration;
use trainyard_worker::attempt::Done;

/// How often the time of a running stage is drawn anew.
const TICK: Duration = Duration::from_millis(100);
/// Sooner a rate is noise.
const RATE_AFTER: Duration = Duration::from_millis(500);

pub(super) struct Live {
    screen: MultiProgress,
    running: HashMap<String, ProgressBar>,
}

impl Live {
    pub(super) fn new() -> Self {
        Self {
            screen: MultiProgress::new(),
            running: HashMap::new(),
        }
    }

    pub(super) fn started(&mut self, stage: &str, width: usize) {
        let style = ProgressStyle::with_template("{prefix}  running  {seconds}   {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .with_key("seconds", |state: &ProgressState, text: &mut dyn Write| {
                // Writing into the line's own buffer cannot fail.
                let _ = write!(text, "{:>6}", format!("{:.1} s", state.elapsed().as_secs_f64()));
            });
        let bar = ProgressBar::no_length()
            .with_style(style)
            .with_prefix(format!("{stage:<width$}"));
        let bar = self.screen.add(bar);
        bar.enable_steady_tick(TICK);
        self.running.insert(stage.to_owned(), bar);
    }

    pub(super) fn progress(&mut self, stage: &str, done: Done, elapsed: Duration) {
        let Some(bar) = self.running.get(stage) else { return };
        let mut text = done_text(done);
        if elapsed >= RATE_AFTER && done.pass.is_none() {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a rate is positive and far below 2^64"
            )]
            let rate = (done.rows as f64 / elapsed.as_secs_f64()) as u64;
            // Writing into a string cannot fail.
            let _ = write!(text, "   {} rows/s", grouped(rate));
        }
        bar.set_message(text);
    }

    pub(super) fn ended(&mut self, stage: &str, line: &str) {
        if let Some(bar) = self.running.remove(stage) {
            bar.finish_and_clear();
        }
        self.note(line);
    }

    pub(super) fn note(&self, line: &str) {
        // Not the screen's own `println`, which writes nothing on a terminal that says it has no lines.
        self.screen.suspend(|| print::note(line));
    }
}
