//! The frame round every stage: from a document to a committed folder and a result.
//!
//! In: a [`StageDocument`] and what the host gives ([`Host`]). Out: a [`StageResult`]. In between, in this order:
//! 1. What is committed already is reported again: by this very attempt (a host may run it twice), or, with `recover`, by
//!    an earlier one whose result was lost.
//! 2. What the document says of the workspace is tidied (`care.rs`).
//! 3. The stage writes into an unfinished folder, beside `stage.log`.
//! 4. `result.json` is written, all is synced (but the dataset, whose digest tells when it is lost), and one rename commits.
//!    Of two that run at once the first wins, and both report what it made.
//! 5. The last stage of a run moves the champion's link.
//!
//! A failed attempt is committed too, without its dataset, so that its log and report can be read; so is one that was stopped or
//! met a changed input. Killed anywhere, it leaves an unfinished folder that the next run removes.
//!
//! Not here: arguments, signals, exit codes ([`crate::process`]); the stages ([`crate::stage`]).

mod care;
mod commit;
pub mod event;
mod explain;
mod log;
pub mod progress;
mod recover;
pub mod stop;

pub use event::{Event, LineFormat};
pub use progress::{Done, Progress};
pub use stop::{StopFlag, StopReason};

use crate::StageError;
use crate::artifact::UnfinishedFolder;
use crate::failure::Ending;
use crate::stage::{self, StageContext, StageOutput};
use camino::Utf8Path;
use log::{Log, LogSubscriber};
use std::any::Any;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use tracing::{error, info};
use trainyard_contract::layout::{LOG_FILE, stage_folder};
use trainyard_contract::result::{MESSAGE_BYTES_MAX, Outcome, cut};
use trainyard_contract::{StageDocument, StageResult};

/// What a host gives an attempt besides its document.
#[derive(Clone)]
pub struct Host {
    /// Set when the attempt is to stop.
    pub signal: Arc<AtomicBool>,
    /// How many threads it may keep busy, at least 1.
    pub threads: usize,
    /// Gets every event as it happens, from any thread.
    pub events: Arc<dyn Fn(&Event) + Send + Sync>,
    /// How lines stand in `stage.log`.
    pub format: LineFormat,
}

impl Host {
    /// A host that never stops the attempt and does not listen.
    pub fn silent(threads: usize) -> Self {
        Self {
            signal: Arc::default(),
            threads,
            events: Arc::new(|_| {}),
            format: LineFormat::Human,
        }
    }
}

/// Runs one attempt to its end. Never panics, and always says how it ended.
pub fn execute(document: &StageDocument, host: &Host) -> StageResult {
    let result = match committed_before(document) {
        Ok(Some(result)) => result,
        Ok(None) => run_and_commit(document, host).unwrap_or_else(|error| failed(&explain::workspace(error, document))),
        Err(error) => failed(&error),
    };
    care::crown(document, &result);
    result
}

fn committed_before(document: &StageDocument) -> Result<Option<StageResult>, StageError> {
    match commit::committed(document, document.attempt)? {
        None if document.recover => recover::from_earlier_attempts(document),
        result => Ok(result),
    }
}

fn run_and_commit(document: &StageDocument, host: &Host) -> Result<StageResult, StageError> {
    let parent = stage_folder(&document.run, &document.run_uid, &document.stage);
    let mut folder = UnfinishedFolder::create(&document.workspace.join(parent))?;
    let log = Arc::new(open_log(document, host, folder.path())?);
    let (result, output) =
        tracing::dispatcher::with_default(&tracing::Dispatch::new(LogSubscriber(Arc::clone(&log))), || {
            run_logged(document, host, folder.path())
        });
    log.close()
        .map_err(|cause| StageError::workspace(&format!("write `{}`", folder.path().join(LOG_FILE)), cause))?;
    match result.outcome {
        Outcome::Failed | Outcome::Stopped | Outcome::InputChanged => {
            // The folder keeps the log. How the stage ended is told even when a full volume has no room for it.
            Ok(commit::commit(&mut folder, document, result.clone(), &output.files).unwrap_or(result))
        }
        Outcome::Succeeded => commit::commit(&mut folder, document, result, &output.files),
    }
}

