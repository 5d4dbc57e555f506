//! The folder behind a claim, on the disk of its node; and volumes that a test prepares.

use super::{Namespace, PATIENCE, wait};
use crate::cache::hexadecimal;
use crate::command::{command, run};
use crate::deadline::until;
use camino::{Utf8Path, Utf8PathBuf};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, ResourceExt as _};
use serde::Deserialize as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;
use trainyard_contract::layout::UNFINISHED_PREFIX;

/// Label of volumes that a test prepared: its namespace.
pub(super) const PREPARED_FOR: &str = "trainyard.dev/test";

/// A folder that a claim leads to.
pub struct Volume {
    root: Utf8PathBuf,
}

impl Volume {
    /// Waits until the claim is bound, and finds the folder.
    pub(super) async fn of_claim(namespace: &Namespace, claim: &str) -> Self {
        let name = |claim: &PersistentVolumeClaim| claim.spec.as_ref()?.volume_name.clone();
        let what = format!("claim `{claim}` is bound");
        let bound = |claim: Option<&PersistentVolumeClaim>| {
            let phase = claim.and_then(|claim| claim.status.as_ref()?.phase.as_deref());
            phase == Some("Bound")
        };
        let claim = wait::until(namespace.api(), claim, &what, PATIENCE, bound).await;
        let volume = claim.as_ref().and_then(name).unwrap_or_default();
        let api: Api<PersistentVolume> = Api::all(namespace.cluster().client());
        let found = api.get(&volume).await;
        let found = found.unwrap_or_else(|error| panic!("volume `{volume}`: {error}"));
        let spec = found.spec.unwrap_or_default();
        let host = spec.host_path.map(|host| host.path);
        let local = spec.local.map(|local| local.path);
        let root = host.or(local);
        Self {
            root: root
                .unwrap_or_else(|| panic!("volume `{volume}` is no folder of its node"))
                .into(),
        }
    }

    /// The place of something in it.
    pub fn path(&self, inside: impl AsRef<Utf8Path>) -> Utf8PathBuf {
        self.root.join(inside.as_ref())
    }

    /// Whether something is there.
    pub fn has(&self, inside: impl AsRef<Utf8Path>) -> bool {
        self.path(inside).symlink_metadata().is_ok()
    }

    /// Waits until something is there: nothing else tells what a pod does whose node nobody hears of.
    pub async fn has_before_long(&self, inside: impl AsRef<Utf8Path>) {
        let what = format!("{} is there", inside.as_ref());
        let there = async || Ok(self.has(&inside).then_some(()));
        let there = until(&what, Duration::from_secs(PATIENCE), there).await;
        there.unwrap_or_else(|error| panic!("{error:#}"));
    }

    /// What is in a file.
    pub fn read(&self, inside: impl AsRef<Utf8Path>) -> Vec<u8> {
        let path = self.path(inside);
        fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The hexadecimal sha-256 of a file.
    pub fn sha256(&self, inside: impl AsRef<Utf8Path>) -> String {
        hexadecimal(&Sha256::digest(self.read(inside)))
    }

    /// The text of a file.
    pub fn text(&self, inside: impl AsRef<Utf8Path>) -> String {
        String::from_utf8_lossy(&self.read(inside)).into_owned()
    }

    /// A JSON file.
    pub fn json(&self, inside: impl AsRef<Utf8Path>) -> Value {
        let text = self.text(inside.as_ref());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}: {text}", inside.as_ref()))
    }

    /// Writes a file, with the folders above it.
    pub fn write(&self, inside: impl AsRef<Utf8Path>, contents: impl AsRef<[u8]>) {
        let path = self.path(inside);
        let folder = path.parent().unwrap_or(&self.root);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, contents));
        written.unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// The names in a folder, sorted; none where it is missing.
    pub fn names(&self, inside: impl AsRef<Utf8Path>) -> Vec<String> {
        let entries = self.path(inside).read_dir_utf8();
        let mut names: Vec<_> = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.file_name().to_owned()))
            .collect();
        names.sort();
        names
    }

    /// The files in it, at any depth, in which `text` stands. No link is followed.
    pub fn files_with(&self, text: &str) -> Vec<Utf8PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() {
                    folders.push(entry.path().to_owned());
                } else if kind.is_file() {
                    let bytes = self.read(entry.path());
                    if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
                        found.push(entry.path().to_owned());
                    }
                }
            }
        }
        found
    }

    /// Whatever is unfinished in it, at any depth.
    pub fn unfinished(&self) -> Vec<Utf8PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
                if entry.file_name().starts_with(UNFINISHED_PREFIX) {
                    found.push(entry.path().to_owned());
                } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(entry.path().to_owned());
                }
            }
        }
        found
    }
}

