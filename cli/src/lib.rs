//! The `trainyard` command: runs, lints and reads pipelines on a machine without a cluster.
//!
//! It decides nothing about a run (`engine`) and does none of its work (`worker`): it reads the manifest, starts processes,
//! writes down what happened and tells the person at the terminal. Start with [`arguments`], then one file a [`verb`];
//! [`host`] is the local host of the engine.

pub mod arguments;
pub mod exit;
pub mod print;
pub mod verb;

pub mod lint;
pub mod manifest;

pub mod host;
pub mod init;
pub mod progress;

pub use arguments::main;
