//! The harness itself: what the other tests rely on is what a real cluster does.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use std::os::unix::fs::MetadataExt as _;
use trainyard_e2e::image::SHELL;
use trainyard_e2e::vocabulary::{Namespace, cluster_under_test, in_namespace};

/// A pod, or the template of one, that runs a script in a shell as root.
fn shell(script: &str) -> Value {
    json!({"restartPolicy": "Never", "containers": [{
        "name": "shell",
        "image": SHELL,
        "imagePullPolicy": "Never",
        "command": ["/bin/sh", "-ec", script],
    }]})
}

/// The user and the groups of stages.
fn as_stage(mut pod: Value) -> Value {
    pod["securityContext"] = json!({"runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532});
    pod
}

fn with_claim(mut pod: Value, claim: &str) -> Value {
    pod["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]);
    pod["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
    pod
}

fn pod(name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec})
}

fn claim(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    })
}

fn phase(pod: &Pod) -> &str {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    phase.unwrap_or_default()
}

/// Runs a pod to its end, which must be good, and gives what it said.
async fn said(ns: &Namespace, name: &str, spec: &Value) -> String {
    ns.apply(pod(name, spec)).await;
    let ended = |pod: &Pod| ["Succeeded", "Failed"].contains(&phase(pod));
    let ended: Pod = ns.wait_for(name, "the pod ends", ended).await;
    let said = ns.kubectl(&format!("logs {name}")).await;
    assert_eq!(phase(&ended), "Succeeded", "{said}");
    said
}

#[tokio::test]
async fn every_node_is_ready_and_there_is_one_default_storage_class() {
    let cluster = cluster_under_test().await;
    let nodes = Api::<Node>::all(cluster.client())
        .list(&ListParams::default())
        .await
        .unwrap();
    let ready = |node: &Node| {
        let conditions = node.status.clone().unwrap_or_default().conditions.unwrap_or_default();
        conditions
            .iter()
            .any(|one| one.type_ == "Ready" && one.status == "True")
    };
    assert!(!nodes.items.is_empty() && nodes.iter().all(ready), "{nodes:?}");
    let classes = Api::<StorageClass>::all(cluster.client())
        .list(&ListParams::default())
        .await
        .unwrap();
    let is_default = "storageclass.kubernetes.io/is-default-class";
    let default: Vec<_> = classes
        .iter()
        .filter(|class| class.annotations().get(is_default).is_some_and(|value| value == "true"))
        .map(|class| (class.name_any(), class.volume_binding_mode.clone().unwrap_or_default()))
        .collect();
    assert_eq!(default, [("standard".to_owned(), "WaitForFirstConsumer".to_owned())]);
}

#[tokio::test]
async fn a_job_runs_to_its_end_and_the_audit_log_has_it() {
    in_namespace(async |ns| {
        let template = json!({"spec": shell("echo done")});
        ns.apply(json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "hello"},
            "spec": {"backoffLimit": 0, "template": template},
        }))
        .await;
        let complete = |job: &Job| job.status.as_ref().is_some_and(|status| status.succeeded == Some(1));
        ns.wait_for("hello", "the Job succeeds", complete).await;
        assert_eq!(ns.kubectl("logs job/hello").await, "done\n");
        let requests = ns.requests();
        let of_job = requests.iter().filter(|request| request.name() == "hello");
        let created: Vec<_> = of_job.filter(|request| request.is("create", "jobs")).collect();
        assert_eq!(created.len(), 1, "{created:?}");
        assert!(created[0].succeeded() && !created[0].by_operator(), "{created:?}");
    })
    .await;
}

#[tokio::test]
async fn a_claim_of_the_default_class_can_be_written_by_anybody() {
    in_namespace(async |ns| {
        ns.apply(claim("data")).await;
        let script = "echo kept > /data/file; stat -c %a,%u /data";
        // fsGroup does nothing here, as on kind: it is the mode that lets a stage write.
        let said = said(ns, "writer", &with_claim(as_stage(shell(script)), "data")).await;
        assert_eq!(said, "777,0\n");
        assert_eq!(ns.volume("data").await.text("file"), "kept\n");
    })
    .await;
}

