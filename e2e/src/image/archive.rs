//! An image as an archive: OCI's layout with Docker's `manifest.json` beside it, so that old and new programs take it.
//!
//! The same files make the same bytes: no times, no owners, an order of our own.

use crate::cache::hexadecimal;
use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use tar::{Builder, EntryType, Header};

/// What an image is.
#[derive(Debug, Default)]
pub(super) struct Image {
    /// With its tag: `localhost/pause:1`.
    pub(super) name: String,
    /// What it runs: an absolute path. Left out, whoever runs it says.
    pub(super) entrypoint: Option<String>,
    /// Number of user and group.
    pub(super) user: String,
    pub(super) labels: BTreeMap<String, String>,
    /// By the path in the image, which begins with `/`.
    pub(super) files: BTreeMap<Utf8PathBuf, Content>,
}

/// What lies at a path.
#[derive(Debug)]
pub(super) enum Content {
    /// A copy of this file of ours, for everybody to run.
    Program(Utf8PathBuf),
    /// A copy of this file of ours, for everybody to read.
    File(Utf8PathBuf),
    /// A link to this path of the image.
    Link(String),
}

/// A blob of the layout.
struct Blob {
    kind: &'static str,
    digest: String,
    bytes: Vec<u8>,
}

impl Blob {
    fn new(kind: &'static str, bytes: Vec<u8>) -> Self {
        let digest = hexadecimal(&Sha256::digest(&bytes));
        Self { kind, digest, bytes }
    }

    fn path(&self) -> String {
        format!("blobs/sha256/{}", self.digest)
    }

    fn descriptor(&self) -> Value {
        let Self { kind, digest, bytes } = self;
        json!({"mediaType": kind, "digest": format!("sha256:{digest}"), "size": bytes.len()})
    }
}

impl Image {
    /// Writes the archive, whole or not at all, and gives its size in bytes.
    pub(super) fn write(&self, to: &Utf8Path) -> Result<u64> {
        let bytes = self.archive()?;
        let unfinished = Utf8PathBuf::from(format!("{to}.unfinished"));
        fs::write(&unfinished, &bytes).with_context(|| format!("cannot write {unfinished}"))?;
        fs::rename(&unfinished, to).with_context(|| format!("cannot rename {unfinished} to {to}"))?;
        Ok(bytes.len() as u64)
    }

    fn archive(&self) -> Result<Vec<u8>> {
        let layer = Blob::new("application/vnd.oci.image.layer.v1.tar", self.layer()?);
        let configuration = Blob::new(
            "application/vnd.oci.image.config.v1+json",
            self.configuration(&layer).to_string().into_bytes(),
        );
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": configuration.descriptor(),
            "layers": [layer.descriptor()],
        });
        let manifest = Blob::new(
            "application/vnd.oci.image.manifest.v1+json",
            manifest.to_string().into_bytes(),
        );
        let mut described = manifest.descriptor();
        let tag = self.name.rsplit_once(':').map_or("latest", |(_, tag)| tag);
        described["annotations"] = json!({
            "io.containerd.image.name": self.name,
            "org.opencontainers.image.ref.name": tag,
        });
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [described],
        });
        let docker = json!([{
            "Config": configuration.path(),
            "RepoTags": [self.name],
            "Layers": [layer.path()],
        }]);
        let mut archive = Builder::new(Vec::new());
        append(
            &mut archive,
            "oci-layout",
            READABLE,
            br#"{"imageLayoutVersion":"1.0.0"}"#,
        )?;
        append(&mut archive, "index.json", READABLE, index.to_string().as_bytes())?;
        append(&mut archive, "manifest.json", READABLE, docker.to_string().as_bytes())?;
        for folder in ["blobs/", "blobs/sha256/"] {
            append_special(&mut archive, folder, EntryType::Directory, "")?;
        }
        for blob in [manifest, configuration, layer] {
            append(&mut archive, &blob.path(), READABLE, &blob.bytes)?;
        }
        archive.into_inner().context("the end of an archive")
    }

    fn configuration(&self, layer: &Blob) -> Value {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let mut runs = json!({"User": self.user, "Env": ["PATH=/bin"]});
        if let Some(entrypoint) = &self.entrypoint {
            runs["Entrypoint"] = json!([entrypoint]);
        }
        if !self.labels.is_empty() {
            runs["Labels"] = json!(self.labels);
        }
        json!({
            "architecture": architecture,
            "os": "linux",
            "config": runs,
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", layer.digest)]},
            "history": [{"created_by": "cargo xtask images"}],
        })
    }

    /// The files as an archive, each folder before what lies in it.
    fn layer(&self) -> Result<Vec<u8>> {
        let mut layer = Builder::new(Vec::new());
        let parents = self.files.keys().flat_map(|path| path.ancestors().skip(1));
        let folders: BTreeSet<_> = parents.filter(|folder| folder.parent().is_some()).collect();
        for folder in folders {
            append_special(&mut layer, &format!("{}/", inside(folder)), EntryType::Directory, "")?;
        }
        for (path, content) in &self.files {
            let path = inside(path);
            match content {
                Content::Program(file) => append(&mut layer, path, RUNNABLE, &read(file)?)?,
                Content::File(file) => append(&mut layer, path, READABLE, &read(file)?)?,
                Content::Link(target) => append_special(&mut layer, path, EntryType::Symlink, target)?,
            }
        }
        layer.into_inner().context("the end of a layer")
    }
}

