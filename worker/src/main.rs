//! The worker binary: one attempt of one stage.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    // In the image the workspace's group is what its users share: what one writes another must be able to tidy.
    rustix::process::umask(rustix::fs::Mode::WOTH);
    trainyard_worker::process::main(env::args_os().skip(1))
}
