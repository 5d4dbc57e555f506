//! A worker's life: document in, lines and a result out, an exit code.
//!
//! Both binaries run it: the worker image's `trainyard-worker`, and the laptop's `trainyard` in a child process.
//!
//! - **In**: a [`StageDocument`] as JSON, from the file that is the one argument, else from the one that
//!   `TRAINYARD_STAGE_DOCUMENT` names, else from stdin.
//! - **Out**: lines on stdout ([`Event`]); the [`StageResult`] as JSON of at most 3,072 bytes in the file that `--result` or
//!   `TRAINYARD_RESULT_FILE` names, else in `/dev/termination-log` where that is there; an exit code ([`ExitCode`]).
//! - **Options**: `--log human|json` (human), `--result FILE`, `--threads N` (the machine's), `--parent PID` (end when that
//!   process does, so that a killed host leaves no stage behind).
//! - **Signals**: the first SIGTERM or SIGINT ends the stage cleanly, with exit code 143; a second one ends the process.

use crate::StageError;
use crate::attempt::{Event, Host, LineFormat, StopReason, execute, failed};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use trainyard_contract::result::Outcome;
use trainyard_contract::{ExitCode, FailureClass, StageDocument, StageResult};

/// Names the file with the document, if it is no argument.
pub const DOCUMENT_VARIABLE: &str = "TRAINYARD_STAGE_DOCUMENT";
/// Names the file that the result goes to, if `--result` does not.
pub const RESULT_VARIABLE: &str = "TRAINYARD_RESULT_FILE";
/// Where Kubernetes looks for a container's last words.
pub const TERMINATION_LOG: &str = "/dev/termination-log";
/// How long after its timeout a stage that does not notice it (a read that hangs) is ended from outside.
const TIMEOUT_GRACE: Duration = Duration::from_secs(10);

/// Runs one attempt from the arguments after the program's name (and, on a laptop, the subcommand's).
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> std::process::ExitCode {
    let ended = Options::parse(arguments).and_then(|options| {
        let signal = stop_signal(options.parent)?;
        let document = read_document(options.document.as_deref())?;
        Ok((options, signal, document))
    });
    match ended {
        Ok((options, signal, document)) => run(&options, signal, &document),
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}\nhint: {}", error.hint_text());
            let result = failed(&error);
            write_result(env::var_os(RESULT_VARIABLE).map(PathBuf::from).as_deref(), &result);
            exit_code(&result)
        }
    }
}

fn run(options: &Options, signal: Arc<AtomicBool>, document: &StageDocument) -> std::process::ExitCode {
    let format = options.format;
    let host = Host {
        signal,
        threads: options.threads,
        events: Arc::new(move |event| print(format, event)),
        format,
    };
    watch_timeout(options, document);
    let result = execute(document, &host);
    report(options, document, &result)
}

/// Tells the result in all the ways that hosts listen.
fn report(options: &Options, document: &StageDocument, result: &StageResult) -> std::process::ExitCode {
    write_result(options.result.as_deref(), result);
    let event = Event::Result {
        stage: document.stage.to_string(),
        result: result.clone(),
    };
    print(options.format, &event);
    exit_code(result)
}

fn print(format: LineFormat, event: &Event) {
    if let Some(mut line) = format.line(event) {
        line.push('\n');
        // One write a line, so that lines of several threads do not mix. Nobody may be listening any more.
        let _ = io::stdout().lock().write_all(line.as_bytes());
    }
}

/// A stage that hangs in the kernel does not ask its stop flag; the process then ends beside it.
fn watch_timeout(options: &Options, document: &StageDocument) {
    let Some(timeout) = document
        .timeout
        .map(|timeout| Duration::from_millis(timeout.as_millis()))
    else {
        return;
    };
    let (options, document) = (options.clone(), document.clone());
    // Without this thread the timeout is kept by the stage alone, as long as it does not hang.
    let _ = thread::Builder::new().name("timeout".to_owned()).spawn(move || {
        thread::sleep(timeout.saturating_add(TIMEOUT_GRACE));
        let result = failed(&StageError::stopped(StopReason::Timeout(timeout)));
        let _ = report(&options, &document, &result);
        std::process::exit(i32::from(ExitCode::Timeout.code()));
    });
}

fn exit_code(result: &StageResult) -> std::process::ExitCode {
    let code = match result.outcome {
        Outcome::Succeeded => ExitCode::Done,
        Outcome::Failed => ExitCode::of_class(result.class.unwrap_or(FailureClass::Internal)),
        Outcome::InputChanged => ExitCode::InputChanged,
        Outcome::Stopped => ExitCode::Stopped,
    };
    code.code().into()
}

