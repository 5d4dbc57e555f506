//! When a pipeline runs by itself: a cron expression, read in a time zone, and what becomes of each time at which it is due.
//!
//! `cron.rs` reads the expression, `due.rs` and `before.rs` find its times, `window.rs` those that have come, `slots.rs` decides about these, and
//! `ledger.rs` keeps what became of them. Pure: the caller brings the time, and keeps the [`SlotHistory`].

mod before;
mod cron;
mod due;
mod ledger;
mod policy;
mod slots;
mod window;

pub use chrono_tz::Tz;
pub use cron::{Cron, CronError};
pub use due::{DueTime, DueTimes, LocalTime};
pub use ledger::{LEDGER_MAX, SeenSchedule, SlotFate, SlotHistory, SlotRange, SlotReason};
pub use policy::{ConcurrencyPolicy, MissedRuns, Schedule};
pub use slots::{ActiveRun, DueSlots, KnownRuns, MISSED_STARTED_MAX, ON_TIME, due_slots};
