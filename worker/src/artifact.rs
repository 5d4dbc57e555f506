//! How an attempt and a model version come into being: written aside, synced, renamed once.
//!
//! A folder below `runs/` or `models/` whose name does not begin with a dot is whole and never changes again. What is not
//! whole lies in a folder `.tmp-…` ([`UnfinishedFolder`]) that its writer holds a lock on; the kernel gives the lock back
//! when the writer ends, however it ends, so that [`clean_unfinished`] can tell what nobody works on any more.

mod file;
mod link;
mod publish;
mod remove;
mod unfinished;

pub(crate) use file::hexadecimal;
pub use file::{HashingWriter, hash_file, write_file};
pub use link::replace_link;
pub use publish::{Published, publish, sync_folder};
pub use remove::{remove_folder, remove_for_good, remove_version};
pub use unfinished::{UnfinishedFolder, clean_unfinished};
