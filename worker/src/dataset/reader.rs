//! Reads `data.arrow` in blocks, from any number of threads at once.
//!
//! Blocks are read where they stand, not mapped, so that memory is what the caller holds. A file that is not whole, or not
//! what a [`super::DatasetWriter`] writes, is an error.

use super::DatasetError;
use super::block::{self, Layout};
use arrow_array::ArrayRef;
use arrow_buffer::{Buffer, MutableBuffer};
use arrow_ipc::convert::try_fb_to_schema;
use arrow_schema::{Schema, SchemaRef};
use camino::{Utf8Path, Utf8PathBuf};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// What a file begins and ends with.
const MAGIC: &[u8; 6] = b"ARROW1";
/// Length of the footer, four bytes, and the magic word.
const TRAILER: u64 = 10;

/// A dataset's table, open for reading.
pub struct DatasetReader {
    file: File,
    path: Utf8PathBuf,
    length: u64,
    schema: SchemaRef,
    layout: Layout,
    blocks: Vec<BlockPlace>,
}

/// Where a block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockPlace {
    /// Of its message in the file.
    pub(super) offset: u64,
    /// Bytes of the message; the body follows.
    pub(super) metadata: usize,
    /// Bytes of the body.
    pub(super) body: usize,
    rows: usize,
    first_row: u64,
}

impl BlockPlace {
    /// Where the block ends in the file.
    pub(super) fn end(&self) -> u64 {
        self.offset + self.metadata as u64 + self.body as u64
    }
}

impl DatasetReader {
    /// Opens the file at `path`. Only its footer and the blocks' descriptions are read.
    ///
    /// # Errors
    /// The file is gone, cannot be read, or is not whole.
    pub fn open(path: &Utf8Path) -> Result<Self, DatasetError> {
        let file = File::open(path).map_err(|source| read_error(path, source))?;
        let length = file.metadata().map_err(|source| read_error(path, source))?.len();
        let mut reader = Self {
            file,
            path: path.to_owned(),
            length,
            schema: Arc::new(Schema::empty()),
            layout: Layout::new(&Schema::empty()),
            blocks: Vec::new(),
        };
        let footer = reader.read_footer()?;
        let (schema, places) = parse_footer(&footer).map_err(|problem| reader.broken(problem))?;
        reader.layout = Layout::new(&schema);
        reader.schema = Arc::new(schema);
        reader.find_blocks(&places)?;
        Ok(reader)
    }

