//! Parquet to typed columns: the same table that the same data as CSV would give, with every fault in its row.
//!
//! The walk: [`file`] opens and hashes; [`survey`] reads what stands at each file's end, before any row; [`column`] turns
//! arrays into the columns of a block, on all threads, each of which has some of the columns; the blocks go the way of CSV's
//! (`crate::csv`), which finds the narrowest types and fills batches. Start with [`read_files`].
//!
//! Numbers stay numbers, and the narrowest whole numbers are found as in CSV. Booleans become `True` and `False`, dates and
//! times text as pandas writes them into CSV, decimals and float32 the nearest float64. Lists, structs, maps and bytes are
//! refused, naming the column.

mod column;
mod error;
mod file;
mod read;
mod survey;
mod text;

pub use error::ParquetError;
pub use read::read_files;
pub(crate) use read::survey_files;