/// The mode of what everybody may read.
const READABLE: u32 = 0o644;
/// The mode of what everybody may run, and of folders.
const RUNNABLE: u32 = 0o755;

fn read(file: &Utf8Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {file}"))
}

/// A path of the image as archives write it.
fn inside(path: &Utf8Path) -> &str {
    path.as_str().trim_start_matches('/')
}

fn append(archive: &mut Builder<Vec<u8>>, path: &str, mode: u32, bytes: &[u8]) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_mode(mode);
    header.set_size(bytes.len() as u64);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    archive
        .append_data(&mut header, path, bytes)
        .with_context(|| format!("cannot add {path} to an archive"))
}

/// A folder, or a link to `target`.
fn append_special(archive: &mut Builder<Vec<u8>>, path: &str, kind: EntryType, target: &str) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(RUNNABLE);
    header.set_size(0);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    let added = if target.is_empty() {
        archive.append_data(&mut header, path, std::io::empty())
    } else {
        archive.append_link(&mut header, path, target)
    };
    added.with_context(|| format!("cannot add {path} to an archive"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn image(folder: &Utf8Path) -> Image {
        let program = folder.join("built");
        let certificates = folder.join("certificates");
        fs::write(&program, "a program").expect("a file");
        fs::write(&certificates, "whom to believe").expect("a file");
        Image {
            name: "localhost/yard:7".to_owned(),
            entrypoint: Some("/yard".to_owned()),
            user: "65532:65532".to_owned(),
            labels: BTreeMap::from([("title".to_owned(), "yard".to_owned())]),
            files: BTreeMap::from([
                ("/yard".into(), Content::Program(program)),
                ("/etc/ssl/certificates".into(), Content::File(certificates)),
                ("/bin/sh".into(), Content::Link("/yard".to_owned())),
            ]),
        }
    }

    /// Path, mode and content of each entry; a link's content is where it leads.
    fn entries(archive: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
        let mut archive = tar::Archive::new(archive);
        let entries = archive.entries().expect("an archive");
        entries
            .map(|entry| {
                let mut entry = entry.expect("an entry");
                let path = entry.path().expect("a path").display().to_string();
                let mode = entry.header().mode().expect("a mode");
                assert_eq!(entry.header().mtime().expect("a time"), 0, "{path}");
                let mut content = Vec::new();
                entry.read_to_end(&mut content).expect("its content");
                if let Some(target) = entry.link_name().expect("a name or none") {
                    content = target.display().to_string().into_bytes();
                }
                (path, mode, content)
            })
            .collect()
    }

    fn scratch() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("a path of text");
        (folder, path)
    }

    #[test]
    fn the_same_files_make_the_same_bytes_and_others_do_not() {
        let (_folder, path) = scratch();
        let first = image(&path).archive().expect("an archive");
        let (_other, path) = scratch();
        let mut image = image(&path);
        assert_eq!(first, image.archive().expect("an archive"));
        fs::write(path.join("built"), "another program").expect("a file");
        assert_ne!(first, image.archive().expect("an archive"));
        fs::write(path.join("built"), "a program").expect("a file");
        image.user = "0:0".to_owned();
        assert_ne!(first, image.archive().expect("an archive"));
    }

    #[test]
    fn every_blob_is_called_by_its_digest_and_reached_from_the_index() {
        let (_folder, path) = scratch();
        let bytes = image(&path).archive().expect("an archive");
        let files: BTreeMap<_, _> = entries(&bytes)
            .into_iter()
            .map(|(path, _, content)| (path, content))
            .collect();
        let blob = |descriptor: &Value| {
            let digest = descriptor["digest"]
                .as_str()
                .expect("a digest")
                .trim_start_matches("sha256:");
            let content = &files[&format!("blobs/sha256/{digest}")];
            assert_eq!(digest, hexadecimal(&Sha256::digest(content)));
            assert_eq!(descriptor["size"], content.len());
            content.clone()
        };
        let json = |content: &[u8]| -> Value { serde_json::from_slice(content).expect("JSON") };
        let index = json(&files["index.json"]);
        let described = &index["manifests"][0];
        assert_eq!(described["annotations"]["io.containerd.image.name"], "localhost/yard:7");
        assert_eq!(described["annotations"]["org.opencontainers.image.ref.name"], "7");
        let manifest = json(&blob(described));
        let configuration = json(&blob(&manifest["config"]));
        assert_eq!(configuration["config"]["User"], "65532:65532");
        assert_eq!(configuration["config"]["Entrypoint"], json!(["/yard"]));
        assert_eq!(configuration["config"]["Labels"], json!({"title": "yard"}));
        assert_eq!(configuration["rootfs"]["diff_ids"][0], manifest["layers"][0]["digest"]);
        let docker = json(&files["manifest.json"]);
        assert_eq!(docker[0]["RepoTags"], json!(["localhost/yard:7"]));
        assert!(files.contains_key(docker[0]["Config"].as_str().expect("a path")));
        let layer = blob(&manifest["layers"][0]);
        assert!(files.contains_key(docker[0]["Layers"][0].as_str().expect("a path")));
        let wanted = [
            ("bin/", 0o755, ""),
            ("etc/", 0o755, ""),
            ("etc/ssl/", 0o755, ""),
            ("bin/sh", 0o755, "/yard"),
            ("etc/ssl/certificates", 0o644, "whom to believe"),
            ("yard", 0o755, "a program"),
        ];
        let wanted = wanted.map(|(path, mode, content)| (path.to_owned(), mode, content.as_bytes().to_vec()));
        assert_eq!(entries(&layer), wanted);
    }
}
