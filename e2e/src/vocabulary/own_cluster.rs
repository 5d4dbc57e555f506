//! A cluster for one test: where it is about an empty one, or where the operator under test would be in the way.

use super::Namespace;
use super::namespace::{KEEP_VARIABLE, in_namespace_of, name_under_test};
use crate::cluster::Cluster;
use crate::image::build;
use crate::options::Options;
use crate::state::Name;
use anyhow::{Context as _, Result};
use futures::FutureExt as _;
use std::panic::{AssertUnwindSafe, resume_unwind};
use tokio::sync::Mutex;

/// The machine has to carry the cluster under test, and the tests on it, as well.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Runs a test in a namespace of a cluster of its own, which has our images and nothing else of ours. `part` is the end of the
/// cluster's name: one of that name, which an earlier test was cut off with, goes first.
pub async fn on_a_cluster_of_its_own(part: &str, test: impl AsyncFnOnce(&Namespace)) {
    let _alone = ONE_AT_A_TIME.lock().await;
    let name: Name = must(
        format!("{}{part}", name_under_test())
            .parse()
            .map_err(anyhow::Error::msg),
    );
    let whole = async {
        in_namespace_of(must(fresh(&name).await), test).await;
    };
    let ended = AssertUnwindSafe(whole).catch_unwind().await;
    if ended.is_ok() || std::env::var_os(KEEP_VARIABLE).is_none() {
        must(Cluster::down_by_name(&name).await);
    }
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
}

async fn fresh(name: &Name) -> Result<Cluster> {
    Cluster::down_by_name(name).await?;
    let images = build::archives_in(&build::target().join("images"));
    let options = Options {
        name: name.clone(),
        images: images.context("`cargo xtask cluster test` makes our images")?,
        ..Options::default()
    };
    Cluster::up(&options).await
}

fn must<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error:#}"))
}
