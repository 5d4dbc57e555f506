//! When a pipeline runs by itself: a cron expression, read in a time zone.
//!
//! In: the text, a zone, a time. Out: the times at which a run is due after it. Pure; which of them start a run is not decided here.

mod cron;
mod due;

pub use chrono_tz::Tz;
pub use cron::{Cron, CronError};
pub use due::{DueTime, DueTimes, LocalTime};
