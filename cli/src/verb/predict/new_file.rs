//! A file that is there whole or not at all: written beside its place, renamed at the end, and gone when the command is stopped.
//!
//! A link is followed, and a file that is replaced leaves its permissions to the new one.

use crate::exit::Exit;
use crate::host::stop_signals::{Stop, StopSignals};
use crate::print::Complaint;
use camino::{Utf8Path, Utf8PathBuf};
use std::fs::{self, Permissions};
use std::io;
use std::sync::mpsc;
use std::thread;

/// Where a file is to stand.
pub(super) struct NewFile {
    /// As it was named.
    shown: Utf8PathBuf,
    /// Where that leads.
    place: Utf8PathBuf,
    /// Of the file that stands there now.
    permissions: Option<Permissions>,
}

impl NewFile {
    /// The file at `path`, which is made from `data`.
    pub(super) fn at(path: &Utf8Path, data: &Utf8Path) -> Result<Self, Complaint> {
        let new = |place: Utf8PathBuf, permissions| Self {
            shown: path.to_owned(),
            place,
            permissions,
        };
        match fs::metadata(path) {
            Ok(there) if there.is_file() => {
                let place = path.canonicalize_utf8().map_err(|e| unusable(path, &e.to_string()))?;
                if data.canonicalize_utf8().is_ok_and(|data| data == place) {
                    return Err(Complaint::new(format!(
                        "{path} is the data: it would be replaced by its own predictions"
                    ))
                    .hint("name another file with --output"));
                }
                Ok(new(place, Some(there.permissions())))
            }
            Ok(there) => {
                let what = if there.is_dir() {
                    "a folder"
                } else {
                    "no file, but a device or a pipe"
                };
                Err(Complaint::new(format!("{path} is {what}"))
                    .hint("name a file with --output; without it the predictions go to stdout"))
            }
            Err(_) if path.is_symlink() => Err(unusable(path, "it is a link that leads nowhere")),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let folder = path.parent().filter(|folder| !folder.as_str().is_empty());
                match folder.filter(|folder| !folder.is_dir()) {
                    Some(folder) => Err(unusable(path, &format!("there is no folder {folder}"))),
                    None => Ok(new(path.to_owned(), None)),
                }
            }
            Err(e) => Err(unusable(path, &e.to_string())),
        }
    }

    /// As it was named.
    pub(super) fn shown(&self) -> &Utf8Path {
        &self.shown
    }

    /// Begins to write it, beside its place. From here a signal to stop takes it away.
    pub(super) fn begin(&self) -> io::Result<Unfinished<'_>> {
        let name = self.place.file_name().unwrap_or_default();
        let own = std::process::id();
        let path = self.place.with_file_name(format!(".{name}.tmp-{own}"));
        gone_when_stopped(path.clone())?;
        Ok(Unfinished { file: self, path })
    }
}

fn unusable(path: &Utf8Path, why: &str) -> Complaint {
    Complaint::new(format!("cannot write {path}: {why}"))
}

/// Removes the file and ends the process when somebody stops it.
fn gone_when_stopped(path: Utf8PathBuf) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (tell, listens) = mpsc::sync_channel(1);
    thread::spawn(move || {
        runtime.block_on(async {
            let mut stops = StopSignals::listen();
            // Nobody waits for it once the file is begun.
            let _ = tell.send(());
            let exit = match stops.next().await {
                Stop::CtrlC => Exit::Interrupted,
                Stop::Terminate => Exit::Terminated,
            };
            // Where it cannot be removed, its name says what it is.
            let _ = fs::remove_file(&path);
            std::process::exit(exit.code().into());
        });
    });
    listens.recv().map_err(io::Error::other)
}

/// A file that is being written. Dropped before it is published, it is gone.
pub(super) struct Unfinished<'a> {
    file: &'a NewFile,
    path: Utf8PathBuf,
}

impl Unfinished<'_> {
    /// Where it is written.
    pub(super) fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Puts it in its place.
    pub(super) fn publish(self) -> io::Result<()> {
        if let Some(permissions) = &self.file.permissions {
            fs::set_permissions(&self.path, permissions.clone())?;
        }
        fs::rename(&self.path, &self.file.place)
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        // After a rename there is nothing.
        let _ = fs::remove_file(&self.path);
    }
}
