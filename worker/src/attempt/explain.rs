//! What can be said of a workspace that does not work, once the whole attempt is known: how much room there is, whose it is.

use crate::StageError;
use camino::Utf8Path;
use rustix::fs::{FileType, stat, statvfs};
use rustix::process::{getegid, geteuid};
use std::io::ErrorKind;
use trainyard_contract::{FailureClass, StageDocument};

/// The same error, with what its reader has to know about the workspace.
pub(super) fn workspace(error: StageError, document: &StageDocument) -> StageError {
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    match cause.map(std::io::Error::kind) {
        Some(ErrorKind::StorageFull) => with_room(error, &document.workspace),
        Some(ErrorKind::PermissionDenied) => with_owner(error, &document.workspace),
        _ => error,
    }
}

/// Says of a full volume how much room it has.
fn with_room(error: StageError, workspace: &Utf8Path) -> StageError {
    let Ok(volume) = statvfs(workspace.as_str()) else {
        return error;
    };
    let mebibytes = |blocks: u64| blocks.saturating_mul(volume.f_frsize) >> 20;
    let (free, all) = (mebibytes(volume.f_bavail), mebibytes(volume.f_blocks));
    let hint = format!("{free} MiB of {all} MiB are free; {}", error.hint_text());
    error.hint(hint)
}

/// Says whose workspace it is that the stage may not write to. Trying again does not help: somebody has to change it.
fn with_owner(error: StageError, workspace: &Utf8Path) -> StageError {
    let Ok(status) = stat(workspace.as_str()) else {
        return error;
    };
    let is_folder = FileType::from_raw_mode(status.st_mode) == FileType::Directory;
    let may_write = rustix::fs::access(workspace.as_str(), rustix::fs::Access::WRITE_OK).is_ok();
    if !is_folder || may_write {
        return error;
    }
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    let message = format!(
        "cannot write in the workspace `{workspace}`: it belongs to {}:{} with mode {:04o}, and the stage runs as {user}:{group}",
        status.st_uid,
        status.st_gid,
        status.st_mode & 0o7777,
    );
    let hint = format!(
        "make it writable once, as with `chown {user}:{group}` or `chmod 0777`: on hostPath and some NFS volumes \
         Kubernetes does not do it (fsGroup has no effect there)"
    );
    StageError::failed(FailureClass::Config, message).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Ending;
    use std::fs;
    use std::io;
    use std::os::unix::fs::PermissionsExt;

    /// Root may write anywhere: there the error stays as it was.
    #[test]
    fn a_workspace_of_somebody_else_is_named_with_its_owner_and_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o555)).unwrap();
        let denied = || StageError::workspace("create `runs`", io::Error::from(ErrorKind::PermissionDenied));
        let explained = with_owner(denied(), path);
        if geteuid().is_root() {
            assert_eq!(explained.message(), denied().message());
        } else {
            assert_eq!(explained.ending(), Ending::Failed(FailureClass::Config));
            assert!(
                explained.message().contains("with mode 0555"),
                "{}",
                explained.message()
            );
        }
    }
}
