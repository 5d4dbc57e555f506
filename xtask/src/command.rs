//! Other programs: started at the root of the repository, with errors that name the whole command.

use crate::repository;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// `program` with these arguments, at the root of the repository, with nothing to read. It does not see what cargo told us about this
/// package: build scripts of dependencies look at that, so each would be built once for people who call cargo and once more for us.
pub(crate) fn command<S: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(repository::root())
        .stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if is_about_package(&name) {
            command.env_remove(name);
        }
    }
    command
}

/// The cargo that started us.
pub(crate) fn cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments)
}

/// Whether cargo tells by this variable about the package of the program that it runs.
fn is_about_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// Runs it, its output as ours. An error when it cannot start or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", text_of(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", text_of(command));
    }
    Ok(())
}

/// Runs it and gives what it wrote to its standard output; standard error goes to ours.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", text_of(command)))?;
    if !output.status.success() {
        bail!("{} ended with {}", text_of(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{} wrote no text", text_of(command)))
}

/// Whether it runs and succeeds; nothing that it writes is shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The command as one would type it, short paths first.
fn text_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let text: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    format!("`{}`", text.join(" "))
}
