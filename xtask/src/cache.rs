//! What tasks install for themselves: one folder a tool and version, made once, outside of the repository.
//!
//! Below `~/.cache/trainyard`, or where `TRAINYARD_CACHE` says. A folder counts only with its mark, which is written last; two
//! tasks at once wait for each other.

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use std::fs::{self, File};

/// Written into a folder when everything in it is there.
const READY: &str = ".ready";

/// The root of the cache, made when it is missing.
pub(crate) fn root() -> Result<Utf8PathBuf> {
    let root = match (std::env::var("TRAINYARD_CACHE"), std::env::var("HOME")) {
        (Ok(folder), _) => Utf8PathBuf::from(folder),
        (Err(_), Ok(home)) => Utf8PathBuf::from(home).join(".cache/trainyard"),
        (Err(_), Err(_)) => anyhow::bail!("neither TRAINYARD_CACHE nor HOME says where tools are kept"),
    };
    fs::create_dir_all(&root).with_context(|| format!("cannot make {root}"))?;
    Ok(root)
}

/// The folder `name`, filled by `fill` unless an earlier task did. `name` must hold every version that `fill` depends on.
pub(crate) fn prepared(name: &str, fill: impl FnOnce(&Utf8Path) -> Result<()>) -> Result<Utf8PathBuf> {
    let folder = root()?.join(name);
    let lock_path = folder.with_file_name(format!("{name}.lock"));
    let lock = File::create(&lock_path).with_context(|| format!("cannot make {lock_path}"))?;
    lock.lock().with_context(|| format!("cannot lock {lock_path}"))?;
    if folder.join(READY).exists() {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove the unfinished {folder}"))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {folder}"))?;
    fill(&folder)?;
    fs::write(folder.join(READY), "").with_context(|| format!("cannot mark {folder}"))?;
    Ok(folder)
}
