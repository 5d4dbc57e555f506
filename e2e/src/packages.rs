//! The programs of the Linux distribution that a node needs: installed by apt-get where one is missing.

use crate::cluster::is_root;
use crate::command::{command, run};
use anyhow::{Context, Result, bail};
use camino::Utf8Path;

/// A program, and Debian's and Ubuntu's package that has it.
struct Program {
    name: &'static str,
    package: &'static str,
}

const fn program(name: &'static str, package: &'static str) -> Program {
    Program { name, package }
}

/// What the harness itself needs.
const HARNESS: [Program; 1] = [program("openssl", "openssl")];
/// What a real node and a network of its own need.
const NODE: [Program; 7] = [
    program("runc", "runc"),
    program("iptables", "iptables"),
    program("conntrack", "conntrack"),
    program("ip", "iproute2"),
    program("nsenter", "util-linux"),
    program("ethtool", "ethtool"),
    program("socat", "socat"),
];

/// Folders of system programs, which are not in everybody's `PATH`.
const SYSTEM: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/// Sees to it that all of them are there. As root it installs what is missing; else it says what to install.
pub(crate) fn install_missing() -> Result<()> {
    let missing = missing_packages();
    if missing.is_empty() {
        return Ok(());
    }
    if !is_root() || !is_installed("apt-get") {
        bail!(
            "programs are missing that a cluster needs; install the packages {}",
            missing.join(" ")
        );
    }
    eprintln!("installing {}", missing.join(" "));
    let quiet = [("DEBIAN_FRONTEND", "noninteractive")];
    run(command("apt-get", ["update"]).envs(quiet)).context("the list of Debian packages is too old or missing")?;
    let install = ["install", "--yes", "--no-install-recommends"];
    run(command("apt-get", install).args(&missing).envs(quiet))
}

fn missing_packages() -> Vec<&'static str> {
    let of_node: &[Program] = if is_root() { &NODE } else { &[] };
    let missing = HARNESS
        .iter()
        .chain(of_node)
        .filter(|program| !is_installed(program.name));
    missing.map(|program| program.package).collect()
}

fn is_installed(name: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut folders = path.split(':').chain(SYSTEM);
    folders.any(|folder| Utf8Path::new(folder).join(name).is_file())
}
