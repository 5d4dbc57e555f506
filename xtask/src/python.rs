//! Python environments with pinned packages, made once a set of pins and kept in the cache.
//!
//! Debian's and Ubuntu's `python3` is taken, or installed by apt-get where we are root. Another version of Python than the
//! pins were made for is no error: the caller says what it could not check.

use crate::{cache, command, repository};
use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;
use std::fs;

/// Packages of certain versions, and the Pythons that have them.
pub(crate) struct Environment {
    /// The file with the pins, from the root of the repository.
    pub(crate) requirements: &'static str,
    /// The oldest Python 3 that has wheels of all of them: 9 for 3.9.
    pub(crate) oldest: u32,
    /// The newest Python 3 that has.
    pub(crate) newest: u32,
}

/// Prints `3 MINOR`, and fails where `python3 -m venv` would.
const WHICH: &str = "import sys, venv, ensurepip; print(*sys.version_info[:2])";

impl Environment {
    /// The environment's interpreter; `None` where this machine has no Python that suits.
    pub(crate) fn interpreter(&self) -> Result<Option<Utf8PathBuf>> {
        let Some((python, minor)) = self.system_python()? else {
            return Ok(None);
        };
        let path = repository::root().join(self.requirements);
        let pins = fs::read(&path).with_context(|| format!("cannot read {path}"))?;
        let name = format!(
            "{}-python3.{minor}-{:016x}",
            path.file_stem().unwrap_or("requirements"),
            fingerprint(&pins)
        );
        let folder = cache::prepared(&name, |folder| {
            command::run(&mut command::command(&python, ["-m", "venv", folder.as_str()]))?;
            let install = [
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--only-binary",
                ":all:",
            ];
            let pip = &mut command::command(folder.join("bin/python"), install);
            command::run(pip.args(["--requirement", path.as_str()]))
        })?;
        Ok(Some(folder.join("bin/python")))
    }

    /// What to say where there is none.
    pub(crate) fn missing(&self) -> String {
        format!(
            "{} (no Python 3.{} to 3.{} here)",
            self.requirements, self.oldest, self.newest
        )
    }

    fn system_python(&self) -> Result<Option<(String, u32)>> {
        let (found, any) = self.look();
        if found.is_some() || any {
            return Ok(found);
        }
        install_python()?;
        let (found, any) = self.look();
        if !any {
            bail!("python3 has no venv module even now; install python3 and python3-venv");
        }
        Ok(found)
    }

    /// The first Python that suits, and whether there is any at all.
    fn look(&self) -> (Option<(String, u32)>, bool) {
        let exact = (self.oldest..=self.newest)
            .rev()
            .map(|minor| format!("python3.{minor}"));
        let mut any = false;
        for name in std::iter::once("python3".to_owned()).chain(exact) {
            let Some(minor) = minor_version(&name) else { continue };
            any = true;
            if (self.oldest..=self.newest).contains(&minor) {
                return (Some((name, minor)), any);
            }
        }
        (None, any)
    }
}

/// `12` of a Python 3.12 that can make environments.
fn minor_version(python: &str) -> Option<u32> {
    let output = command::command(python, ["-c", WHICH]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.trim().strip_prefix("3 ")?.parse().ok()
}

fn install_python() -> Result<()> {
    let root = command::output(&mut command::command("id", ["-u"])).is_ok_and(|id| id.trim() == "0");
    if !root || !command::succeeds(&mut command::command("apt-get", ["--version"])) {
        bail!("the live comparisons need python3 with its venv module; install python3 and python3-venv");
    }
    command::run(&mut command::command("apt-get", ["update", "--quiet"]))?;
    let install = [
        "install",
        "--quiet",
        "--yes",
        "--no-install-recommends",
        "python3",
        "python3-venv",
    ];
    command::run(command::command("apt-get", install).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// FNV-1a: tells two sets of pins apart; nothing is safe because of it.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
