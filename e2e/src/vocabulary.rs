//! The words that tests on a cluster are written in.
//!
//! Start with [`in_namespace`]: a test has a namespace of its own, applies manifests in it as users do, and waits by watches, each
//! with a deadline. What does not hold ends the test with a panic that says what was waited for and what was there instead;
//! then everything in the namespace is printed.
#![expect(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "what does not hold ends the test that says it"
)]

mod account;
mod admission;
mod audit;
mod control_plane_killed;
mod documented;
mod evidence;
mod faults;
mod full;
mod kstatus;
mod kubectl;
mod lease;
mod namespace;
mod node;
mod not_here;
mod operator_behind_a_proxy;
mod operator_pod;
mod operator_under_test;
mod own_cluster;
mod pipeline;
mod registry;
mod run;
mod snapshot;
mod stage;
mod volume;
mod volume_of_nodes;
mod wait;

pub(crate) use faults::FAULTS_VARIABLE;
pub(crate) use full::{FULL_VARIABLE, LEFT_OUT_VARIABLE};
pub(crate) use namespace::{CLUSTER_VARIABLE, KEEP_VARIABLE};
pub(crate) use not_here::NOT_CHECKED_VARIABLE;
pub(crate) use own_cluster::{FAKE_NODES, OPERATOR_VARIABLE};

pub use audit::Request;
pub use control_plane_killed::Part;
pub use documented::{follow, shown_in};
pub use faults::{Counted, seed};
pub use full::{full, left_out};
pub use namespace::{Namespace, cluster_under_test, in_namespace, in_namespace_on_fake_nodes};
pub use operator_behind_a_proxy::OwnOperator;
pub use operator_pod::OperatorsEnd;
pub use operator_under_test::Operator;
pub use own_cluster::{on_a_cluster_of_its_own, on_fake_nodes_of_its_own, on_two_nodes_of_its_own};
pub use pipeline::{PipelineManifest, SEED_ROWS, pipeline};
pub use run::Run;
pub use snapshot::Snapshot;
pub use stage::StageOfRun;
pub use volume::Volume;

/// How long something may take that takes a few seconds on an idle machine: a test that waits so long has failed.
pub const PATIENCE: u64 = 120;
