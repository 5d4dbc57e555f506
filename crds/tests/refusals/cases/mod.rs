//! What an API server must admit and what it must refuse: tables that are run twice, offline by kube's CEL and by a real API
//! server, so that the two never disagree.

pub(crate) mod bad_manifests;
pub(crate) mod changes;
pub(crate) mod objects;
pub(crate) mod rules;

mod forms;
mod relations;
mod reserved;
