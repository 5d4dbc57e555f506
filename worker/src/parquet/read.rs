//! Whole Parquet files into a table: one pass over them, two where their numbers are larger than their ends say.
//!
//! In: files one after the other, and which columns later stages need as numbers. Out: batches into a [`BatchSink`], and the
//! [`DatasetDescription`]. Each thread decodes some of the columns, page by page, so that memory grows neither with the file
//! nor with its row groups. Batches, types and faults are the same with any number of threads.

use super::ParquetError;
use super::column::fill;
use super::file::OpenFile;
use super::survey::{Survey, read_metadata, seen_in};
use crate::csv::table::{BlockSink, BlockTable, Column, ColumnKind, Header, MergeEnd, Merger, Output, ReadAs, Seen};
use crate::csv::{BatchSink, FileName, ReadControl};
use crate::dataset::BATCH_ROWS;
use crate::source::{NamedPlace, SourceFiles};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};
use trainyard_contract::dataset::{DatasetDescription, DatasetSource, SourcePart};
use trainyard_contract::stage::ParquetSource;

/// Bytes of a block, as its columns lie in memory: small enough that a few of them are little.
const BLOCK_BYTES: u64 = 4 << 20;
/// Rows of a block, at least: fewer cost more to hand over than to read.
const BLOCK_ROWS_MIN: u64 = 64;

/// Reads `files`, one after the other, into `sink`. `numbers` are the columns that later stages need as numbers.
///
/// # Errors
/// No table can be made of them; all cells that are missing, not finite or no numbers are in the description instead.
pub fn read_files(
    files: &SourceFiles,
    numbers: &[String],
    control: ReadControl,
    sink: &mut dyn BatchSink,
) -> Result<DatasetDescription, ParquetError> {
    read(files, numbers, control, Output::Batches(sink))
}

/// Looks at `files`, one after the other and once: no batches are made.
pub(crate) fn survey_files(
    files: &SourceFiles,
    control: ReadControl,
    sink: &mut dyn BlockSink,
) -> Result<DatasetDescription, ParquetError> {
    read(files, &[], control, Output::Blocks(sink))
}

fn read(
    files: &SourceFiles,
    numbers: &[String],
    control: ReadControl,
    mut output: Output<'_>,
) -> Result<DatasetDescription, ParquetError> {
    let survey = Survey::of(&files.files, numbers)?;
    let (end, source) = pass(files, &survey.header, survey.seen, control, output.again())?;
    let seen = match end {
        MergeEnd::Table(description) => return Ok(*description),
        MergeEnd::OtherTypes(seen) => seen,
    };
    match pass(files, &survey.header, seen, control, output)? {
        (MergeEnd::Table(description), again) if again == source => Ok(*description),
        _ => Err(ParquetError::Changed {
            name: FileName::new(&source.name),
        }),
    }
}

/// One pass over all files. The types are those of `seen`.
fn pass(
    files: &SourceFiles,
    header: &Header,
    seen: Vec<Seen>,
    control: ReadControl,
    output: Output<'_>,
) -> Result<(MergeEnd, DatasetSource), ParquetError> {
    let mut merger = Merger::new(header.clone(), seen, output)?;
    let mut parts = Vec::with_capacity(files.files.len());
    for place in &files.files {
        let first_row = merger.rows();
        let (sha256, bytes) = add_file(place, &mut merger, control)?;
        parts.push(SourcePart {
            name: place.name.clone(),
            sha256,
            bytes,
            first_row,
        });
    }
    if merger.rows() == 0 {
        return Err(ParquetError::NoRows {
            name: FileName::new(&files.files[0].name),
        });
    }
    let mut source = files.describe(parts);
    // Whoever speaks of its rows has to know that they stand on no lines.
    source.extract = ParquetSource {
        path: files.name.clone(),
    }
    .into();
    Ok((merger.finish(source.clone())?, source))
}

