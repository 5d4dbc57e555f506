//! The runs that a workspace holds: their folders, and what `run.json` says of each.
//!
//! Read leniently, since a run of an older or newer build may lie there, and one that was killed half-way.

use super::workspace::{READ, Workspace, WorkspaceError};
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use std::fs;
use std::io;
use trainyard_contract::{RunName, layout};

/// What is known of a run, in its folder.
pub const RUN_FILE: &str = "run.json";
/// Digits of the uid in a run folder's name.
const UID_DIGITS: usize = 8;

/// A run's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    /// The run's name.
    pub run: RunName,
    /// `<run>-<uid8>`, the folder's name.
    pub name: String,
    /// The folder, absolute.
    pub path: Utf8PathBuf,
}

/// What is read of `run.json` by those who look at other runs than their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunSummary {
    /// Whose run it is.
    pub pipeline: String,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// When it ended; `None` while it runs, and for ever when its process was killed.
    pub ended_at: Option<String>,
    /// Whether it Succeeded.
    pub succeeded: bool,
    /// Its stages, in the manifest's order.
    pub stages: Vec<String>,
}

/// All run folders, in no order; none where there is no `runs/`.
pub fn all(workspace: &Workspace) -> Result<Vec<RunFolder>, WorkspaceError> {
    let runs = workspace.join(layout::RUNS);
    let entries = match runs.read_dir_utf8() {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(WorkspaceError::of(READ, runs)(e)),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let Ok(entry) = entry else { continue };
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if let Some(run) = run_of(entry.file_name()).filter(|_| is_folder) {
            folders.push(RunFolder {
                run,
                name: entry.file_name().to_owned(),
                path: entry.path().to_owned(),
            });
        }
    }
    Ok(folders)
}

impl RunFolder {
    /// What its `run.json` says; `None` where that is missing or no such file.
    pub fn summary(&self) -> Option<RunSummary> {
        serde_json::from_slice(&fs::read(self.path.join(RUN_FILE)).ok()?).ok()
    }

    /// The folder of a stage.
    pub fn stage(&self, stage: &str) -> Utf8PathBuf {
        self.path.join(stage)
    }
}

/// The numbers of the committed attempts in a stage's folder, rising.
pub fn attempts(stage_folder: &Utf8Path) -> Vec<u32> {
    let names = names_in(stage_folder);
    let mut numbers: Vec<u32> = names.iter().filter_map(|name| name.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

/// The names in a folder; none where it cannot be read.
pub fn names_in(folder: &Utf8Path) -> Vec<String> {
    let Ok(entries) = folder.read_dir_utf8() else {
        return Vec::new();
    };
    entries.flatten().map(|entry| entry.file_name().to_owned()).collect()
}

/// `<run>` of `<run>-<uid8>`.
fn run_of(folder_name: &str) -> Option<RunName> {
    let (run, uid) = folder_name.rsplit_once('-')?;
    let is_uid = uid.len() == UID_DIGITS && uid.bytes().all(|b| b.is_ascii_hexdigit());
    RunName::parse(run).ok().filter(|_| is_uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_folders_table() {
        for (name, wanted) in [
            ("iris-1-5f0c2a91", Some("iris-1")),
            ("iris-5f0c2a91", Some("iris")),
            ("iris-1", None),
            (".names", None),
            ("iris-1-5f0c2a9", None),
            ("iris-1-5f0c2a9x", None),
        ] {
            assert_eq!(run_of(name).as_ref().map(RunName::as_str), wanted, "{name}");
        }
    }
}
