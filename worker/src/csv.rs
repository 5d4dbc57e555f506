//! CSV to typed columns: fast, exact, and every fault with its line.
//!
//! The walk: [`source`] decompresses and hashes; [`blocks`] cuts the bytes at record ends; [`header`] names the
//! columns; [`block_table`] reads each block into columns, on all threads; [`merge`] puts them together in order, finds the
//! types and fills batches. Start with [`read_files`].
//!
//! A bad cell is data that `validate` judges; a record that does not fit into a table is a [`CsvError`].

mod batch;
mod block_table;
mod blocks;
mod cell;
mod column;
mod column_type;
mod error;
mod fault;
mod foreign;
mod header;
mod line_runs;
mod merge;
mod null_words;
mod number;
mod options;
mod quote;
mod raw;
mod read;
mod source;
pub(crate) mod stream;
mod threads;
mod unpack;
mod word;

/// The columns of a block and how blocks become a table: the same for every format.
pub(crate) mod table {
    pub(crate) use super::block_table::BlockTable;
    pub(crate) use super::column::{Column, Place, Values};
    pub(crate) use super::column_type::{ReadAs, Seen};
    pub(crate) use super::header::{ColumnKind, Header};
    pub(crate) use super::merge::{BlockSink, MergeEnd, Merger, Output};
}

pub use batch::BatchSink;
pub use error::CsvError;
pub(crate) use fault::and_more;
pub use fault::{HeaderFault, RecordFault};
pub(crate) use header::some_names;
pub use null_words::NullWords;
pub use number::CellNumber;
pub use options::{CsvOptions, Dialect};
pub(crate) use quote::quoted;
pub(crate) use read::survey_files;
pub use read::{ReadControl, read_bytes, read_bytes_with, read_files};
pub use unpack::{Damage, DamageKind};
pub(crate) use word::cut_value;
pub use word::{FileName, Word};

/// The longest record, in bytes. What is longer has probably no line ends at all, and must not eat all memory.
pub const RECORD_BYTES_MAX: usize = 16 << 20;
