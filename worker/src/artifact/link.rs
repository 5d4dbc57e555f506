//! Links whose target changes in one step.

use super::unfinished::UnfinishedFolder;
use camino::Utf8Path;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;

/// Puts a link to `target` (relative to the link's folder) at `link`, in the place of a link that stands there: a reader finds
/// the one or the other always. The new link is made in an unfinished folder, so that a crash leaves nothing that stays.
pub fn replace_link(link: &Utf8Path, target: &Utf8Path) -> io::Result<()> {
    if fs::read_link(link).is_ok_and(|old| old == target.as_std_path()) {
        return Ok(());
    }
    let parent = link.parent().unwrap_or(Utf8Path::new("."));
    let folder = UnfinishedFolder::make(parent).map_err(|(_, cause)| cause)?;
    let new = folder.path().join("link");
    symlink(target, &new)?;
    fs::rename(&new, link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_made_and_moved_and_nothing_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let link = folder.join("champion");
        for target in ["a", "b", "b"] {
            replace_link(&link, target.into()).unwrap();
            assert_eq!(link.read_link_utf8().unwrap(), target);
            assert_eq!(folder.read_dir_utf8().unwrap().count(), 1);
        }
        fs::create_dir_all(folder.join("taken/by")).unwrap();
        assert!(replace_link(&folder.join("taken"), "a".into()).is_err());
        assert_eq!(folder.read_dir_utf8().unwrap().count(), 2);
    }
}
