//! Files that are made from the API types and checked in.

use crate::repository;
use crate::step::Checked;
use anyhow::{Context, Result, bail};
use std::fs;

/// Fails when a generated file is not what the types say today.
pub(crate) fn check() -> Result<Checked> {
    let stale: Vec<_> = trainyard_crds::generated()
        .into_iter()
        .filter(|(path, text)| fs::read_to_string(repository::root().join(path)).ok().as_ref() != Some(text))
        .map(|(path, _)| path)
        .collect();
    if !stale.is_empty() {
        bail!("{} is not what the types say; run `cargo xtask crds`", stale.join(", "));
    }
    Ok(Checked::Whole)
}

/// Writes all generated files.
pub(crate) fn write() -> Result<()> {
    for (path, text) in trainyard_crds::generated() {
        let path = repository::root().join(path);
        fs::write(&path, text).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(())
}
