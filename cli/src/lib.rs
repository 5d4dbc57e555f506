//! The `trainyard` command: the local host of the engine.

pub mod lint;
pub mod manifest;
