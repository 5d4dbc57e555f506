//! The two images that every node needs, and nobody of ours ships.

use super::archive::{Content, Image};
use super::{PAUSE, SHELL};
use crate::binaries::Binaries;
use crate::cache;
use crate::command::{command, output, run};
use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeMap;

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
            user: "65532:65532".to_owned(),
            files: BTreeMap::from([("/pause".into(), Content::Program(program.to_owned()))]),
            ..Image::default()
        };
        image.write(&folder.join("pause.tar")).map(drop)
    })?;
    Ok(folder.join("pause.tar"))
}

/// Debian's dynamic busybox with its libraries: the static one cannot look up names, because glibc loads its resolver.
fn shell() -> Result<Utf8PathBuf> {
    let folder = cache::prepared(&format!("images/busybox-{SHELL_GENERATION}"), |folder| {
        let unpacked = folder.join("package");
        run(command("apt-get", ["download", "--quiet", "busybox"]).current_dir(folder))
            .context("Debian's package `busybox`, for the image of tests")?;
        run(&mut command(
            "dpkg-deb",
            ["--extract", package(folder)?.as_str(), unpacked.as_str()],
        ))?;
        let program = ["usr/bin/busybox", "bin/busybox"].map(|path| unpacked.join(path));
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
        let image = Image {
            name: SHELL.to_owned(),
            user: ROOT.to_owned(),
            files,
            ..Image::default()
        };
        image.write(&folder.join("busybox.tar")).map(drop)
    })?;
    Ok(folder.join("busybox.tar"))
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
