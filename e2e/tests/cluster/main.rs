//! What is true on a whole cluster: a real API server, scheduler and kubelet, our images, and the operator under test.
//!
//! A file is one promise. `cargo xtask cluster test [FILTER]` runs them, each in a namespace of its own.
#![expect(clippy::unwrap_used, reason = "what is not there ends the test")]

mod the_cluster_is_real;
mod the_cluster_leaves_nothing;
