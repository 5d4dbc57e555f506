//! A cluster for one test: where it is about an empty one, or where the operator under test would be in the way.

use super::Namespace;
use super::namespace::{KEEP_VARIABLE, WORKSPACE, in_namespace_of, name_under_test};
use crate::cluster::Cluster;
use crate::image::build;
use crate::operator::OperatorRuns;
use crate::options::{NodeLoss, Options};
use crate::state::Name;
use anyhow::{Context as _, Result};
use futures::FutureExt as _;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How many at once: the machine has to carry the cluster under test, and the tests on it, as well.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Names the program of the operator that is tested: `cargo xtask cluster test` sets it.
pub(crate) const OPERATOR_VARIABLE: &str = "TRAINYARD_E2E_OPERATOR";
/// Fake nodes of a cluster that has no real one.
pub(crate) const FAKE_NODES: u8 = 2;

/// Runs a test in a namespace of a cluster of its own, which has our images and nothing else of ours. `part` is the end of the
/// cluster's name: one of that name, which an earlier test was cut off with, goes first.
pub async fn on_a_cluster_of_its_own(part: &str, test: impl AsyncFnOnce(&Namespace)) {
    on(part, |name| must(with_images(name)), test).await;
}

/// The same with two real nodes, `node-a` and `node-b`. A node that says nothing counts as lost after seconds, not minutes.
pub async fn on_two_nodes_of_its_own(part: &str, test: impl AsyncFnOnce(&Namespace)) {
    on(part, |name| must(with_two_nodes(name)), test).await;
}

/// Runs a test in a namespace of a cluster of its own that has fake nodes only, with a workspace for them. The operator runs as a
/// process, so that the test can end it and start it again.
pub async fn on_fake_nodes_of_its_own(part: &str, test: impl AsyncFnOnce(&Namespace)) {
    let operated = async |namespace: &Namespace| {
        let program = std::env::var(OPERATOR_VARIABLE)
            .unwrap_or_else(|_| panic!("{OPERATOR_VARIABLE} is not set: `cargo xtask cluster test` sets it"));
        let mut cluster = must(Cluster::running(namespace.cluster().name()).await);
        must(cluster.install_operator(OperatorRuns::Process, program.as_ref()).await);
        namespace.volume_of_fake_nodes(WORKSPACE).await;
        test(namespace).await;
    };
    on(part, with_fake_nodes, operated).await;
}

async fn on(part: &str, options: impl FnOnce(Name) -> Options, test: impl AsyncFnOnce(&Namespace)) {
    let _turn = must(AT_ONCE.acquire().await.map_err(anyhow::Error::from));
    let name: Name = must(
        format!("{}{part}", name_under_test())
            .parse()
            .map_err(anyhow::Error::msg),
    );
    let whole = async {
        in_namespace_of(must(fresh(options(name.clone())).await), test).await;
    };
    let ended = AssertUnwindSafe(whole).catch_unwind().await;
    if ended.is_ok() || std::env::var_os(KEEP_VARIABLE).is_none() {
        must(Cluster::down_by_name(&name).await);
    }
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
}

fn with_images(name: Name) -> Result<Options> {
    let archives = |folder| build::archives_in(&build::target().join(folder));
    let images = archives("images").and_then(|ours| Ok([ours, archives("test-images")?].concat()));
    Ok(Options {
        name,
        images: images.context("`cargo xtask cluster test` makes our images")?,
        ..Options::default()
    })
}

fn with_two_nodes(name: Name) -> Result<Options> {
    Ok(Options {
        nodes: 2,
        node_loss: NodeLoss {
            grace: Duration::from_secs(8),
            eviction: Duration::from_secs(5),
        },
        ..with_images(name)?
    })
}

fn with_fake_nodes(name: Name) -> Options {
    Options {
        name,
        nodes: 0,
        fake_nodes: FAKE_NODES,
        ..Options::default()
    }
}

async fn fresh(options: Options) -> Result<Cluster> {
    Cluster::down_by_name(&options.name).await?;
    Cluster::up(&options).await
}

fn must<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error:#}"))
}
