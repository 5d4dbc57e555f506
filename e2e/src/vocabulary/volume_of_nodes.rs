//! A volume that pods find again on another node.

use super::volume::PREPARED_FOR;
use super::{Namespace, Volume};
use serde_json::json;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

impl Namespace {
    /// Makes a claim with a volume behind it that is the same folder on every node, as a network's file system is.
    pub async fn volume_of_all_nodes(&self, claim: &str) -> Volume {
        self.same_folder_everywhere(claim, "ReadWriteMany").await
    }

    /// The same, but that only one node may use it at a time, as a disk that is attached to nodes.
    pub async fn volume_of_any_node(&self, claim: &str) -> Volume {
        self.same_folder_everywhere(claim, "ReadWriteOnce").await
    }

    async fn same_folder_everywhere(&self, claim: &str, access: &str) -> Volume {
        self.cluster().needs("the disk of a node");
        let folder = self
            .cluster()
            .state()
            .folder()
            .join("volumes-of-all-nodes")
            .join(self.name());
        // fsGroup does nothing here.
        let made =
            fs::create_dir_all(&folder).and_then(|()| fs::set_permissions(&folder, Permissions::from_mode(0o777)));
        made.unwrap_or_else(|error| panic!("{folder}: {error}"));
        let volume = json!({
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": self.name(), "labels": {PREPARED_FOR: self.name()}},
            "spec": {
                "accessModes": [access],
                "capacity": {"storage": "1Gi"},
                "storageClassName": "",
                "persistentVolumeReclaimPolicy": "Retain",
                "claimRef": {"namespace": self.name(), "name": claim},
                "hostPath": {"path": folder, "type": "Directory"},
            },
        });
        self.apply(volume).await;
        self.apply(json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": claim},
            "spec": {
                "accessModes": [access],
                "storageClassName": "",
                "volumeName": self.name(),
                "resources": {"requests": {"storage": "1Gi"}},
            },
        }))
        .await;
        Volume::of_claim(self, claim).await
    }
}
