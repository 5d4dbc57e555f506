//! A real Kubernetes on a bare machine, for tests: from source through the Go module proxy, in a network namespace and cgroups of
//! its own, up in seconds and gone without a trace.
//!
//! Start with [`Cluster`]; [`Options`] says what there is to choose. The command `trainyard-cluster` is the same for people. Tests
//! are written in the words of [`vocabulary`], and run by a [`TestRun`].
//! It never downloads anything prebuilt but packages of the Linux distribution, opens no port but one of the loopback, and ends
//! no process that it has not started.

mod cache;
mod command;
mod deadline;
mod phases;

mod binaries;
mod needs;
mod packages;

mod cgroups;
mod mounts;
mod network;
mod processes;
mod state;

mod certificates;
mod kubeconfig;

mod control_plane;
mod dns;
mod fake_nodes;
pub mod fault_proxy;
mod forwarder;
pub mod image;
mod node;
mod storage;

pub mod rights;

pub mod benchmark;
mod cluster;
mod operator;
mod options;
mod readiness;
mod recordings;
mod reliability;

mod test_run;
pub mod vocabulary;

pub use binaries::Binaries;
pub use cluster::{Cluster, kubeconfig_of};
pub use needs::missing_for_a_cluster;
pub use operator::{Election, OPERATOR_ACCOUNT, OPERATOR_NAMESPACE, OPERATOR_RUNS, OperatorRuns};
pub use options::{NODES_MAX, NodeLoss, Options};
pub use state::Name;
pub use test_run::{Ended, KUBECONFIG_VARIABLE, TestRun, Tests};
