//! The corpora: real inputs of every shape, in `fuzz/corpus/<target>/`, checked in.

use crate::Target;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The folder of a target's corpus.
pub fn folder(target: Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name())
}

/// Every input of a target's corpus, by the name of its file.
pub fn read(target: Target) -> io::Result<Vec<Vec<u8>>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder(target))? {
        paths.push(entry?.path());
    }
    paths.sort();
    paths.into_iter().map(fs::read).collect()
}