/// Adds the rows of one file; gives its digest and size.
fn add_file(place: &NamedPlace, merger: &mut Merger<'_>, control: ReadControl) -> Result<(String, u64), ParquetError> {
    let file = OpenFile::open(place)?;
    let stamp = file.stamp()?;
    let metadata = read_metadata(&file)?;
    let header = merger.header();
    if metadata.schema().fields().len() != header.names.len() {
        return Err(file.changed());
    }
    let known = merger.read_as_of(|index, seen| seen.join(seen_in(&metadata, index, header.kinds[index])));
    let columns: Vec<ColumnPlan> = (0..header.names.len())
        .map(|index| ColumnPlan {
            index,
            kind: header.kinds[index],
            read_as: known[index],
        })
        .collect();
    let shares = shares(&metadata, columns, control.threads);
    let block_rows = block_rows(&metadata);
    let digest = std::thread::scope(|scope| {
        let digest = scope.spawn(|| file.digest(&|| (control.go_on)(0)));
        let decoders: Vec<Decoder> = shares
            .into_iter()
            .map(|share| Decoder::start(scope, &file, &metadata, share, block_rows))
            .collect();
        let added = add_blocks(&decoders, merger, control);
        // The decoders end when nobody takes their blocks any more.
        let ended: Vec<_> = decoders.into_iter().map(Decoder::end).collect();
        let digest = joined(digest, &file.name);
        added?;
        ended.into_iter().collect::<Result<(), _>>()?;
        digest
    })?;
    if file.stamp()? != stamp {
        return Err(file.changed());
    }
    Ok(digest)
}

/// How a column is read.
#[derive(Clone, Copy)]
struct ColumnPlan {
    index: usize,
    kind: ColumnKind,
    read_as: ReadAs,
}

/// Which columns each thread decodes: at most `threads` shares of about the same bytes.
fn shares(metadata: &ArrowReaderMetadata, columns: Vec<ColumnPlan>, threads: usize) -> Vec<Vec<ColumnPlan>> {
    let groups = metadata.metadata().row_groups();
    let bytes = |plan: &ColumnPlan| -> i64 {
        let columns = groups.iter().filter_map(|group| group.columns().get(plan.index));
        columns
            .map(|column| column.uncompressed_size().max(1))
            .fold(1, i64::saturating_add)
    };
    let mut shares: Vec<(i64, Vec<ColumnPlan>)> = vec![(0, Vec::new()); threads.clamp(1, columns.len().max(1))];
    let mut columns: Vec<(i64, ColumnPlan)> = columns.into_iter().map(|plan| (bytes(&plan), plan)).collect();
    columns.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    for (bytes, plan) in columns {
        if let Some((load, share)) = shares.iter_mut().min_by_key(|(load, _)| *load) {
            *load = load.saturating_add(bytes);
            share.push(plan);
        }
    }
    let mut shares: Vec<Vec<ColumnPlan>> = shares.into_iter().map(|(_, share)| share).collect();
    // The library gives columns in the file's order.
    for share in &mut shares {
        share.sort_unstable_by_key(|plan| plan.index);
    }
    shares
}

/// Rows of a block: as many as lie in [`BLOCK_BYTES`], by what the file's end says.
fn block_rows(metadata: &ArrowReaderMetadata) -> usize {
    let sum = |part: fn(&parquet::file::metadata::RowGroupMetaData) -> i64| -> u64 {
        let groups = metadata.metadata().row_groups().iter();
        groups
            .map(|group| u64::try_from(part(group)).unwrap_or(0))
            .fold(0, u64::saturating_add)
    };
    let rows = sum(parquet::file::metadata::RowGroupMetaData::num_rows);
    // A value takes up to eight bytes in memory, however well it is encoded in the file.
    let columns = metadata.schema().fields().len() as u64;
    let encoded = sum(parquet::file::metadata::RowGroupMetaData::total_byte_size);
    let bytes = encoded.saturating_add(rows.saturating_mul(columns * 8));
    let per_row = bytes.checked_div(rows).unwrap_or(1).max(1);
    let rows = (BLOCK_BYTES / per_row).clamp(BLOCK_ROWS_MIN, BATCH_ROWS as u64);
    usize::try_from(rows).unwrap_or(BATCH_ROWS)
}

