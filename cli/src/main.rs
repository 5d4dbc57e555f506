//! The binary `trainyard`: arguments, one call.

use std::process::ExitCode;

fn main() -> ExitCode {
    trainyard_cli::main(std::env::args_os())
}
