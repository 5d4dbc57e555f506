//! Licences, duplicates, sources and known vulnerabilities of everything that is linked, by cargo-deny and `deny.toml`.

use crate::step::Checked;
use crate::{cache, command};
use anyhow::Result;
use camino::Utf8PathBuf;

/// The cargo-deny that the tests are written for.
const VERSION: &str = "0.20.2";

/// Licences, duplicates and sources always; vulnerabilities where their database can be fetched.
pub(crate) fn check() -> Result<Checked> {
    let cargo_deny = installed()?;
    command::run(&mut command::command(
        &cargo_deny,
        ["--all-features", "check", "licenses", "bans", "sources"],
    ))?;
    if command::succeeds(&mut command::command(&cargo_deny, ["fetch", "db"])) {
        command::run(&mut command::command(&cargo_deny, ["check", "advisories"]))?;
        return Ok(Checked::Whole);
    }
    Ok(Checked::AllBut(
        "known vulnerabilities, since the RustSec database could not be fetched".to_owned(),
    ))
}

fn installed() -> Result<Utf8PathBuf> {
    let folder = cache::prepared(&format!("cargo-deny-{VERSION}"), |folder| {
        let arguments = [
            "install",
            "cargo-deny",
            "--locked",
            "--version",
            VERSION,
            "--root",
            folder.as_str(),
        ];
        // Its own target folder: ours would be locked, and rebuilt for other features.
        command::run(command::cargo(arguments).env_remove("CARGO_TARGET_DIR"))
    })?;
    Ok(folder.join("bin/cargo-deny"))
}
