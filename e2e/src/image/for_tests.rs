//! The images that nobody ships: two that every node needs, and a worker that misbehaves.

use super::archive::{Content, Image};
use super::build::USER;
use super::{PAUSE, SHELL, TEST_WORKER};
use crate::binaries::Binaries;
use crate::cache;
use crate::command::{command, output, run};
use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeMap;
use std::fs;

/// Who runs in them: root, unless the pod says otherwise.
const ROOT: &str = "0:0";
/// Counts up when the shell's image is made otherwise than before.
const SHELL_GENERATION: &str = "1";

/// Makes them where the cache does not have them; gives their archives.
pub(crate) fn archives(binaries: &Binaries) -> Result<[Utf8PathBuf; 2]> {
    Ok([pause(&binaries.program("pause"))?, shell()?])
}

fn pause(program: &Utf8Path) -> Result<Utf8PathBuf> {
    // The folder of the program is called by what it was made from.
    let name = format!("images/pause-{}", cache::fingerprint([program.as_str()]));
    let folder = cache::prepared(&name, |folder| {
        let image = Image {
            name: PAUSE.to_owned(),
            entrypoint: Some("/pause".to_owned()),
            user: USER.to_owned(),
            files: BTreeMap::from([("/pause".into(), Content::Program(program.to_owned()))]),
            ..Image::default()
        };
        image.write(&folder.join("pause.tar")).map(drop)
    })?;
    Ok(folder.join("pause.tar"))
}

/// Debian's dynamic busybox with its libraries: the static one cannot look up names, because glibc loads its resolver.
fn shell() -> Result<Utf8PathBuf> {
    let folder = shell_folder()?;
    Ok(folder.join("busybox.tar"))
}

/// The folder in the cache that has the shell's image, and the package that it was made from.
fn shell_folder() -> Result<Utf8PathBuf> {
    cache::prepared(&format!("images/busybox-{SHELL_GENERATION}"), |folder| {
        run(command("apt-get", ["download", "--quiet", "busybox"]).current_dir(folder))
            .context("Debian's package `busybox`, for the image of tests")?;
        run(&mut command(
            "dpkg-deb",
            ["--extract", package(folder)?.as_str(), unpacked(folder).as_str()],
        ))?;
        let image = Image {
            name: SHELL.to_owned(),
            user: ROOT.to_owned(),
            files: shell_files(folder)?,
            ..Image::default()
        };
        image.write(&folder.join("busybox.tar")).map(drop)
    })
}

fn unpacked(folder: &Utf8Path) -> Utf8PathBuf {
    folder.join("package")
}

/// Busybox from its unpacked package, the libraries that it loads, and a link for each of its commands.
fn shell_files(folder: &Utf8Path) -> Result<BTreeMap<Utf8PathBuf, Content>> {
    let program = ["usr/bin/busybox", "bin/busybox"].map(|path| unpacked(folder).join(path));
    let Some(program) = program.iter().find(|path| path.exists()) else {
        bail!("Debian's package `busybox` has no bin/busybox");
    };
    let mut files = BTreeMap::from([("/bin/busybox".into(), Content::Program(program.clone()))]);
    for library in libraries(program)? {
        files.insert(library.clone(), Content::Program(library));
    }
    for applet in output(&mut command(program, ["--list"]))?.lines() {
        if applet != "busybox" {
            let link = Content::Link("/bin/busybox".to_owned());
            files.insert(Utf8Path::new("/bin").join(applet), link);
        }
    }
    Ok(files)
}

/// Writes the image [`TEST_WORKER`] into `folder`: `worker`, behind a script that misbehaves as the environment tells it.
pub(super) fn write_test_worker(folder: &Utf8Path, worker: &Utf8Path) -> Result<Utf8PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {folder}"))?;
    let mut files = shell_files(&shell_folder()?)?;
    let script = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("images/misbehave.sh");
    files.insert("/misbehave".into(), Content::Program(script));
    files.insert("/trainyard-worker".into(), Content::Program(worker.to_owned()));
    let image = Image {
        name: TEST_WORKER.to_owned(),
        entrypoint: Some("/misbehave".to_owned()),
        user: USER.to_owned(),
        files,
        ..Image::default()
    };
    let archive = folder.join("trainyard-test-worker.tar");
    image.write(&archive)?;
    Ok(archive)
}

fn package(folder: &Utf8Path) -> Result<Utf8PathBuf> {
    for entry in folder
        .read_dir_utf8()
        .with_context(|| format!("cannot list {folder}"))?
    {
        let entry = entry.with_context(|| format!("cannot list {folder}"))?;
        if entry.path().extension() == Some("deb") {
            return Ok(entry.path().to_owned());
        }
    }
    bail!("`apt-get download busybox` left no package in {folder}");
}

/// The shared libraries that a program loads, its loader among them.
fn libraries(program: &Utf8Path) -> Result<Vec<Utf8PathBuf>> {
    let list = output(&mut command("ldd", [program]))?;
    let words = list.split_whitespace().filter(|word| word.starts_with('/'));
    Ok(words.map(Utf8PathBuf::from).collect())
}
