//! A first manifest for a table: what `trainyard init` writes.
//!
//! In: the profile of a table and the column that is to be predicted. Out: the choices ([`choose`]), each with its reason, and
//! the manifest that says them ([`write`]).

pub mod choose;
pub mod suggest;
pub mod write;
