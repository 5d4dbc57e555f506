//! Trainyard's operator.
fn main() {}