    /// Where the file is.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The number of the column of this name, from 0.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.schema.index_of(name).ok()
    }

    /// Rows of the table.
    pub fn rows(&self) -> u64 {
        self.blocks.last().map_or(0, |last| last.first_row + last.rows as u64)
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The rows of a block, counted from the table's first.
    ///
    /// # Panics
    /// There is no such block.
    pub fn block_rows(&self, block: usize) -> Range<u64> {
        let place = &self.blocks[block];
        place.first_row..place.first_row + place.rows as u64
    }

    /// Some columns of a block, in the order in which they are asked for. Only their bytes are read.
    ///
    /// # Errors
    /// The file cannot be read, or is not whole.
    ///
    /// # Panics
    /// There is no such block or column.
    pub fn read(&self, block: usize, columns: &[usize]) -> Result<Vec<ArrayRef>, DatasetError> {
        let place = self.blocks[block];
        let metadata = self.read_at(place.offset, place.metadata)?;
        let body_start = place.offset + place.metadata as u64;
        self.decode(&metadata, columns, |piece| {
            if piece.end > place.body {
                return Err(self.broken("a buffer ends behind its block"));
            }
            self.read_at(body_start + piece.start as u64, piece.len())
        })
    }

    /// The columns of the block whose message is `metadata`; `fetch` gives pieces of its body.
    pub(super) fn decode(
        &self,
        metadata: &[u8],
        columns: &[usize],
        mut fetch: impl FnMut(Range<usize>) -> Result<Buffer, DatasetError>,
    ) -> Result<Vec<ArrayRef>, DatasetError> {
        let batch = block::message(metadata).map_err(|problem| self.broken(problem))?;
        let mut arrays = Vec::with_capacity(columns.len());
        for &index in columns {
            let data_type = self.schema.field(index).data_type();
            let array = block::column(&batch, &self.layout, (index, data_type), &mut fetch)?;
            arrays.push(array.map_err(|problem| self.broken(problem))?);
        }
        Ok(arrays)
    }

    /// `length` bytes at `offset`, at an address that any number may stand at.
    pub(super) fn read_at(&self, offset: u64, length: usize) -> Result<Buffer, DatasetError> {
        // A length out of a broken file must not be believed before memory is taken for it.
        if offset.checked_add(length as u64).is_none_or(|end| end > self.length) {
            return Err(self.broken("a part of it lies behind its end"));
        }
        let mut bytes = MutableBuffer::from_len_zeroed(length);
        self.read_into(offset, &mut bytes)?;
        Ok(bytes.into())
    }

    /// Fills `bytes` from `offset` on.
    pub(super) fn read_into(&self, offset: u64, bytes: &mut [u8]) -> Result<(), DatasetError> {
        let read = self.file.read_exact_at(bytes, offset);
        read.map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => self.broken("it became shorter"),
            _ => read_error(&self.path, source),
        })
    }

    /// Bytes of the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn place(&self, block: usize) -> Option<BlockPlace> {
        self.blocks.get(block).copied()
    }

    pub(super) fn broken(&self, problem: impl Into<String>) -> DatasetError {
        DatasetError::Broken {
            path: self.path.clone(),
            problem: problem.into(),
        }
    }

    fn read_footer(&self) -> Result<Buffer, DatasetError> {
        let trailer_at = self.length.checked_sub(TRAILER);
        let trailer_at = trailer_at.ok_or_else(|| self.broken("it is too short"))?;
        let trailer = self.read_at(trailer_at, 10)?;
        let (length, magic) = trailer.split_at(4);
        let length: [u8; 4] = length.try_into().unwrap_or_default();
        let length = u32::from_le_bytes(length);
        let start = trailer_at.checked_sub(u64::from(length));
        match start {
            Some(start) if magic == MAGIC => self.read_at(start, length as usize),
            _ => Err(self.broken("its end is missing")),
        }
    }

    fn find_blocks(&mut self, places: &[(u64, usize, usize)]) -> Result<(), DatasetError> {
        let mut first_row = 0;
        let mut end = 0;
        for &(offset, metadata, body) in places {
            let message = self.read_at(offset, metadata)?;
            let rows = block::message(&message).and_then(|batch| block::rows(&batch));
            let rows = rows.map_err(|problem| self.broken(problem))?;
            let place = BlockPlace {
                offset,
                metadata,
                body,
                rows,
                first_row,
            };
            // `read_at` saw that the message lies inside the file; a body of any size may follow.
            let inside = (body as u64) <= self.length - offset - metadata as u64;
            if !inside || offset < end {
                return Err(self.broken("its blocks are out of order"));
            }
            end = place.end();
            first_row = first_row
                .checked_add(rows as u64)
                .ok_or_else(|| self.broken("it has too many rows"))?;
            self.blocks.push(place);
        }
        Ok(())
    }
}

/// The schema, and for each block its offset and the lengths of its message and body.
type Footer = (Schema, Vec<(u64, usize, usize)>);

fn parse_footer(bytes: &[u8]) -> Result<Footer, block::Problem> {
    let footer = arrow_ipc::root_as_footer(bytes).map_err(|_| "its footer is damaged")?;
    let schema = footer.schema().ok_or("its footer names no columns")?;
    let schema = try_fb_to_schema(schema).map_err(|error| error.to_string())?;
    if let Some(other) = schema.fields().iter().find(|field| !block::is_known(field.data_type())) {
        return Err(format!("a dataset has no columns of type {}", other.data_type()));
    }
    let mut places = Vec::new();
    for place in footer.recordBatches().iter().flatten() {
        let (Ok(offset), Ok(metadata), Ok(body)) = (
            u64::try_from(place.offset()),
            usize::try_from(place.metaDataLength()),
            usize::try_from(place.bodyLength()),
        ) else {
            return Err("a block has a negative place".to_owned());
        };
        places.push((offset, metadata, body));
    }
    Ok((schema, places))
}

pub(super) fn read_error(path: &Utf8Path, source: io::Error) -> DatasetError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => DatasetError::Missing { path },
        _ => DatasetError::Read { path, source },
    }
}
