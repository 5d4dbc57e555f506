//! How folders go: out of sight by one rename, so that nobody ever sees half of one, and from the disk after that. Who is cut off in
//! between leaves a folder `.removed-…`, which the next one removes.

use camino::{Utf8Path, Utf8PathBuf};
use std::fs;
use std::io;
use trainyard_contract::ModelVersionName;
use trainyard_contract::layout::{EVALUATIONS, REMOVED_PREFIX};

/// Takes a folder out of sight. One that is not there is no error.
///
/// # Errors
/// The name is not that of a folder right in `parent`, or the volume does not let it go.
pub fn remove_folder(parent: &Utf8Path, name: &str) -> io::Result<()> {
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not the name of a folder"));
    }
    match fs::rename(parent.join(name), out_of_sight(parent, name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Takes a model version of the folder `models/<pipeline>` out of sight, with what was found out about it and the link to its pickle.
///
/// # Errors
/// As for a folder.
pub fn remove_version(models: &Utf8Path, version: &ModelVersionName) -> io::Result<()> {
    let link = models.join(format!("{version}.pkl"));
    if fs::symlink_metadata(&link).is_ok_and(|found| found.is_symlink()) {
        fs::remove_file(&link)?;
    }
    remove_folder(&models.join(EVALUATIONS), version.as_str())?;
    remove_folder(models, version.as_str())
}

/// Removes from the disk what is out of sight in a folder. What does not go stays for the next time, and is returned.
pub fn remove_for_good(parent: &Utf8Path) -> Vec<(Utf8PathBuf, io::Error)> {
    let entries = parent.read_dir_utf8().into_iter().flatten().flatten();
    let removed = entries.filter(|entry| entry.file_name().starts_with(REMOVED_PREFIX));
    let left = removed.filter_map(|entry| {
        let error = fs::remove_dir_all(entry.path()).err()?;
        // Another one is at it.
        (error.kind() != io::ErrorKind::NotFound).then(|| (entry.path().to_owned(), error))
    });
    left.collect()
}

/// A name of an earlier folder, half removed, may be taken.
fn out_of_sight(parent: &Utf8Path, name: &str) -> Utf8PathBuf {
    let free = |place: &Utf8PathBuf| fs::symlink_metadata(place).is_err();
    let plain = parent.join(format!("{REMOVED_PREFIX}{name}"));
    if free(&plain) {
        return plain;
    }
    let mut numbered = (2..=u32::MAX).map(|number| parent.join(format!("{REMOVED_PREFIX}{name}-{number}")));
    numbered.find(free).unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_a_name_goes_twice_and_what_is_no_name_stays() {
        let folder = tempfile::tempdir().unwrap();
        let parent = Utf8Path::from_path(folder.path()).unwrap();
        for _ in 0..2 {
            fs::create_dir_all(parent.join("run/train")).unwrap();
            remove_folder(parent, "run").unwrap();
        }
        remove_folder(parent, "run").unwrap();
        assert_eq!(parent.read_dir_utf8().unwrap().count(), 2, "out of sight, but there");
        assert!(remove_for_good(parent).is_empty());
        assert_eq!(parent.read_dir_utf8().unwrap().count(), 0);
        for name in ["", ".", "..", "../x", "a/b", ".tmp-1", "a\0"] {
            assert!(remove_folder(parent, name).is_err(), "{name:?}");
        }
    }
}
