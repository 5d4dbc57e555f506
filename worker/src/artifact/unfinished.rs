//! Folders that are being written, and how those are told that nobody writes any more.
//!
//! A writer holds a `flock` on its folder from right after it made it. The kernel gives the lock back when the process ends,
//! also by SIGKILL or a power cut, whatever its pid and pid namespace; so a folder whose lock can be taken is left over.
//! Where a file system cannot lock folders (NFS), a folder counts as left over once it is a day old.

use super::publish::{Published, publish, sync_folder};
use crate::StageError;
use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;
use trainyard_contract::layout::{MODELS, RUNS, UNFINISHED_PREFIX};

/// Without locks: after this long without a new file, no writer is at work in a folder any more.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 3_600);
/// A new folder meets a cleaner at most by chance, each time with the same small chance.
const CREATE_TRIES: u32 = 100;

/// A folder that is being written. Dropped without [`UnfinishedFolder::publish`], it is removed with all that it holds.
pub struct UnfinishedFolder {
    path: Utf8PathBuf,
    /// Holds the lock; `None` once the folder is published.
    lock: Option<File>,
}

impl UnfinishedFolder {
    /// Makes and locks a new folder `.tmp-…` in `parent`, which is made where it is missing.
    pub fn create(parent: &Utf8Path) -> Result<Self, StageError> {
        Self::make(parent).map_err(|(path, cause)| StageError::workspace(&format!("create `{path}`"), cause))
    }

    /// As [`UnfinishedFolder::create`], with the path that could not be made.
    pub(super) fn make(parent: &Utf8Path) -> Result<Self, (Utf8PathBuf, io::Error)> {
        let failed = |path: &Utf8Path, cause| (path.to_owned(), cause);
        for _ in 0..CREATE_TRIES {
            // Again in each round: another run may clean up an empty parent.
            fs::create_dir_all(parent).map_err(|cause| failed(parent, cause))?;
            let path = parent.join(format!("{UNFINISHED_PREFIX}{:016x}", random()));
            match fs::create_dir(&path).and_then(|()| lock_new(&path)) {
                Ok(Some(lock)) => return Ok(Self { path, lock: Some(lock) }),
                Ok(None) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => {}
                Err(cause) => return Err(failed(&path, cause)),
            }
        }
        Err(failed(parent, io::Error::other("it is removed again and again")))
    }

    /// Where the folder is, until it is published.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Syncs the folder and renames it to `to`, unless something stands there. Files in it must be synced already.
    pub fn publish(&mut self, to: &Utf8Path) -> Result<Published, StageError> {
        let failed = |cause| StageError::workspace(&format!("commit `{to}`"), cause);
        sync_folder(&self.path).map_err(failed)?;
        let published = publish(&self.path, to).map_err(failed)?;
        if published == Published::Done {
            self.lock = None;
        }
        Ok(published)
    }
}

