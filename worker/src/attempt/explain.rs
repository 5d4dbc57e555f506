//! What can be said of a workspace that does not work, once the whole attempt is known: how much room there is, whose it is, or that
//! nobody may write to it.

use crate::StageError;
use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{FileType, stat, statvfs};
use rustix::process::{getegid, geteuid};
use std::io::ErrorKind;
use trainyard_contract::layout::{models_folder, stage_folder};
use trainyard_contract::{FailureClass, StageDocument, StageSpec};

/// The same error, with what its reader has to know about the workspace.
pub(super) fn workspace(error: StageError, document: &StageDocument) -> StageError {
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    match cause.map(std::io::Error::kind) {
        Some(ErrorKind::StorageFull) => with_room(error, &document.workspace),
        Some(ErrorKind::PermissionDenied) => with_owner(error, document),
        // Trying again does not help: somebody has to mount it otherwise.
        Some(ErrorKind::ReadOnlyFilesystem) => {
            StageError::failed(FailureClass::Config, error.message()).hint(error.hint_text())
        }
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
fn with_owner(error: StageError, document: &StageDocument) -> StageError {
    let Some(folder) = folders_written_to(document).find(|folder| !may_write(folder)) else {
        return error;
    };
    let Ok(status) = stat(folder.as_str()) else {
        return error;
    };
    if FileType::from_raw_mode(status.st_mode) != FileType::Directory {
        return error;
    }
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    let what = if folder == document.workspace {
        "the workspace"
    } else {
        "the workspace's folder"
    };
    let message = format!(
        "cannot write in {what} `{folder}`: it belongs to {}:{} with mode {:04o}, and the stage runs as {user}:{group}",
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

fn may_write(folder: &Utf8Path) -> bool {
    rustix::fs::access(folder.as_str(), rustix::fs::Access::WRITE_OK).is_ok()
}

/// The folders in which an attempt makes others: of each place where it has to, the deepest one that is there.
fn folders_written_to(document: &StageDocument) -> impl Iterator<Item = Utf8PathBuf> {
    let run = stage_folder(&document.run, &document.run_uid, &document.stage);
    let in_models = document.model_version.is_some() || matches!(document.spec, StageSpec::Evaluate(_));
    let models = in_models.then(|| models_folder(&document.pipeline));
    std::iter::once(run).chain(models).map(|place| {
        let all = place.ancestors().map(|folder| match folder.as_str() {
            "" => document.workspace.clone(),
            inside => document.workspace.join(inside),
        });
        let mut there = all.filter(|folder| folder.exists());
        there.next().unwrap_or_else(|| document.workspace.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Ending;
    use serde_json::json;
    use std::fs;
    use std::io;
    use std::os::unix::fs::PermissionsExt;

    fn document(workspace: &Utf8Path) -> StageDocument {
        let document = json!({
            "run": "r1", "runUid": "0d3791c7-0000-4000-8000-000000000001", "pipeline": "iris", "stage": "train", "attempt": 1,
            "spec": {"validate": {}}, "workspace": workspace, "modelVersion": "model_20260223_104700",
        });
        serde_json::from_value(document).unwrap()
    }

    /// Root may write anywhere: there the error stays as it was.
    #[test]
    fn a_workspace_of_somebody_else_or_a_folder_in_it_is_named_with_its_owner_and_mode() {
        let denied = || StageError::workspace("create `runs`", io::Error::from(ErrorKind::PermissionDenied));
        for inside in ["", "runs", "models/iris"] {
            let folder = tempfile::tempdir().unwrap();
            let workspace = Utf8Path::from_path(folder.path()).unwrap();
            let closed = workspace.join(inside);
            fs::create_dir_all(&closed).unwrap();
            fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
            let explained = super::workspace(denied(), &document(workspace));
            if geteuid().is_root() {
                assert_eq!(explained.message(), denied().message());
            } else {
                assert_eq!(explained.ending(), Ending::Failed(FailureClass::Config));
                let named = format!("`{}`: it belongs to", closed.as_str().trim_end_matches('/'));
                for said in ["with mode 0555", &named] {
                    assert!(explained.message().contains(said), "{}", explained.message());
                }
            }
        }
    }

    #[test]
    fn a_workspace_that_nobody_may_write_to_is_not_tried_again() {
        let read_only = StageError::workspace("create `runs`", io::Error::from(ErrorKind::ReadOnlyFilesystem));
        let explained = super::workspace(read_only, &document(Utf8Path::new("/workspace")));
        assert_eq!(explained.ending(), Ending::Failed(FailureClass::Config));
        assert!(
            explained.hint_text().contains("mounted read-only"),
            "{}",
            explained.hint_text()
        );
    }
}
