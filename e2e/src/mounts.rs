//! What is mounted below a folder, and how it goes.

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use rustix::mount::{UnmountFlags, unmount};
use std::fs;

/// All mounts below `folder`, innermost first.
pub(crate) fn below(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>> {
    let table = fs::read_to_string("/proc/self/mounts").context("cannot read /proc/self/mounts")?;
    let points = table.lines().filter_map(|line| line.split(' ').nth(1));
    let ours = points
        .map(|point| Utf8PathBuf::from(unescaped(point)))
        .filter(|point| point != folder && point.starts_with(folder));
    // What was mounted later lies on top.
    let mut ours: Vec<_> = ours.collect();
    ours.reverse();
    Ok(ours)
}

/// Unmounts all of them; one that is busy vanishes when its last user ends.
pub(crate) fn remove_below(folder: &Utf8Path) -> Result<()> {
    for point in below(folder)? {
        unmount(point.as_std_path(), UnmountFlags::DETACH).with_context(|| format!("cannot unmount {point}"))?;
    }
    Ok(())
}

/// The kernel writes a space, a tab, a line feed and a backslash as three octal digits.
fn unescaped(point: &str) -> String {
    let plain = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    plain
        .iter()
        .fold(point.to_owned(), |text, (octal, letter)| text.replace(octal, letter))
}
