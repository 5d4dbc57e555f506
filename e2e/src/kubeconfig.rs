//! Kubeconfigs: where the API server is, by whose word, and who we are.

use crate::certificates::{Certificates, User};
use crate::state::State;
use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;
use std::net::SocketAddr;

/// Writes one (JSON, which is YAML too).
pub(crate) fn write(
    state: &State,
    path: &Utf8Path,
    server: SocketAddr,
    certificates: &Certificates,
    user: &User,
) -> Result<Utf8PathBuf> {
    let cluster = state.name().to_string();
    let cluster = format!("trainyard-{cluster}");
    let document = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster, "cluster": {
            "server": format!("https://{server}"),
            "certificate-authority": certificates.authority(),
        }}],
        "users": [{"name": user.name(), "user": {"token": user.token()}}],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": user.name()}}],
        "current-context": cluster,
    });
    state.write(path, format!("{document:#}\n"))
}
