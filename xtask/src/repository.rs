//! Where the repository is, and which files it has.

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use std::fs;

/// Folders, by their path from the root or their name anywhere, that hold what was made and not what was written.
const MADE: [&str; 5] = [".git", "target", "runs", "models", "__pycache__"];

/// The root of the repository, absolute.
pub(crate) fn root() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate lies one folder below the root")
}

/// Where cargo builds.
pub(crate) fn target() -> Utf8PathBuf {
    std::env::var("CARGO_TARGET_DIR").map_or_else(|_| root().join("target"), |folder| root().join(folder))
}

/// The release build of the `trainyard` command.
pub(crate) fn trainyard() -> Utf8PathBuf {
    target().join("release").join("trainyard")
}

/// Every written file, with its path from the root, sorted. Works without git, in a copy of the tree too.
pub(crate) fn files() -> Result<Vec<Utf8PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder
            .read_dir_utf8()
            .with_context(|| format!("cannot list {folder}"))?
        {
            let entry = entry.with_context(|| format!("cannot list {folder}"))?;
            let path = entry.path();
            if MADE.contains(&entry.file_name()) && !is_source(path) {
                continue;
            }
            let kind = entry.file_type().with_context(|| format!("cannot look at {path}"))?;
            if kind.is_dir() {
                folders.push(path.to_owned());
            } else if kind.is_file() {
                files.push(path.strip_prefix(root()).unwrap_or(path).to_owned());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a folder with the name of a made one is source all the same: `fuzz/src/target/`.
fn is_source(path: &Utf8Path) -> bool {
    path.parent().is_some_and(|parent| parent.ends_with("src"))
}

/// The text of a file, by its path from the root.
pub(crate) fn read(path: impl AsRef<Utf8Path>) -> Result<String> {
    let path = root().join(path);
    fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
}
