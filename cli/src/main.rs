//! The `trainyard` command.

fn main() {}