fn open_log(document: &StageDocument, host: &Host, folder: &Utf8Path) -> Result<Log, StageError> {
    let path = folder.join(LOG_FILE);
    let file = File::create_new(&path).map_err(|cause| StageError::workspace(&format!("create `{path}`"), cause))?;
    Ok(Log::new(
        document.stage.as_str(),
        host.format,
        file,
        Arc::clone(&host.events),
    ))
}

/// Runs the stage; its beginning and its end are lines of the log.
fn run_logged(document: &StageDocument, host: &Host, folder: &Utf8Path) -> (StageResult, StageOutput) {
    let began = Instant::now();
    care::tidy(document);
    info!(kind = document.spec.kind(), attempt = document.attempt, "stage started");
    let ended = run_caught(document, host, folder);
    let seconds = (began.elapsed().as_secs_f64() * 1e3).round() / 1e3;
    match ended {
        Ok(output) => {
            info!(rows = output.rows, seconds, "stage succeeded");
            (succeeded(&output), output)
        }
        Err(error) => {
            let error = explain::workspace(error, document);
            let result = failed(&error);
            log_failure(&error, seconds);
            (result, StageOutput::default())
        }
    }
}

fn log_failure(error: &StageError, seconds: f64) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    let hint = Some(error.hint_text()).filter(|hint| !hint.is_empty());
    match error.ending() {
        Ending::Failed(class) => error!(%class, hint, cause, seconds, "{}", error.message()),
        Ending::InputChanged => error!(hint, cause, seconds, "{}", error.message()),
        Ending::Stopped => info!(seconds, "stage stopped"),
    }
}

fn run_caught(document: &StageDocument, host: &Host, folder: &Utf8Path) -> Result<StageOutput, StageError> {
    let timeout = document
        .timeout
        .map(|timeout| Duration::from_millis(timeout.as_millis()));
    let stop = StopFlag::new(Arc::clone(&host.signal), timeout);
    let (stage, events) = (document.stage.to_string(), Arc::clone(&host.events));
    let progress = Progress::new(move |Done { rows, pass }| {
        events(&Event::Progress {
            stage: stage.clone(),
            rows,
            pass,
        });
    });
    let context = StageContext {
        folder,
        stop: &stop,
        progress: &progress,
        threads: host.threads.max(1),
    };
    catch_unwind(AssertUnwindSafe(|| stage::run(document, &context))).unwrap_or_else(|panic| {
        Err(StageError::internal(format!(
            "the worker panicked: {}",
            panic_text(&*panic)
        )))
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}

fn succeeded(output: &StageOutput) -> StageResult {
    let (message, hint) = output.warning.as_ref().map_or(("", ""), |w| (&w.message, &w.hint));
    StageResult {
        message: cut(message, MESSAGE_BYTES_MAX),
        hint: cut(hint, MESSAGE_BYTES_MAX),
        rows: output.rows,
        outputs: output.outputs.clone(),
        model_version: output.model_version.clone(),
        ..StageResult::ended(Outcome::Succeeded)
    }
}

/// What `error` is as a result; nothing is committed with it yet.
pub fn failed(error: &StageError) -> StageResult {
    let outcome = match error.ending() {
        Ending::Failed(class) => return StageResult::failed(class, error.message(), error.hint_text()),
        Ending::InputChanged => Outcome::InputChanged,
        Ending::Stopped => Outcome::Stopped,
    };
    StageResult {
        message: cut(error.message(), MESSAGE_BYTES_MAX),
        hint: cut(error.hint_text(), MESSAGE_BYTES_MAX),
        ..StageResult::ended(outcome)
    }
}