/// Writes the result where the host looks for it; where that fails, the exit code and `result.json` still tell it.
fn write_result(file: Option<&Path>, result: &StageResult) {
    let fallback = Path::new(TERMINATION_LOG);
    let Some(file) = file.or_else(|| fallback.exists().then_some(fallback)) else {
        return;
    };
    if let Err(error) = fs::write(file, result.to_bounded_json()) {
        let _ = writeln!(
            io::stderr(),
            "warning: cannot write the result to {}: {error}",
            file.display()
        );
    }
}

fn read_document(file: Option<&Path>) -> Result<StageDocument, StageError> {
    let (name, text) = match file {
        Some(file) => (file.display().to_string(), fs::read_to_string(file)),
        None => ("stdin".to_owned(), io::read_to_string(io::stdin())),
    };
    let refused = |cause: String| {
        StageError::internal(format!("cannot read the stage's document from {name}: {cause}"))
            .hint("a host of the same version writes it: is this worker's version the host's?")
    };
    let text = text.map_err(|error| refused(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| refused(error.to_string()))
}

/// The flag that signals set, and the wish to get SIGTERM when the parent ends.
fn stop_signal(parent: Option<i32>) -> Result<Arc<AtomicBool>, StageError> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // In this order: the first signal finds the flag unset and sets it, the second one ends the process.
        signal_hook::flag::register_conditional_shutdown(signal, ExitCode::Stopped.code().into(), Arc::clone(&flag))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&flag)))
            .map_err(|cause| StageError::internal("cannot listen to signals").caused_by(cause))?;
    }
    if let Some(parent) = parent {
        // Where it does not work, an orphan ends when its stage does.
        let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM));
        let still_there = rustix::process::getppid().is_some_and(|pid| pid.as_raw_nonzero().get() == parent);
        if !still_there {
            flag.store(true, Ordering::Relaxed);
        }
    }
    Ok(flag)
}

/// What the arguments and the environment say.
#[derive(Clone, Debug, PartialEq)]
struct Options {
    document: Option<PathBuf>,
    format: LineFormat,
    result: Option<PathBuf>,
    threads: usize,
    parent: Option<i32>,
}

impl Options {
    fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, StageError> {
        let mut options = Self {
            document: env::var_os(DOCUMENT_VARIABLE).map(PathBuf::from),
            format: LineFormat::Human,
            result: env::var_os(RESULT_VARIABLE).map(PathBuf::from),
            threads: thread::available_parallelism().map_or(1, NonZero::get),
            parent: None,
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some(name @ ("--log" | "--result" | "--threads" | "--parent")) => {
                    let value = arguments
                        .next()
                        .ok_or_else(|| usage(&format!("{name} needs a value")))?;
                    options.set(name, &value)?;
                }
                Some(name) if name.starts_with('-') => return Err(usage(&format!("unknown option {name}"))),
                _ => options.document = Some(argument.into()),
            }
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &OsString) -> Result<(), StageError> {
        let wrong = || usage(&format!("`{}` is no value of {name}", value.display()));
        let text = value.to_str();
        match name {
            "--log" => {
                self.format = match text {
                    Some("human") => LineFormat::Human,
                    Some("json") => LineFormat::Json,
                    _ => return Err(wrong()),
                }
            }
            "--threads" => self.threads = text.and_then(|n| n.parse().ok()).filter(|&n| n > 0).ok_or_else(wrong)?,
            "--parent" => self.parent = Some(text.and_then(|pid| pid.parse().ok()).ok_or_else(wrong)?),
            _ => self.result = Some(value.into()),
        }
        Ok(())
    }
}

fn usage(wrong: &str) -> StageError {
    StageError::config(wrong)
        .hint("trainyard-worker [DOCUMENT] [--log human|json] [--result FILE] [--threads N] [--parent PID]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_table() {
        let parse = |words: &str| Options::parse(words.split_whitespace().map(OsString::from));
        let options = parse("doc.json --log json --threads 3 --result out --parent 7").unwrap();
        let wanted = Options {
            document: Some("doc.json".into()),
            format: LineFormat::Json,
            result: Some("out".into()),
            threads: 3,
            parent: Some(7),
        };
        assert_eq!(options, wanted);
        for (words, message) in [
            ("--log xml", "`xml` is no value of --log"),
            ("--threads 0", "`0` is no value of --threads"),
            ("--parent", "--parent needs a value"),
            ("--what", "unknown option --what"),
        ] {
            assert_eq!(parse(words).unwrap_err().message(), message);
        }
    }
}
