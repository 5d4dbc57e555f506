//! Opens a file, or lists a folder, where a [`Place`] allows it.

use super::{Place, SourceError};
use camino::Utf8Path;
use rustix::fs::{Dir, FileType as EntryType, Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;
use std::fs::{self, File, FileType};
use std::io;
use std::os::unix::fs::FileTypeExt;

/// Opens the regular file at `place`, which people know as `name`.
pub(super) fn open(place: &Place, name: &str) -> Result<File, SourceError> {
    match place {
        Place::Anywhere(path) => {
            let failed = |source| SourceError::of_open(path, name, source);
            // A pipe would make opening wait for a writer, so what stands there is looked at first.
            be_a_file(fs::metadata(path).map_err(failed)?.file_type(), name)?;
            File::open(path).map_err(failed)
        }
        Place::Below { folder, path } => {
            let failed = |source: io::Error| SourceError::of_open(&folder.join(path), name, source);
            // A pipe is opened without waiting for its writer.
            let file = open_below(folder, path, OFlags::NONBLOCK).map_err(failed)?;
            be_a_file(file.metadata().map_err(failed)?.file_type(), name)?;
            Ok(file)
        }
    }
}

/// The names of all that is in the folder at `place` and is no folder itself. `name` is the path with wildcards, and
/// `folder_name` its folder, as people know them.
pub(super) fn names_in(place: &Place, name: &str, folder_name: &str) -> Result<Vec<String>, SourceError> {
    let (folder, at) = match place {
        Place::Anywhere(path) => {
            let here = if path.as_str().is_empty() {
                Utf8Path::new(".")
            } else {
                path
            };
            (File::open(here), path.clone())
        }
        Place::Below { folder, path } => {
            let inside = if path.as_str().is_empty() {
                Utf8Path::new(".")
            } else {
                path
            };
            (open_below(folder, inside, OFlags::DIRECTORY), folder.join(path))
        }
    };
    let failed = |source| SourceError::of_folder(&at, (name, folder_name), source);
    let mut names = Vec::new();
    for entry in Dir::new(folder.map_err(failed)?).map_err(|errno| failed(errno.into()))? {
        let entry = entry.map_err(|errno| failed(errno.into()))?;
        // A name that is no UTF-8 cannot stand in a manifest either.
        if let Ok(name) = entry.file_name().to_str()
            && entry.file_type() != EntryType::Directory
        {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Opens what is at `path` below `folder`, in one step, so that no link can be put in between. `EXDEV` where the path leads
/// out.
fn open_below(folder: &Utf8Path, path: &Utf8Path, more: OFlags) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | more;
    let opened = openat2(
        &File::open(folder)?,
        path.as_std_path(),
        flags,
        Mode::empty(),
        ResolveFlags::BENEATH,
    );
    match opened {
        Ok(file) => Ok(File::from(file)),
        // A sandbox that emulates the kernel: two steps, with the same answer where nobody changes links meanwhile.
        Err(Errno::NOSYS) => {
            let real = folder.join(path).canonicalize_utf8()?;
            if !real.starts_with(folder.canonicalize_utf8()?) {
                return Err(Errno::XDEV.into());
            }
            rustix::fs::open(real.as_std_path(), flags, Mode::empty())
                .map(File::from)
                .map_err(io::Error::from)
        }
        Err(errno) => Err(errno.into()),
    }
}

fn be_a_file(kind: FileType, name: &str) -> Result<(), SourceError> {
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else {
        "a device or socket"
    };
    Err(SourceError::not_a_file(name, what))
}
