//! The worker binary: one attempt of one stage.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    trainyard_worker::process::main(env::args_os().skip(1))
}
