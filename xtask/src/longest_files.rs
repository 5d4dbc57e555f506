//! The ten longest Rust files: not a limit, a hint where an idea may want a file of its own.
#![expect(clippy::print_stdout, reason = "the list is what it is run for")]

use crate::repository;
use anyhow::Result;

/// How many are shown.
const SHOWN: usize = 10;

/// Prints them, longest first.
pub(crate) fn print() -> Result<()> {
    let mut lengths = Vec::new();
    for path in repository::files()?
        .into_iter()
        .filter(|path| path.extension() == Some("rs"))
    {
        lengths.push((repository::read(&path)?.lines().count(), path));
    }
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    println!("\n=== the {SHOWN} longest Rust files");
    for (lines, path) in lengths.iter().take(SHOWN) {
        println!("{lines:5}  {path}");
    }
    Ok(())
}
