//! Runs that were really made on a cluster, one a file in `engine/tests/recorded`.
#![expect(clippy::panic, reason = "clippy takes only functions marked as tests for tests")]
#![expect(clippy::disallowed_methods, reason = "the engine reads no files, but its tests do")]

use camino::{Utf8Path, Utf8PathBuf};
use std::fs;
use std::sync::LazyLock;
use trainyard_engine::recorded::Recording;

/// How files come there.
pub(crate) const HOW_TO_RECORD: &str = "`UPDATE_ANSWERS=1 cargo test -p trainyard-engine --test simulation replayed` writes what `plan` \
     answers now to what was observed then; `UPDATE_RECORDINGS=1 cargo xtask cluster test` records anew on a cluster";

/// A file and what it says.
pub(crate) struct Recorded {
    pub path: Utf8PathBuf,
    pub recording: Recording,
}

/// All files, by name.
pub(crate) static ALL: LazyLock<Vec<Recorded>> = LazyLock::new(read_all);

fn read_all() -> Vec<Recorded> {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded");
    let entries = folder
        .read_dir_utf8()
        .unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").into_path()).collect();
    paths.sort();
    let read = |path: Utf8PathBuf| {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let recording = Recording::parse(&text).unwrap_or_else(|error| panic!("{path}: {error:?}; {HOW_TO_RECORD}"));
        Recorded { path, recording }
    };
    paths.into_iter().map(read).collect()
}

impl Recorded {
    /// Its name, for people.
    pub(crate) fn name(&self) -> &str {
        self.path.file_stem().unwrap_or_default()
    }

    /// Writes another recording in its place.
    pub(crate) fn replace(&self, recording: &Recording) {
        fs::write(&self.path, recording.to_string()).unwrap_or_else(|error| panic!("{}: {error}", self.path));
    }
}