/// Some columns of a block.
struct Piece {
    rows: usize,
    columns: Vec<(usize, Column)>,
}

/// A thread that decodes some of the columns.
struct Decoder<'scope> {
    pieces: Receiver<Piece>,
    thread: ScopedJoinHandle<'scope, Result<(), ParquetError>>,
    name: String,
}

impl<'scope> Decoder<'scope> {
    fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        file: &OpenFile,
        metadata: &ArrowReaderMetadata,
        share: Vec<ColumnPlan>,
        block_rows: usize,
    ) -> Self {
        let (sender, pieces) = sync_channel(1);
        let (file, metadata) = (file.clone(), metadata.clone());
        let name = file.name.clone();
        let thread = scope.spawn(move || decode(&file, metadata, &share, block_rows, &sender));
        Self { pieces, thread, name }
    }

    /// How it ended. Its thread ends since nobody takes its blocks.
    fn end(self) -> Result<(), ParquetError> {
        let Self { pieces, thread, name } = self;
        drop(pieces);
        joined(thread, &name)
    }
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T, ParquetError>>, name: &str) -> Result<T, ParquetError> {
    thread.join().unwrap_or_else(|_| Err(ParquetError::undecodable(name)))
}

fn decode(
    file: &OpenFile,
    metadata: ArrowReaderMetadata,
    share: &[ColumnPlan],
    block_rows: usize,
    sender: &SyncSender<Piece>,
) -> Result<(), ParquetError> {
    let mask = ProjectionMask::roots(metadata.parquet_schema(), share.iter().map(|plan| plan.index));
    let mut reader: ParquetRecordBatchReader = file.caught(|| {
        ParquetRecordBatchReaderBuilder::new_with_metadata(file.clone(), metadata)
            .with_projection(mask)
            .with_batch_size(block_rows)
            .build()
    })?;
    loop {
        let batch = file.caught(|| reader.next().transpose().map_err(Into::into))?;
        let Some(batch) = batch else { return Ok(()) };
        let mut columns = Vec::with_capacity(share.len());
        for (plan, array) in share.iter().zip(batch.columns()) {
            let mut column = Column::new(plan.kind);
            fill(&mut column, plan.kind, plan.read_as, array).map_err(|error| ParquetError::Unknown {
                name: FileName::new(&file.name),
                problem: error.to_string(),
            })?;
            columns.push((plan.index, column));
        }
        let rows = batch.num_rows();
        if sender.send(Piece { rows, columns }).is_err() {
            return Ok(());
        }
    }
}

/// Puts the pieces of each block together and merges them, until one of the decoders has no more.
fn add_blocks(decoders: &[Decoder<'_>], merger: &mut Merger<'_>, control: ReadControl) -> Result<(), ParquetError> {
    let mut number = 0;
    let mut first_row = 0;
    loop {
        let mut rows = None;
        let mut columns: Vec<(usize, Column)> = Vec::new();
        for decoder in decoders {
            // Why there is no more, its thread says.
            let Ok(piece) = decoder.pieces.recv() else {
                return Ok(());
            };
            if *rows.get_or_insert(piece.rows) != piece.rows {
                return Err(ParquetError::undecodable(&decoder.name));
            }
            columns.extend(piece.columns);
        }
        columns.sort_unstable_by_key(|(index, _)| *index);
        let rows = u32::try_from(rows.unwrap_or(0)).unwrap_or(u32::MAX);
        let columns: VecDeque<Column> = columns.into_iter().map(|(_, column)| column).collect();
        merger.add(&BlockTable::of_columns(number, (first_row, rows), columns.into()))?;
        number += 1;
        first_row += u64::from(rows);
        if !(control.go_on)(u64::from(rows)) {
            return Err(ParquetError::Stopped);
        }
    }
}
