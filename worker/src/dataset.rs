//! Datasets: a table as an Arrow IPC file, with what is known about it beside.
//!
//! A dataset's folder holds `data.arrow` and `dataset.json`. It is written once, by [`DatasetWriter`], and read in blocks of
//! at most [`BATCH_ROWS`] rows, so that memory does not grow with the table.

mod block;
mod description;
mod error;
mod numbers;
mod place;
mod reader;
mod scan;
mod writer;

pub use description::{open_part, read_description, write_description, write_description_as};
pub use error::DatasetError;
pub use numbers::{is_number, read_numbers};
pub use place::{header_line, place, place_in};
pub use reader::DatasetReader;
pub use scan::{Scan, ScannedBlock};
pub use writer::DatasetWriter;

/// Rows of a block; the last may have fewer, and so have all where rows are wide.
pub const BATCH_ROWS: usize = 65_536;
/// A block of this many bytes or more is not filled up to [`BATCH_ROWS`].
pub const BATCH_BYTES: usize = 8 << 20;
