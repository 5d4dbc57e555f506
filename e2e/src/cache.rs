//! What is built once and kept: one folder a thing and its exact contents, outside of the repository and of `target/`.
//!
//! Below `~/.cache/trainyard`, or where `TRAINYARD_CACHE` says. A folder is filled under another name and renamed when it is
//! whole, so that one that is there is complete; two processes at once wait for each other.

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::{self, File};

/// Digits of a fingerprint in a folder's name: enough that no two meet, short enough for a path.
const FINGERPRINT_DIGITS: usize = 16;

/// The root of the cache, made when it is missing.
pub(crate) fn root() -> Result<Utf8PathBuf> {
    let root = match (std::env::var("TRAINYARD_CACHE"), std::env::var("HOME")) {
        (Ok(folder), _) => Utf8PathBuf::from(folder),
        (Err(_), Ok(home)) => Utf8PathBuf::from(home).join(".cache/trainyard"),
        (Err(_), Err(_)) => bail!("neither TRAINYARD_CACHE nor HOME says where built programs are kept"),
    };
    fs::create_dir_all(&root).with_context(|| format!("cannot make {root}"))?;
    Ok(root)
}

/// Whether the folder `name` below the root is there, and so complete.
pub(crate) fn is_prepared(name: &str) -> Result<bool> {
    Ok(root()?.join(name).exists())
}

/// The folder `name` below the root, filled by `fill` unless somebody did before. `name` must hold a [`fingerprint`] of all
/// that `fill` depends on.
pub(crate) fn prepared(name: &str, fill: impl FnOnce(&Utf8Path) -> Result<()>) -> Result<Utf8PathBuf> {
    let folder = root()?.join(name);
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot make {parent}"))?;
    }
    let lock_path = Utf8PathBuf::from(format!("{folder}.lock"));
    let lock = File::create(&lock_path).with_context(|| format!("cannot make {lock_path}"))?;
    lock.lock().with_context(|| format!("cannot lock {lock_path}"))?;
    if folder.exists() {
        return Ok(folder);
    }
    let unfinished = Utf8PathBuf::from(format!("{folder}.unfinished"));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).with_context(|| format!("cannot remove {unfinished}"))?;
    }
    fs::create_dir_all(&unfinished).with_context(|| format!("cannot make {unfinished}"))?;
    fill(&unfinished)?;
    fs::rename(&unfinished, &folder).with_context(|| format!("cannot rename {unfinished} to {folder}"))?;
    Ok(folder)
}

/// A short digest of these texts, for the name of a folder: other texts, other folder.
pub(crate) fn fingerprint<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        // The length first: ["ab", "c"] must not be ["a", "bc"].
        digest.update((text.as_ref().len() as u64).to_le_bytes());
        digest.update(text.as_ref());
    }
    let mut digits = hexadecimal(&digest.finalize());
    digits.truncate(FINGERPRINT_DIGITS);
    digits
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_one_text_ends_and_the_next_begins_counts() {
        assert_ne!(fingerprint(["ab", "c"]), fingerprint(["a", "bc"]));
        assert_eq!(fingerprint(["ab", "c"]), fingerprint(["ab", "c"]));
        assert_eq!(fingerprint(["ab"]).len(), FINGERPRINT_DIGITS);
    }
}
