//! Trainyard's operator: watches pipelines and runs, asks the engine, renders attempts as Jobs.
//!
//! It decides nothing about a run itself: `engine::plan` does, and this crate observes, carries out and writes the status. It
//! mounts no volume, reads no Secret, and links no stage. All of its memory may be lost at any moment. Of several operators one
//! acts, the one that holds the Lease (`leader.rs`).
//!
//! Start with [`run`] (one pass over a run); [`serve`] puts it all together.

mod names;
pub mod settings;

mod run;

mod pipeline;

mod clock;
mod conditions;
mod context;
mod error;
mod events;
mod http;
mod leader;
mod memory;
mod metrics;
mod seen;
pub mod serve;
mod watch;

pub mod probe;

pub use settings::Settings;
