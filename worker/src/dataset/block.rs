//! One block of an Arrow IPC file: from its message to arrays.
//!
//! In: the message that describes the block, and a way to get pieces of its body. Out: the columns that are asked for.
//! Everything that the message says is checked before it is used, so that a broken file is an error and nothing worse.
//! Only the six types that a dataset has are known.

use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{ArrayRef, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_ipc::{MessageHeader, RecordBatch};
use arrow_schema::{DataType, Schema};
use std::ops::Range;
use std::sync::Arc;

/// What stands before a message: a mark and the message's length, four bytes each.
const MESSAGE_PREFIX: usize = 8;
const CONTINUATION: [u8; 4] = [0xFF; 4];
/// The widest type of a dataset.
const ALIGNMENT: usize = 8;

/// A piece of a block that cannot be what its writer wrote.
pub(super) type Problem = String;

/// The description of a block that stands in `metadata` (its prefix, the message, and padding).
pub(super) fn message(metadata: &[u8]) -> Result<RecordBatch<'_>, Problem> {
    let length = metadata
        .get(..MESSAGE_PREFIX)
        .and_then(|prefix| prefix.strip_prefix(&CONTINUATION))
        .and_then(|length| length.try_into().ok())
        .map(u32::from_le_bytes)
        .ok_or("a block does not begin with a message")?;
    let bytes = metadata
        .get(MESSAGE_PREFIX..)
        .and_then(|rest| rest.get(..length as usize))
        .ok_or("a message is longer than its place")?;
    let message = arrow_ipc::root_as_message(bytes).map_err(|_| "a message is damaged")?;
    if message.header_type() != MessageHeader::RecordBatch {
        return Err("a block holds no rows".to_owned());
    }
    let batch = message.header_as_record_batch().ok_or("a block holds no rows")?;
    if batch.compression().is_some() {
        return Err("its blocks are compressed".to_owned());
    }
    Ok(batch)
}

/// Rows of the block that `batch` describes.
pub(super) fn rows(batch: &RecordBatch) -> Result<usize, Problem> {
    /// No block has nearly as many; the lengths of its buffers cannot overflow then.
    const ROWS_MAX: usize = 1 << 31;
    let rows = usize::try_from(batch.length()).ok().filter(|rows| *rows < ROWS_MAX);
    rows.ok_or_else(|| "a block cannot have that many rows".to_owned())
}

/// Whether a dataset may have columns of this type.
pub(super) fn is_known(data_type: &DataType) -> bool {
    width(data_type).is_some() || *data_type == DataType::Utf8
}

/// Bytes of a value; `None` for text.
fn width(data_type: &DataType) -> Option<usize> {
    match data_type {
        DataType::Int8 => Some(1),
        DataType::Int16 => Some(2),
        DataType::Int32 => Some(4),
        DataType::Int64 | DataType::Float64 => Some(8),
        _ => None,
    }
}

/// Where in a block's message its columns are described.
pub(super) struct Layout {
    /// For each column, the number of its first buffer.
    first_buffers: Vec<usize>,
}

impl Layout {
    pub(super) fn new(schema: &Schema) -> Self {
        let buffers = |data_type: &DataType| if width(data_type).is_some() { 2 } else { 3 };
        let first_buffers = schema
            .fields()
            .iter()
            .scan(0, |next, field| {
                let first = *next;
                *next += buffers(field.data_type());
                Some(first)
            })
            .collect();
        Self { first_buffers }
    }
}

/// One column of a block. `fetch` gives a piece of the block's body, which starts at an address that is a multiple of
/// [`ALIGNMENT`] if the piece does.
pub(super) fn column(
    batch: &RecordBatch,
    layout: &Layout,
    (index, data_type): (usize, &DataType),
    mut fetch: impl FnMut(Range<usize>) -> Result<Buffer, super::DatasetError>,
) -> Result<Result<ArrayRef, Problem>, super::DatasetError> {
    let pieces = match Pieces::find(batch, layout, (index, data_type)) {
        Ok(pieces) => pieces,
        Err(problem) => return Ok(Err(problem)),
    };
    let nulls = pieces.validity.map(&mut fetch).transpose()?;
    let values = fetch(pieces.values)?;
    let text = pieces.text.map(&mut fetch).transpose()?;
    Ok(array(data_type, pieces.rows, nulls, values, text))
}

/// Where in the body the parts of a column stand.
struct Pieces {
    rows: usize,
    validity: Option<Range<usize>>,
    /// The values; for text, the offsets.
    values: Range<usize>,
    text: Option<Range<usize>>,
}

