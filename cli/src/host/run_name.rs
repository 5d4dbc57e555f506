//! The name of a run: `<pipeline>-<n>` with the next free `n`, claimed so that two runs at once never share it.
//!
//! A claim is the file `runs/.names/<run>`, created exclusively and locked for as long as the run's process lives. Who finds
//! the lock free knows that the process is gone, whatever its number was, on whatever machine it ran.
//!
//! Not here: the run's folder, whose name has the uid in it as well and so never clashes.

use super::workspace::{READ, Workspace, WorkspaceError};
use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::FlockOperation;
use std::fs::{self, File};
use std::io::{self, Read};
use trainyard_contract::{PipelineName, RunName, RunUid, layout};

/// The folder of claims, in `runs/`. No run is called so: names of runs do not begin with a dot.
const NAMES: &str = ".names";
/// Random bytes of a uid; it has twice as many digits.
const UID_BYTES: usize = 16;

/// A name that is this process's until it ends.
#[derive(Debug)]
pub struct Claim {
    /// The name.
    pub run: RunName,
    /// Locked until dropped.
    _lock: File,
}

/// Claims the next name of `pipeline`: one above the highest that is there, so that a name comes back only when all are gone.
pub fn claim(workspace: &Workspace, pipeline: &PipelineName) -> Result<Claim, WorkspaceError> {
    let folder = names_folder(workspace);
    fs::create_dir_all(&folder).map_err(WorkspaceError::of("create", &folder))?;
    let mut number = highest(&folder, pipeline)?.map_or(1, |highest| highest + 1);
    loop {
        let run = numbered(pipeline, number);
        let path = folder.join(run.as_str());
        match File::create_new(&path) {
            Ok(file) => {
                lock(&file).map_err(WorkspaceError::of("lock", &path))?;
                return Ok(Claim { run, _lock: file });
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(e) => return Err(WorkspaceError::of("create", path)(e)),
        }
    }
}

/// Whether the process that claimed `run` still lives. A run whose claim is gone does not.
pub fn is_live(workspace: &Workspace, run: &RunName) -> bool {
    let Ok(file) = File::open(names_folder(workspace).join(run.as_str())) else {
        return false;
    };
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_err()
}

/// Gives the name of a removed run back, unless it is the pipeline's highest: the next claim counts on from that.
pub fn release(workspace: &Workspace, pipeline: &PipelineName, run: &RunName) {
    let folder = names_folder(workspace);
    let is_highest = highest(&folder, pipeline)
        .ok()
        .flatten()
        .is_none_or(|highest| number_of(pipeline, run.as_str()) == Some(highest));
    if !is_highest {
        // A claim that stays costs an empty file.
        let _ = fs::remove_file(folder.join(run.as_str()));
    }
}

/// A name for a run that could claim none since its workspace cannot be written: unique by its uid.
///
/// # Panics
/// Never: the longest name of a pipeline leaves room for it.
pub fn unclaimed(pipeline: &PipelineName, uid: &RunUid) -> RunName {
    RunName::parse(format!("{pipeline}-{}", uid.short()))
        .expect("a pipeline's name leaves room for a uid's eight digits")
}

/// 32 random hexadecimal digits.
///
/// # Panics
/// Never: such digits are a uid.
pub fn new_uid() -> io::Result<RunUid> {
    let mut bytes = [0_u8; UID_BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let digits = u128::from_be_bytes(bytes);
    Ok(RunUid::parse(format!("{digits:032x}")).expect("hexadecimal digits are a uid"))
}

fn names_folder(workspace: &Workspace) -> Utf8PathBuf {
    workspace.join(layout::RUNS).join(NAMES)
}

fn numbered(pipeline: &PipelineName, number: u64) -> RunName {
    RunName::parse(format!("{pipeline}-{number}")).expect("a pipeline's name leaves room for a number")
}

/// The highest number that a run of `pipeline` was claimed with.
fn highest(folder: &Utf8Path, pipeline: &PipelineName) -> Result<Option<u64>, WorkspaceError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(WorkspaceError::of(READ, folder)(e)),
    };
    let mut highest = None;
    for entry in entries {
        let name = entry.map_err(WorkspaceError::of(READ, folder))?.file_name();
        highest = highest.max(name.to_str().and_then(|name| number_of(pipeline, name)));
    }
    Ok(highest)
}

/// The most digits of a number that a name of any pipeline has room for (57 characters, less 40 and a `-`).
const NUMBER_DIGITS_MAX: usize = 15;

/// `n` of `<pipeline>-<n>`; `None` for a run of another pipeline, also of one called `<pipeline>-1`.
fn number_of(pipeline: &PipelineName, run: &str) -> Option<u64> {
    let digits = run.strip_prefix(pipeline.as_str())?.strip_prefix('-')?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    (plain && digits.len() <= NUMBER_DIGITS_MAX).then(|| digits.parse().ok())?
}

/// Takes the lock at once: nobody else opens a file that was just created, but to look whether it is locked.
fn lock(file: &File) -> io::Result<()> {
    Ok(rustix::fs::flock(file, FlockOperation::LockExclusive)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn pipeline(name: &str) -> PipelineName {
        PipelineName::parse(name).unwrap()
    }

    fn workspace(folder: &tempfile::TempDir) -> Workspace {
        Workspace::at(Some(Utf8Path::from_path(folder.path()).unwrap())).unwrap()
    }

    #[test]
    fn numbers_table() {
        for (run, wanted) in [
            ("a-1-1", Some(1)),
            ("a-1-12", Some(12)),
            ("a-1", None),
            ("a-1-", None),
            ("a-1-01", None),
            ("a-1-1-1", None),
            ("a-1-x", None),
            ("a-1-9999999999999999", None),
        ] {
            assert_eq!(number_of(&pipeline("a-1"), run), wanted, "{run}");
        }
    }

    #[test]
    fn names_claimed_at_once_differ() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(&folder);
        let claims: Vec<Claim> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| claim(&workspace, &pipeline("a")).unwrap()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let names: BTreeSet<_> = claims.iter().map(|claim| claim.run.clone()).collect();
        assert_eq!(names.len(), 16, "{names:?}");
        assert!(claims.iter().all(|claim| is_live(&workspace, &claim.run)));
        let first = claims[0].run.clone();
        drop(claims);
        assert!(!is_live(&workspace, &first));
    }

    #[test]
    fn a_name_does_not_come_back_while_the_highest_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(&folder);
        let names: Vec<_> = (0..3).map(|_| claim(&workspace, &pipeline("a")).unwrap().run).collect();
        for name in &names {
            release(&workspace, &pipeline("a"), name);
        }
        assert_eq!(claim(&workspace, &pipeline("a")).unwrap().run.as_str(), "a-4");
        assert_eq!(claim(&workspace, &pipeline("a-1")).unwrap().run.as_str(), "a-1-1");
    }
}
