//! What a person sees of a run while it runs, on stderr: a line when a stage ends or waits, and on a terminal what runs now.
//!
//! Not here: what is worth telling (`host`), data and errors (`print`).

mod line;
mod live;

pub use line::{Line, grouped};

use crate::print;
use live::Live;
use std::collections::HashMap;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};
use trainyard_worker::attempt::Done;

/// How often a long stage says without a terminal that it still runs.
const STILL_RUNNING: Duration = Duration::from_secs(10);

/// The view of one run.
pub struct Progress {
    /// Columns that the longest stage name takes.
    width: usize,
    /// Set on a terminal.
    live: Option<Live>,
    /// When each running stage began and was last heard of, without a terminal.
    running: HashMap<String, (Instant, Instant)>,
}

impl Progress {
    /// A view of a run with these stages; live where stderr is a terminal.
    pub fn new<'a>(stages: impl Iterator<Item = &'a str>) -> Self {
        let width = stages.map(|name| name.chars().count()).max().unwrap_or(0);
        Self {
            width,
            live: io::stderr().is_terminal().then(Live::new),
            running: HashMap::new(),
        }
    }

    /// A stage has begun.
    pub fn started(&mut self, stage: &str) {
        if let Some(live) = &mut self.live {
            live.started(stage, self.width);
        }
        let now = Instant::now();
        self.running.insert(stage.to_owned(), (now, now));
    }

    /// A running stage has come so far.
    pub fn progress(&mut self, stage: &str, done: Done) {
        let Some((began, heard)) = self.running.get_mut(stage) else {
            return;
        };
        if let Some(live) = &mut self.live {
            live.progress(stage, done, began.elapsed());
        } else if heard.elapsed() >= STILL_RUNNING {
            *heard = Instant::now();
            let line = Line::Running {
                seconds: began.elapsed().as_secs_f64(),
                done,
            };
            print::note(&line.text(stage, self.width));
        }
    }

    /// A stage's attempt has ended, or the stage never starts.
    pub fn line(&mut self, stage: &str, line: &Line) {
        self.running.remove(stage);
        let text = line.text(stage, self.width);
        match &mut self.live {
            Some(screen) => screen.ended(stage, &text),
            None => print::note(&text),
        }
    }

    /// Something to read that belongs to no stage, as that Ctrl-C was understood.
    pub fn note(&self, text: &str) {
        match &self.live {
            Some(live) => live.note(text),
            None => print::note(text),
        }
    }
}