#[tokio::test]
async fn a_local_volume_gets_the_group_of_the_pod() {
    in_namespace(async |ns| {
        let volume = ns.local_volume("data").await;
        volume.write("early", "before the first pod");
        let script = "cat /data/early; touch /data/file";
        let said = said(ns, "writer", &with_claim(as_stage(shell(script)), "data")).await;
        assert_eq!(said, "before the first pod");
        for name in ["", "file"] {
            let about = volume.path(name).metadata().unwrap();
            assert_eq!(about.gid(), 65532, "{name}");
        }
        assert_eq!(volume.path("file").metadata().unwrap().uid(), 65532);
    })
    .await;
}

#[tokio::test]
async fn a_foreign_volume_cannot_be_written_and_a_small_one_is_soon_full() {
    in_namespace(async |ns| {
        ns.foreign_volume("data").await;
        let script = "touch /data/file || true";
        let said = said(ns, "writer", &with_claim(as_stage(shell(script)), "data")).await;
        assert!(said.contains("Permission denied"), "{said}");
    })
    .await;
    in_namespace(async |ns| {
        ns.small_volume("data", 64).await;
        let script =
            "dd if=/dev/zero bs=1k count=60 of=/data/fits && dd if=/dev/zero bs=1k count=60 of=/data/more || true";
        let said = said(ns, "writer", &with_claim(as_stage(shell(script)), "data")).await;
        assert!(said.contains("No space left on device"), "{said}");
    })
    .await;
}

#[tokio::test]
async fn a_restricted_namespace_refuses_a_bare_pod_of_root() {
    in_namespace(async |ns| {
        ns.restrict().await;
        let refusal = ns.apply_refused(pod("root", &shell("true"))).await;
        assert!(refusal.contains(r#"violates PodSecurity "restricted"#), "{refusal}");
        assert!(refusal.contains("runAsNonRoot"), "{refusal}");
    })
    .await;
}

#[tokio::test]
async fn a_container_that_takes_too_much_memory_is_killed_for_it() {
    in_namespace(async |ns| {
        let mut spec = shell("exec tail /dev/zero");
        spec["containers"][0]["resources"] = json!({"limits": {"memory": "32Mi"}});
        ns.apply(pod("greedy", &spec)).await;
        let pod: Pod = ns
            .wait_for("greedy", "the pod fails", |pod: &Pod| phase(pod) == "Failed")
            .await;
        let ended = pod.status.unwrap().container_statuses.unwrap()[0].clone();
        let ended = ended.state.unwrap().terminated.unwrap();
        assert_eq!((ended.reason.as_deref(), ended.exit_code), (Some("OOMKilled"), 137));
    })
    .await;
}

#[tokio::test]
async fn a_service_is_found_by_its_name() {
    in_namespace(async |ns| {
        let server = shell("mkdir /site; echo found > /site/index.html; httpd -f -p 8000 -h /site");
        ns.apply(pod("server", &server)).await;
        ns.apply(json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "site"},
            "spec": {"selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": 8000}]},
        }))
        .await;
        ns.kubectl("wait --for=condition=Ready pod/server --timeout=60s").await;
        // Until kube-proxy knows the way, which nobody tells.
        let script = format!(
            "for i in $(seq 100); do wget -q -O - http://site.{}.svc.cluster.local && exit; usleep 100000; done; exit 1",
            ns.name()
        );
        assert_eq!(said(ns, "client", &shell(&script)).await, "found\n");
    })
    .await;
}

#[tokio::test]
async fn who_may_not_make_an_owner_wait_for_its_deletion_is_refused() {
    in_namespace(async |ns| {
        ns.kubectl("create configmap owner").await;
        ns.kubectl("create role maker --verb create --resource configmaps")
            .await;
        let account = format!("system:serviceaccount:{}:default", ns.name());
        let words = format!(
            "create rolebinding maker --role maker --serviceaccount {}:default",
            ns.name()
        );
        ns.kubectl(&words).await;
        let uid = ns
            .kubectl("get configmap owner --output jsonpath={.metadata.uid}")
            .await;
        let owned = |waits: bool| {
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owned", "ownerReferences": [{
                "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid, "blockOwnerDeletion": waits,
            }]}})
        };
        let refusal = ns.create_refused_to(&account, owned(true)).await;
        assert!(refusal.contains("cannot set blockOwnerDeletion"), "{refusal}");
        ns.create_as(&account, owned(false)).await;
    })
    .await;
}
