//! Our two images: static programs, a user without rights, and nothing else. The `Dockerfile` at the root makes the same.

use super::archive::{Content, Image};
use super::for_tests::write_test_worker;
use crate::command::{command, output, run_shown};
use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeMap;
use std::fs;

/// The programs that are shipped in an image of their own; it is called as the program.
pub const PROGRAMS: [&str; 2] = ["trainyard-operator", "trainyard-worker"];
/// Number of the user and of the group, which `/etc/passwd` of the image calls `trainyard`.
pub const USER: &str = "65532:65532";
/// What the C library is to be: part of the program, since the image has none.
pub const COMPILER_FLAGS: &str = "-C target-feature=+crt-static";
/// An image that is larger would be noticed at every first start on a node.
const BYTES_MAX: u64 = 25_000_000;
/// The certificates of the authorities that the machine believes: the worker will fetch tables over https.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The name under which a program's image is known until it is published.
pub fn name_of(program: &str) -> String {
    format!("localhost/{program}:dev")
}

/// The arguments of cargo that build `program` for this platform (`x86_64-unknown-linux-gnu`). The platform is named so that
/// the flags do not reach build scripts and derives.
pub fn cargo_arguments(program: &str, platform: &str) -> Vec<String> {
    let arguments = [
        "build",
        "--locked",
        "--profile",
        "image",
        "--target",
        platform,
        "--package",
        program,
    ];
    arguments.map(str::to_owned).into()
}

/// Builds both programs and writes both archives into `folder`. A line with its size for each. Gives the programs, in the order
/// of [`PROGRAMS`].
pub fn write_archives(folder: &Utf8Path) -> Result<[Utf8PathBuf; 2]> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {folder}"))?;
    let rustc = output(&mut command("rustc", ["-vV"]))?;
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: "));
    let platform = host.context("`rustc -vV` names no host")?;
    if !Utf8Path::new(AUTHORITIES).exists() {
        eprintln!("{AUTHORITIES} is not here: the images trust nobody, so the worker cannot fetch over https");
    }
    let [operator, worker] = PROGRAMS;
    let all = [built(operator, platform)?, built(worker, platform)?];
    for (program, built) in PROGRAMS.iter().zip(&all) {
        let archive = folder.join(format!("{program}.tar"));
        let bytes = image(program, built.clone()).write(&archive)?;
        if bytes > BYTES_MAX {
            bail!("{archive} has {bytes} bytes; {BYTES_MAX} are allowed");
        }
        eprintln!("{:7.1} MB  {archive}, {}", bytes as f64 / 1e6, name_of(program));
    }
    Ok(all)
}

/// Writes the image [`super::TEST_WORKER`] of this worker into `folder`, and gives its archive.
pub fn write_test_archive(folder: &Utf8Path, worker: &Utf8Path) -> Result<Utf8PathBuf> {
    write_test_worker(folder, worker)
}

fn built(program: &str, platform: &str) -> Result<Utf8PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut cargo = command(cargo, cargo_arguments(program, platform));
    run_shown(cargo.current_dir(root()).env("RUSTFLAGS", COMPILER_FLAGS))?;
    Ok(target().join(platform).join("image").join(program))
}

/// What the image of `program` holds, which was built as `built`.
pub(super) fn image(program: &str, built: Utf8PathBuf) -> Image {
    let etc = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("images/etc");
    let mut files = BTreeMap::from([
        (Utf8PathBuf::from(format!("/{program}")), Content::Program(built)),
        ("/etc/passwd".into(), Content::File(etc.join("passwd"))),
        ("/etc/group".into(), Content::File(etc.join("group"))),
    ]);
    if Utf8Path::new(AUTHORITIES).exists() {
        files.insert(AUTHORITIES.into(), Content::File(AUTHORITIES.into()));
    }
    let labels = [
        ("title", program),
        ("source", env!("CARGO_PKG_REPOSITORY")),
        ("licenses", env!("CARGO_PKG_LICENSE")),
        ("version", env!("CARGO_PKG_VERSION")),
    ];
    Image {
        name: name_of(program),
        entrypoint: Some(format!("/{program}")),
        user: USER.to_owned(),
        labels: labels
            .map(|(key, value)| (format!("org.opencontainers.image.{key}"), value.to_owned()))
            .into(),
        files,
    }
}

/// The archives in a folder, in the order of their names.
pub fn archives_in(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>> {
    let mut archives = Vec::new();
    for entry in folder
        .read_dir_utf8()
        .with_context(|| format!("cannot list {folder}"))?
    {
        let entry = entry.with_context(|| format!("cannot list {folder}"))?;
        if entry.path().extension() == Some("tar") {
            archives.push(entry.path().to_owned());
        }
    }
    archives.sort();
    Ok(archives)
}

/// The root of the repository.
///
/// # Panics
/// Never: this crate lies one folder below it.
pub fn root() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate lies one folder below the root")
}

/// Where cargo builds.
pub fn target() -> Utf8PathBuf {
    std::env::var("CARGO_TARGET_DIR").map_or_else(|_| root().join("target"), |folder| root().join(folder))
}
