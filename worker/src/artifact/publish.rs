//! The one rename that makes a folder real.

use camino::Utf8Path;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io;

/// What became of a rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// The folder stands at its place, and that is on the disk.
    Done,
    /// Something else stood there already; nothing was changed.
    Taken,
}

/// Renames the folder `from` to `to`, which never replaces anything that holds something, and syncs the folder that both
/// stand in.
pub fn publish(from: &Utf8Path, to: &Utf8Path) -> io::Result<Published> {
    match rename_to_free_place(from, to) {
        Ok(()) => {
            sync_folder(to.parent().unwrap_or(Utf8Path::new(".")))?;
            Ok(Published::Done)
        }
        Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) if fs::symlink_metadata(to).is_ok() => Ok(Published::Taken),
        Err(error) => Err(error.into()),
    }
}

fn rename_to_free_place(from: &Utf8Path, to: &Utf8Path) -> Result<(), Errno> {
    match renameat_with(CWD, from.as_str(), CWD, to.as_str(), RenameFlags::NOREPLACE) {
        // File systems without the flag (NFS). A plain rename of a folder replaces an empty folder at most, and a
        // committed one is never empty.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => rustix::fs::rename(from.as_str(), to.as_str()),
        other => other,
    }
}

/// Makes the names in `folder` last through a power cut.
pub fn sync_folder(folder: &Utf8Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some network file systems cannot sync a folder and keep names in order by themselves.
        Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::INVAL | Errno::NOTSUP)) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_at_the_place_stays() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        for name in ["a", "b"] {
            fs::create_dir(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("who"), name).unwrap();
        }
        assert_eq!(publish(&folder.join("a"), &folder.join("1")).unwrap(), Published::Done);
        assert_eq!(publish(&folder.join("b"), &folder.join("1")).unwrap(), Published::Taken);
        assert_eq!(fs::read_to_string(folder.join("1/who")).unwrap(), "a");
        assert_eq!(fs::read_to_string(folder.join("b/who")).unwrap(), "b");
        fs::write(folder.join("file"), "").unwrap();
        assert_eq!(
            publish(&folder.join("b"), &folder.join("file")).unwrap(),
            Published::Taken
        );
        assert!(publish(&folder.join("nothing"), &folder.join("2")).is_err());
    }
}
