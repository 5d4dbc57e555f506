//! `trainyard lint FILE…`: every fault of manifests, one line each; silence and exit code 0 where there is none.

use crate::exit::Exit;
use crate::lint::lint_files;
use crate::print;
use camino::Utf8PathBuf;

/// Checks manifests, without a cluster and without running anything
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The manifests; `-` is stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<Utf8PathBuf>,
}

/// Checks them.
pub fn run(arguments: &Arguments) -> Exit {
    let faults = lint_files(&arguments.files);
    for fault in &faults {
        print::note(&fault.to_string());
    }
    if faults.is_empty() { Exit::Done } else { Exit::Usage }
}
