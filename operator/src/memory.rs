//! The operator's short memory. All of it may be lost at any moment: what a decision needs is read from the cluster again.

mod claims;
mod event_reads;
mod expectations;
mod failures;
mod leaving;
mod marks;
mod notices;
mod revisions;
mod tidied;
mod times;

pub(crate) use claims::{Access, Claims};
pub(crate) use event_reads::EventReads;
pub(crate) use expectations::{Expectations, Waits};
pub(crate) use failures::Failures;
pub(crate) use leaving::{Leaving, LeavingPod};
pub(crate) use marks::Marks;
pub(crate) use notices::{Notices, Stands, Told};
pub(crate) use revisions::Revisions;
pub(crate) use tidied::Tidied;
pub(crate) use times::Times;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks; what a pass that panicked left behind is good enough for a memory that may be lost.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
