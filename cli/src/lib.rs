//! The `trainyard` command: the local host of the engine.
