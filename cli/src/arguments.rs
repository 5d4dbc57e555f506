//! The command line: one variant a verb; its arguments stand in the verb's file.

use crate::exit::Exit;
use crate::verb::{init, lint, logs, models, plan, predict, run, schema, worker};
use camino::Utf8PathBuf;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs machine-learning pipelines from a manifest: on this machine, without a cluster.
#[derive(Debug, Parser)]
#[command(name = "trainyard", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Run(run::Arguments),
    Lint(lint::Arguments),
    Models(models::Arguments),
    Logs(logs::Arguments),
    Predict(predict::Arguments),
    Init(init::Arguments),
    Schema(schema::Arguments),
    Plan(plan::Arguments),
    Worker(worker::Arguments),
}

/// Does what the command line says. `arguments` begin with the program's name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = match Arguments::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(e) => {
            // `--help` and `--version` are such errors, too, and go to stdout with exit code 0.
            let _ = e.print();
            return if e.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    match parsed.verb {
        Verb::Run(arguments) => run::run(&arguments).into(),
        Verb::Lint(arguments) => lint::run(&arguments).into(),
        Verb::Models(arguments) => models::run(&arguments).into(),
        Verb::Logs(arguments) => logs::run(&arguments).into(),
        Verb::Predict(arguments) => predict::run(&arguments).into(),
        Verb::Init(arguments) => init::run(&arguments).into(),
        Verb::Schema(arguments) => schema::run(&arguments).into(),
        Verb::Plan(arguments) => plan::run(&arguments).into(),
        Verb::Worker(arguments) => worker::run(arguments),
    }
}

/// A folder on the command line: an empty text, as of a shell variable that is not set, is none.
pub fn folder(text: &str) -> Result<Utf8PathBuf, String> {
    if text.is_empty() {
        Err("a folder's path is needed; the current one is `.`".to_owned())
    } else {
        Ok(text.into())
    }
}

/// How a verb writes its data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Text,
    /// One JSON document, for programs.
    Json,
}
