//! kube-apiserver. Its audit log is always on: what a program asked for is proven there.

use super::ControlPlane;
use anyhow::Result;
use serde_json::json;

/// More than any cluster of ours writes: the log stays one file, in which nothing is missed.
const AUDIT_MEGABYTES_MAX: u32 = 10_000;
/// Addresses of Services.
const SERVICES: &str = "10.96.0.0/16";
/// Beside Kubernetes' own: who makes an owner wait for its own deletion, or changes owners, needs a right to that. Some clusters have it.
const STRICTER: &str = "OwnerReferencesPermissionEnforcement";

pub(super) fn arguments(plane: &ControlPlane<'_>) -> Result<Vec<String>> {
    let policy = json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata"}],
    });
    let policy = plane.state.write("audit-policy.json", policy.to_string())?;
    let certificates = plane.certificates;
    let eviction = plane.node_loss.eviction.as_secs();
    Ok([
        format!("--etcd-servers=http://{}", plane.endpoints.etcd),
        format!("--bind-address={}", plane.endpoints.api.ip()),
        format!("--advertise-address={}", plane.endpoints.api.ip()),
        format!("--secure-port={}", plane.endpoints.api.port()),
        format!("--tls-cert-file={}", certificates.server()),
        format!("--tls-private-key-file={}", certificates.server_key()),
        format!("--token-auth-file={}", certificates.tokens()),
        "--authorization-mode=Node,RBAC".to_owned(),
        format!("--enable-admission-plugins={STRICTER}"),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!(
            "--service-account-signing-key-file={}",
            certificates.service_accounts_key()
        ),
        format!(
            "--service-account-key-file={}",
            certificates.service_accounts_public_key()
        ),
        format!("--service-cluster-ip-range={SERVICES}"),
        "--allow-privileged".to_owned(),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        format!("--default-not-ready-toleration-seconds={eviction}"),
        format!("--default-unreachable-toleration-seconds={eviction}"),
        format!("--audit-policy-file={policy}"),
        format!("--audit-log-path={}", plane.state.audit_log()),
        format!("--audit-log-maxsize={AUDIT_MEGABYTES_MAX}"),
    ]
    .into())
}