impl Pieces {
    fn find(batch: &RecordBatch, layout: &Layout, (index, data_type): (usize, &DataType)) -> Result<Self, Problem> {
        let rows = rows(batch)?;
        let nodes = batch.nodes().ok_or("a block has no columns")?;
        if index >= nodes.len() {
            return Err("a block has fewer columns than the table".to_owned());
        }
        let node = nodes.get(index);
        if usize::try_from(node.length()).ok() != Some(rows) {
            return Err("a column has other rows than its block".to_owned());
        }
        let buffer = |number: usize, needed: usize| buffer(batch, layout.first_buffers[index] + number, needed);
        let (values, text) = match width(data_type) {
            Some(width) => (exact(buffer(1, rows * width)?, rows * width), None),
            None if rows == 0 => (0..0, Some(0..0)),
            None => (exact(buffer(1, (rows + 1) * 4)?, (rows + 1) * 4), Some(buffer(2, 0)?)),
        };
        let validity = match node.null_count() {
            0 => None,
            _ => Some(exact(buffer(0, rows.div_ceil(8))?, rows.div_ceil(8))),
        };
        Ok(Self {
            rows,
            validity,
            values,
            text,
        })
    }
}

fn exact(range: Range<usize>, length: usize) -> Range<usize> {
    range.start..range.start + length
}

/// The place of a buffer of at least `needed` bytes.
fn buffer(batch: &RecordBatch, number: usize, needed: usize) -> Result<Range<usize>, Problem> {
    let buffers = batch.buffers().ok_or("a block has no buffers")?;
    if number >= buffers.len() {
        return Err("a block has fewer buffers than its columns need".to_owned());
    }
    let buffer = buffers.get(number);
    let (Ok(start), Ok(length)) = (usize::try_from(buffer.offset()), usize::try_from(buffer.length())) else {
        return Err("a buffer lies before its block".to_owned());
    };
    if length < needed || start % ALIGNMENT != 0 {
        return Err("a buffer is too short or out of line".to_owned());
    }
    let end = start.checked_add(length).ok_or("a buffer ends behind all files")?;
    Ok(start..end)
}

fn array(
    data_type: &DataType,
    rows: usize,
    validity: Option<Buffer>,
    values: Buffer,
    text: Option<Buffer>,
) -> Result<ArrayRef, Problem> {
    let nulls = validity.map(|bits| NullBuffer::new(BooleanBuffer::new(bits, 0, rows)));
    match (data_type, text) {
        (DataType::Int8, _) => primitive::<Int8Type>(values, rows, nulls),
        (DataType::Int16, _) => primitive::<Int16Type>(values, rows, nulls),
        (DataType::Int32, _) => primitive::<Int32Type>(values, rows, nulls),
        (DataType::Int64, _) => primitive::<Int64Type>(values, rows, nulls),
        (DataType::Float64, _) => primitive::<Float64Type>(values, rows, nulls),
        (DataType::Utf8, Some(text)) => strings(values, rows, text, nulls),
        (other, _) => Err(format!("a dataset has no columns of type {other}")),
    }
}

fn primitive<T: ArrowPrimitiveType>(
    values: Buffer,
    rows: usize,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, Problem> {
    let values = scalars::<T::Native>(values, rows)?;
    let array = PrimitiveArray::<T>::try_new(values, nulls).map_err(|error| error.to_string())?;
    Ok(Arc::new(array))
}

fn strings(offsets: Buffer, rows: usize, text: Buffer, nulls: Option<NullBuffer>) -> Result<ArrayRef, Problem> {
    if rows == 0 {
        return Ok(Arc::new(StringArray::new_null(0)));
    }
    let offsets = scalars::<i32>(offsets, rows + 1)?;
    if offsets[0] < 0 || !offsets.is_sorted() {
        return Err("texts overlap".to_owned());
    }
    let array = StringArray::try_new(OffsetBuffer::new(offsets), text, nulls).map_err(|error| error.to_string())?;
    Ok(Arc::new(array))
}

/// Checks what the buffer itself would panic about.
fn scalars<T: arrow_buffer::ArrowNativeType>(buffer: Buffer, length: usize) -> Result<ScalarBuffer<T>, Problem> {
    let aligned = buffer.as_ptr().align_offset(align_of::<T>()) == 0;
    if !aligned || buffer.len() < length * size_of::<T>() {
        return Err("a buffer is too short or out of line".to_owned());
    }
    Ok(ScalarBuffer::new(buffer, 0, length))
}
