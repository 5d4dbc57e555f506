//! The frame round every stage: what an attempt has besides its own work.

pub mod progress;
pub mod stop;

pub use progress::Progress;
pub use stop::{StopFlag, StopReason};
