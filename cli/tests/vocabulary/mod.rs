//! The words that the tests of the command are written in: a workspace, a manifest, a run of the real binary and how it ended.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    clippy::panic,
    reason = "every test file is a crate of its own and uses some of the words"
)]

pub mod manifest;
pub mod transcript;

pub use manifest::manifest;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The four rows of the seed pipeline.
pub const SEED_ROWS: &str = "age,salary,target\n25,50000,0\n30,60000,1\n45,80000,1\n22,40000,0\n";
/// Long enough for a loaded machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder of its own, removed at the end of the test.
pub struct Workspace {
    folder: tempfile::TempDir,
}

/// A new, empty workspace.
pub fn workspace() -> Workspace {
    Workspace {
        folder: tempfile::tempdir().unwrap(),
    }
}

impl Workspace {
    /// The same with a file in it.
    #[must_use]
    pub fn with(self, name: &str, contents: impl AsRef<[u8]>) -> Self {
        self.write(name, contents);
        self
    }

    /// Writes a file in it, with the folders above.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// The path of something in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The text of a file in it.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// A JSON file in it.
    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// The names in a folder of it, sorted; none where it is missing.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(folder)) else {
            return Vec::new();
        };
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The run folders in it, sorted.
    pub fn runs(&self) -> Vec<String> {
        let mut names = self.names("runs");
        names.retain(|name| !name.starts_with('.'));
        names
    }

    /// Whatever is unfinished in it, at any depth.
    pub fn unfinished(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(folder) else { continue };
            for entry in entries.flatten() {
                let is_unfinished = entry.file_name().to_string_lossy().starts_with(".tmp-");
                if is_unfinished {
                    found.push(entry.path());
                } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(entry.path());
                }
            }
        }
        found
    }

    /// `trainyard` with these words, from within the workspace.
    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trainyard"));
        command
            .args(words.split_whitespace())
            .current_dir(&self.folder)
            .env("NO_COLOR", "1");
        command
    }

    /// Runs `trainyard` with these words to its end.
    pub fn trainyard(&self, words: &str) -> Ran {
        Ran::of(words, self, &self.command(words).stdin(Stdio::null()).output().unwrap())
    }

    /// Starts `trainyard` with these words.
    pub fn start(&self, words: &str) -> Running {
        let mut command = self.command(words);
        let piped = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Running {
            words: words.to_owned(),
            child: piped.spawn().unwrap(),
        }
    }
}

/// A `trainyard` that is under way.
pub struct Running {
    words: String,
    child: Child,
}

impl Running {
    /// Sends a signal, by its name.
    pub fn signal(&self, name: &str) {
        send(name, self.child.id());
    }

    /// The processes that it started and that have not ended.
    pub fn workers(&self) -> Vec<u32> {
        children_of(self.child.id())
    }

    /// Waits for its end.
    pub fn ends(self, workspace: &Workspace) -> Ran {
        let output = self.child.wait_with_output().unwrap();
        Ran::of(&self.words, workspace, &output)
    }
}

/// Sends a signal to a process.
pub fn send(name: &str, pid: u32) {
    let sent = Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .status()
        .unwrap();
    assert!(sent.success(), "kill -{name} {pid}");
}

/// Whether a process is there and no zombie.
pub fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

fn children_of(parent: u32) -> Vec<u32> {
    let pids = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_child = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after = stat
            .rsplit_once(')')
            .map(|(_, rest)| rest.to_owned())
            .unwrap_or_default();
        after.split_whitespace().nth(1) == Some(parent.to_string().as_str()) && is_alive(*pid)
    };
    pids.filter(is_child).collect()
}

/// Waits until `what` is there; a test that waits in vain fails and says for what.
pub fn until<T>(description: &str, mut what: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = what() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain: {description}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A `trainyard` that has ended.
pub struct Ran {
    words: String,
    folder: PathBuf,
    /// Its exit code; 128 and the number of the signal that killed it.
    pub code: i32,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Ran {
    fn of(words: &str, workspace: &Workspace, output: &Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let signal = output.status.signal().map(|signal| 128 + signal);
        Self {
            words: words.to_owned(),
            folder: workspace.folder.path().to_owned(),
            code: output.status.code().or(signal).unwrap(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Fails unless it ended with this exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "trainyard {}\n{}{}",
            self.words, self.stdout, self.stderr
        );
        self
    }

    /// Its stdout as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.stdout, self.stderr))
    }

    /// A stage of that document.
    #[track_caller]
    pub fn stage(&self, name: &str) -> Value {
        let document = self.json();
        let stages = document["stages"].as_array().unwrap();
        stages
            .iter()
            .find(|stage| stage["name"] == name)
            .unwrap_or_else(|| panic!("no stage {name}: {document}"))
            .clone()
    }

    /// The stage's phase and failure class: `Failed Data`, `Succeeded`.
    #[track_caller]
    pub fn ending(&self, name: &str) -> String {
        let stage = self.stage(name);
        let word = |key: &str| stage[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}", word("phase"), word("failureClass"))
            .trim_end()
            .to_owned()
    }

    /// The stage's message.
    #[track_caller]
    pub fn message(&self, name: &str) -> String {
        self.stage(name)["message"].as_str().unwrap_or_default().to_owned()
    }

    /// Compares the whole with `tests/transcripts/<name>.txt`, times and paths filtered. `UPDATE_TRANSCRIPTS=1` rewrites it.
    #[track_caller]
    pub fn reads_as(&self, name: &str) {
        transcript::compare(
            name,
            &transcript::of(&self.words, &self.folder, self.code, &self.stdout, &self.stderr),
        );
    }
}

/// A path as text.
pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
