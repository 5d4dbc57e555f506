//! `trainyard worker`: one attempt, in a process of its own. Hidden: only the command itself starts it.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs one attempt of a stage, whose document comes on stdin
#[derive(Debug, clap::Args)]
#[command(hide = true, disable_help_flag = true)]
pub struct Arguments {
    /// The worker's own arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs it. The exit code is the worker's.
pub fn run(arguments: Arguments) -> ExitCode {
    trainyard_worker::process::main(arguments.arguments)
}