/// What a volume is like that a test prepares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A `local` one, as on a node with disks of its own: the kubelet gives it the pods' `fsGroup`.
    Local,
    /// A `local` one that holds no more than so many KiB.
    Small(u32),
    /// A `hostPath` one that belongs to root: nobody changes its owner or its mode.
    Foreign,
}

impl Namespace {
    /// Makes a claim with a volume behind it that pods' `fsGroup` may write to, so that something can lie on it before the first
    /// stage.
    pub async fn local_volume(&self, claim: &str) -> Volume {
        self.prepare(claim, Kind::Local).await
    }

    /// The same with room for so many KiB only.
    pub async fn small_volume(&self, claim: &str, kibibytes: u32) -> Volume {
        self.prepare(claim, Kind::Small(kibibytes)).await
    }

    /// Makes a claim with a volume behind it that only root may write to.
    pub async fn foreign_volume(&self, claim: &str) -> Volume {
        self.prepare(claim, Kind::Foreign).await
    }

    /// Makes a claim for pods on fake nodes, with a volume behind it in which nothing ever lies.
    pub async fn volume_of_fake_nodes(&self, claim: &str) {
        self.cluster().needs("fake nodes");
        self.claim_prepared(claim, &volume(self.name(), claim)).await;
    }

    async fn prepare(&self, claim: &str, kind: Kind) -> Volume {
        self.cluster().needs("the disk of a node");
        let nodes = self.cluster().nodes().unwrap_or_else(|error| panic!("{error:#}"));
        let node = nodes.first().unwrap_or_else(|| panic!("the cluster has no real node"));
        let folder = node.prepared_volumes().join(self.name());
        let made = fs::create_dir_all(&folder);
        made.unwrap_or_else(|error| panic!("{folder}: {error}"));
        if let Kind::Small(kibibytes) = kind {
            let options = format!("size={kibibytes}k,mode=0755");
            let mount = ["-t", "tmpfs", "-o", &options, "tmpfs", folder.as_str()];
            run(&mut command("mount", mount)).unwrap_or_else(|error| panic!("{error:#}"));
        }
        let private = fs::set_permissions(&folder, Permissions::from_mode(0o755));
        private.unwrap_or_else(|error| panic!("{folder}: {error}"));
        let mut volume = volume(self.name(), claim);
        let on_node = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": [node.name()]});
        volume["spec"]["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [on_node]}]}});
        let (source, details) = match kind {
            Kind::Local | Kind::Small(_) => ("local", json!({"path": folder})),
            Kind::Foreign => ("hostPath", json!({"path": folder, "type": "Directory"})),
        };
        let spec = &mut volume["spec"];
        spec["hostPath"].take();
        spec[source] = details;
        self.claim_prepared(claim, &volume).await;
        Volume { root: folder }
    }

    async fn claim_prepared(&self, claim: &str, volume: &Value) {
        let volume = PersistentVolume::deserialize(volume);
        let volume = volume.unwrap_or_else(|error| panic!("no PersistentVolume: {error}"));
        let api: Api<PersistentVolume> = Api::all(self.cluster().client());
        let created = api.create(&PostParams::default(), &volume).await;
        created.unwrap_or_else(|error| panic!("cannot make a volume: {error}"));
        let claim = PersistentVolumeClaim::deserialize(json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": claim},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "",
                "volumeName": self.name(),
                "resources": {"requests": {"storage": "1Gi"}},
            },
        }));
        let claim = claim.unwrap_or_else(|error| panic!("no PersistentVolumeClaim: {error}"));
        let created = self.api().create(&PostParams::default(), &claim).await;
        created.unwrap_or_else(|error| panic!("cannot make a claim: {error}"));
    }
}

/// One that is nowhere in particular.
fn volume(name: &str, claim: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "labels": {PREPARED_FOR: name}},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"},
            "storageClassName": "",
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"namespace": name, "name": claim},
            "hostPath": {"path": "/nowhere"},
        },
    })
}

/// Removes the volumes that were prepared in a namespace, but not what is on the disk: that goes with the cluster.
pub(super) async fn remove_prepared(namespace: &Namespace) {
    let api: Api<PersistentVolume> = Api::all(namespace.cluster().client());
    let prepared = ListParams::default().labels(&format!("{PREPARED_FOR}={}", namespace.name()));
    for volume in api.list(&prepared).await.into_iter().flatten() {
        // It goes with its claim; the next cluster knows nothing of it.
        let _ = api.delete(&volume.name_any(), &DeleteParams::default()).await;
    }
}