impl Drop for UnfinishedFolder {
    fn drop(&mut self) {
        if self.lock.is_some() {
            // What stays is removed by the next run.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// The lock of a folder just made; `None` when a cleaner was there first, which removes the folder.
fn lock_new(path: &Utf8Path) -> io::Result<Option<File>> {
    let folder = File::open(path)?;
    // Any other error is of a file system without locks.
    if let Err(Errno::WOULDBLOCK) = flock(&folder, FlockOperation::NonBlockingLockExclusive) {
        return Ok(None);
    }
    // A cleaner that had the lock before us has removed the name; it never removes one whose lock we hold.
    match fs::symlink_metadata(path) {
        Ok(named) => Ok((named.ino() == folder.metadata()?.ino()).then_some(folder)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// 64 random bits: the keys of a new hasher are random, and std draws them from the kernel.
fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

/// Removes the unfinished folders of a workspace that nobody works on any more; returns those that it removed.
///
/// Safe beside any number of running stages and of other cleaners, on this machine and others. A folder that cannot be
/// removed is left for the next time.
pub fn clean_unfinished(workspace: &Utf8Path) -> Vec<Utf8PathBuf> {
    let stages = folders(&workspace.join(RUNS)).into_iter().flat_map(|run| folders(&run));
    let pipelines = folders(&workspace.join(MODELS));
    let mut removed: Vec<_> = stages
        .chain(pipelines)
        .flat_map(|parent| folders(&parent))
        .filter(|folder| {
            folder
                .file_name()
                .is_some_and(|name| name.starts_with(UNFINISHED_PREFIX))
        })
        .filter(|folder| remove_if_abandoned(folder).unwrap_or(false))
        .collect();
    removed.sort();
    removed
}

/// The real folders in `parent`, links left out; none where there is no such folder.
fn folders(parent: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Ok(entries) = parent.read_dir_utf8() else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path().to_owned())
        .collect()
}

fn remove_if_abandoned(path: &Utf8Path) -> io::Result<bool> {
    let folder = File::open(path)?;
    match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Ok(false),
        Err(_) => {
            let age = folder.metadata()?.modified()?.elapsed().unwrap_or_default();
            if age < ABANDONED_AFTER {
                return Ok(false);
            }
        }
    }
    // By name, under the lock: a folder that was renamed to its place meanwhile has no such name any more.
    fs::remove_dir_all(path)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        (folder, path)
    }

    #[test]
    fn a_dropped_folder_is_removed_and_a_published_one_stays() {
        let (_keep, workspace) = workspace();
        let parent = workspace.join("runs/r-12345678/train");
        let folder = UnfinishedFolder::create(&parent).unwrap();
        fs::write(folder.path().join("half"), "").unwrap();
        drop(folder);
        assert_eq!(parent.read_dir_utf8().unwrap().count(), 0);
        let mut folder = UnfinishedFolder::create(&parent).unwrap();
        fs::write(folder.path().join("whole"), "").unwrap();
        assert_eq!(folder.publish(&parent.join("1")).unwrap(), Published::Done);
        drop(folder);
        assert!(parent.join("1/whole").is_file());
    }

    #[test]
    fn only_folders_that_nobody_holds_are_cleaned() {
        let (_keep, workspace) = workspace();
        let stage = workspace.join("runs/r-12345678/train");
        let models = workspace.join("models/p");
        let held = UnfinishedFolder::create(&stage).unwrap();
        let model = UnfinishedFolder::create(&models).unwrap();
        fs::create_dir_all(stage.join(".tmp-left/deep")).unwrap();
        fs::create_dir_all(models.join(".tmp-left")).unwrap();
        fs::create_dir_all(stage.join("1")).unwrap();
        fs::create_dir_all(models.join("model_20260223_104700")).unwrap();
        fs::create_dir_all(workspace.join("data/x/.tmp-mine")).unwrap();
        assert_eq!(
            clean_unfinished(&workspace),
            [models.join(".tmp-left"), stage.join(".tmp-left")]
        );
        assert_eq!(clean_unfinished(&workspace), [] as [&str; 0]);
        for kept in [
            held.path(),
            model.path(),
            &stage.join("1"),
            &models.join("model_20260223_104700"),
            &workspace.join("data/x/.tmp-mine"),
        ] {
            assert!(kept.is_dir(), "{kept}");
        }
    }

    #[test]
    fn writers_and_cleaners_at_once_lose_nothing() {
        let (_keep, workspace) = workspace();
        let parent = workspace.join("models/p");
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..2)
                .map(|writer| {
                    let parent = &parent;
                    scope.spawn(move || {
                        for number in 0..100 {
                            let mut folder = UnfinishedFolder::create(parent).unwrap();
                            fs::write(folder.path().join("file"), "whole").unwrap();
                            let place = parent.join(format!("{writer}-{number}"));
                            assert_eq!(folder.publish(&place).unwrap(), Published::Done);
                        }
                    })
                })
                .collect();
            while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                clean_unfinished(&workspace);
            }
        });
        let whole = folders(&parent)
            .iter()
            .filter(|folder| folder.join("file").is_file())
            .count();
        assert_eq!(whole, 200);
    }
}
