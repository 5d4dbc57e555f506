//! What a cluster keeps on disk, and where: one folder a cluster, which holds all that tearing it down needs.
//!
//! `/var/lib/trainyard-e2e/NAME` for root. The path is short because unix sockets lie in it, whose paths may have 107 bytes.

use crate::cache;
use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use std::fmt;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::str::FromStr;

/// The name of a cluster. Clusters of different names run beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

/// Part of paths of sockets and of names of network namespaces and cgroups.
const NAME_LENGTH_MAX: usize = 20;

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        // No `-`: it separates the name from what follows in the names of namespaces and cgroups.
        if text.is_empty() || text.len() > NAME_LENGTH_MAX || !text.chars().all(plain) {
            return Err(format!(
                "the name of a cluster is 1 to {NAME_LENGTH_MAX} of a-z and 0-9, not `{text}`"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Default for Name {
    fn default() -> Self {
        Self("yard".to_owned())
    }
}

/// The folder of one cluster.
#[derive(Clone, Debug)]
pub(crate) struct State {
    name: Name,
    folder: Utf8PathBuf,
}

impl State {
    pub(crate) fn of(name: &Name) -> Result<Self> {
        let all = if rustix::process::geteuid().is_root() {
            Utf8PathBuf::from("/var/lib/trainyard-e2e")
        } else {
            cache::root()?.join("clusters")
        };
        fs::create_dir_all(&all).with_context(|| format!("cannot make {all}"))?;
        Ok(Self {
            name: name.clone(),
            folder: all.join(&name.0),
        })
    }

    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    pub(crate) fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// Held while a cluster is brought up or down, so that nobody does either at the same time.
    pub(crate) fn lock(&self) -> Result<File> {
        let path = Utf8PathBuf::from(format!("{}.lock", self.folder));
        let lock = File::create(&path).with_context(|| format!("cannot make {path}"))?;
        lock.lock().with_context(|| format!("cannot lock {path}"))?;
        Ok(lock)
    }

    /// Makes the folder and those in it. It must not be there: what an earlier cluster left is torn down first.
    pub(crate) fn create(&self) -> Result<()> {
        for folder in [self.processes(), self.logs(), self.certificates(), self.programs()] {
            fs::create_dir_all(&folder).with_context(|| format!("cannot make {folder}"))?;
        }
        // The tokens in it are for its owner only.
        let private = Permissions::from_mode(0o700);
        fs::set_permissions(&self.folder, private).with_context(|| format!("cannot protect {}", self.folder))
    }

    /// One file a process that was started.
    pub(crate) fn processes(&self) -> Utf8PathBuf {
        self.folder.join("processes")
    }

    /// One file a process; the API server's audit log too.
    pub(crate) fn logs(&self) -> Utf8PathBuf {
        self.folder.join("logs")
    }

    pub(crate) fn certificates(&self) -> Utf8PathBuf {
        self.folder.join("certificates")
    }

    /// Links to all programs, for somebody's `PATH`.
    pub(crate) fn programs(&self) -> Utf8PathBuf {
        self.folder.join("bin")
    }

    /// Every request that the API server answered, a JSON line each.
    pub(crate) fn audit_log(&self) -> Utf8PathBuf {
        self.logs().join("audit.log")
    }

    /// For everybody on this machine.
    pub(crate) fn kubeconfig(&self) -> Utf8PathBuf {
        self.folder.join("kubeconfig")
    }

    /// For processes in the cluster's own network.
    pub(crate) fn inside_kubeconfig(&self) -> Utf8PathBuf {
        self.folder.join("kubeconfig-inside")
    }

    /// Tests that could not be checked on it, a line each.
    pub(crate) fn not_checked(&self) -> Utf8PathBuf {
        self.folder.join("not-checked")
    }

    /// What tests have counted of faults and losses, a JSON line each.
    pub(crate) fn faults(&self) -> Utf8PathBuf {
        self.folder.join("faults")
    }

    /// Slow tests that were left out on it, a line each.
    pub(crate) fn left_out(&self) -> Utf8PathBuf {
        self.folder.join("left-out")
    }

    /// Written last: the cluster came up as these [`crate::Options`] say.
    pub(crate) fn ready(&self) -> Utf8PathBuf {
        self.folder.join("ready.json")
    }

    /// Writes one of the cluster's files.
    pub(crate) fn write(&self, path: impl AsRef<Utf8Path>, text: impl AsRef<[u8]>) -> Result<Utf8PathBuf> {
        let path = self.folder.join(path);
        fs::write(&path, text).with_context(|| format!("cannot write {path}"))?;
        Ok(path)
    }

    /// Removes all of it. Fails while something is mounted in it: that would remove what is not ours.
    pub(crate) fn remove(&self) -> Result<()> {
        if let Some(mount) = crate::mounts::below(&self.folder)?.first() {
            bail!("{mount} is still mounted: unmount it, then bring the cluster down again");
        }
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).with_context(|| format!("cannot remove {}", self.folder))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_be_mistaken_for_a_part_of_another_is_refused() {
        for bad in ["", "a-b", "A", "a/b", "..", "aaaaaaaaaaaaaaaaaaaaa"] {
            let refusal = Name::from_str(bad).expect_err(bad);
            assert!(refusal.contains(&format!("`{bad}`")), "{refusal}");
        }
        assert_eq!(Name::from_str("yard2").expect("a good name").to_string(), "yard2");
    }
}
