//! Bytes from anywhere, given to what reads them: nothing may panic, hang or eat the memory.
//!
//! Each [`target`] is one file with one function. The tests feed every target its corpus and seeded random changes of it
//! ([`mutate`]); `cargo xtask fuzz` runs the same targets under libFuzzer, guided by coverage, on the stable compiler.

pub mod corpus;
pub mod mutate;
pub mod target;

pub use target::Target;
