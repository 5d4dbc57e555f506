//! Whole CSV files into a table: one pass over them, two where their types show late, on several threads.
//!
//! In: files one after the other, [`CsvOptions`]. Out: batches into a [`BatchSink`], and the [`DatasetDescription`]. Memory does not grow with
//! the file: each thread holds one block and its table, and at most a few tables wait for an earlier one.
//! Batches, types and faults are the same with any number of threads.

use super::batch::BatchSink;
use super::block_table::{BlockTable, RecordFaults, Rules};
use super::blocks::{BLOCK_BYTES, Block, BlockReader};
use super::column::Column;
use super::column_type::{ReadAs, Seen};
use super::error::CsvError;
use super::header::Header;
use super::merge::{BlockSink, MergeEnd, Merger, Output, read_as};
use super::options::CsvOptions;
use super::source::Input;
use super::threads::Shared;
use super::word::FileName;
use crate::dataset::DatasetError;
use crate::source::{Place, SourceFiles, difference};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use std::io::Read;
use trainyard_contract::dataset::{DatasetDescription, DatasetSource};

/// What a reader asks and tells while it works.
#[derive(Clone, Copy)]
pub struct ReadControl<'a> {
    /// How many threads read, at least 1.
    pub threads: usize,
    /// Is told of rows that were read (a file that is read twice tells them twice); `false` ends the reading.
    pub go_on: &'a (dyn Fn(u64) -> bool + Sync),
    /// Bytes that a thread takes at a time; at least 1. The table does not depend on it.
    pub block_bytes: usize,
}

impl<'a> ReadControl<'a> {
    /// `threads` threads that ask `go_on`.
    pub fn new(threads: usize, go_on: &'a (dyn Fn(u64) -> bool + Sync)) -> Self {
        Self {
            threads,
            go_on,
            block_bytes: BLOCK_BYTES,
        }
    }

    /// One thread that is never stopped.
    pub fn quiet() -> ReadControl<'static> {
        ReadControl::new(1, &|_| true)
    }
}

/// Reads `files`, one after the other, into `sink`.
///
/// # Errors
/// No table can be made of them; all cells that are missing, not finite or no numbers are in the description instead.
pub fn read_files(
    files: &SourceFiles,
    options: &CsvOptions,
    control: ReadControl,
    sink: &mut dyn BatchSink,
) -> Result<DatasetDescription, CsvError> {
    let open = |number: usize| {
        let file = &files.files[number];
        Input::new(file.open()?, &file.name)
    };
    read(files, open, options, control, Output::Batches(sink))
}

/// Looks at `files`, one after the other and once: no batches are made.
pub(crate) fn survey_files(
    files: &SourceFiles,
    options: &CsvOptions,
    control: ReadControl,
    sink: &mut dyn BlockSink,
) -> Result<DatasetDescription, CsvError> {
    let open = |number: usize| {
        let file = &files.files[number];
        Input::new(file.open()?, &file.name)
    };
    read(files, open, options, control, Output::Blocks(sink))
}

/// Reads `bytes` as [`read_files`] reads a file.
///
/// # Errors
/// As [`read_files`].
pub fn read_bytes(
    name: &str,
    bytes: &[u8],
    options: &CsvOptions,
) -> Result<(Vec<RecordBatch>, DatasetDescription), CsvError> {
    read_bytes_with(name, bytes, options, ReadControl::quiet())
}

/// [`read_bytes`] with a say in how.
///
/// # Errors
/// As [`read_files`].
pub fn read_bytes_with(
    name: &str,
    bytes: &[u8],
    options: &CsvOptions,
    control: ReadControl,
) -> Result<(Vec<RecordBatch>, DatasetDescription), CsvError> {
    let mut sink = InMemory::default();
    let files = SourceFiles::one(name, Place::Anywhere(name.into()));
    let description = read(
        &files,
        |_| Input::new(bytes, name),
        options,
        control,
        Output::Batches(&mut sink),
    )?;
    Ok((sink.batches, description))
}

#[derive(Default)]
struct InMemory {
    batches: Vec<RecordBatch>,
}

impl BatchSink for InMemory {
    fn begin(&mut self, _schema: &SchemaRef) -> Result<(), DatasetError> {
        self.batches.clear();
        Ok(())
    }

    fn take(&mut self, batch: RecordBatch) -> Result<(), DatasetError> {
        self.batches.push(batch);
        Ok(())
    }
}

fn read<R: Read + Send>(
    files: &SourceFiles,
    open: impl Fn(usize) -> Result<Input<R>, CsvError>,
    options: &CsvOptions,
    control: ReadControl,
    mut output: Output<'_>,
) -> Result<DatasetDescription, CsvError> {
    let (end, source) = pass(files, &open, options, None, control, output.again())?;
    let seen = match end {
        MergeEnd::Table(description) => return Ok(*description),
        MergeEnd::OtherTypes(seen) => seen,
    };
    match pass(files, &open, options, Some(seen), control, output) {
        Ok((MergeEnd::Table(description), again)) if again == source => Ok(*description),
        Ok(_) => Err(CsvError::Changed {
            name: FileName::new(&source.name),
        }),
        Err(error) => Err(error),
    }
}

/// The table of a pass, which the first file begins.
enum Table<'m> {
    Begun(Box<Merger<'m>>),
    Unbegun {
        seen: Option<Vec<Seen>>,
        output: Output<'m>,
    },
}

/// One pass over all files. The types are those of `seen`, or those that the first block says.
fn pass<R: Read + Send>(
    files: &SourceFiles,
    open: impl Fn(usize) -> Result<Input<R>, CsvError>,
    options: &CsvOptions,
    seen: Option<Vec<Seen>>,
    control: ReadControl,
    output: Output<'_>,
) -> Result<(MergeEnd, DatasetSource), CsvError> {
    let mut table = Table::Unbegun { seen, output };
    let mut parts = Vec::with_capacity(files.files.len());
    for number in 0..files.files.len() {
        let first_row = match &table {
            Table::Begun(merger) => merger.rows(),
            Table::Unbegun { .. } => 0,
        };
        let mut blocks = BlockReader::new(open(number)?, options.dialect, control.block_bytes);
        let merger = match add_file(&mut blocks, files, options, table, control) {
            Err(error) if error.is_of_text() => {
                // Damaged data may decompress to anything, so what it seems to be says nothing.
                blocks.check_rest(&|| (control.go_on)(0))?;
                return Err(error);
            }
            other => other?,
        };
        parts.push(blocks.input().describe(first_row));
        table = Table::Begun(Box::new(merger));
    }
    let source = files.describe(parts);
    match table {
        Table::Begun(merger) if merger.rows() == 0 => Err(CsvError::NoRows {
            name: FileName::new(&files.files[0].name),
            line: merger.header().line,
        }),
        Table::Begun(merger) => Ok((merger.finish(source.clone())?, source)),
        // There is no table of no file.
        Table::Unbegun { .. } => Err(CsvError::Empty {
            name: FileName::new(&files.name),
        }),
    }
}

/// Adds the records of one file to the table.
fn add_file<'m, R: Read + Send>(
    blocks: &mut BlockReader<R>,
    files: &SourceFiles,
    options: &CsvOptions,
    table: Table<'m>,
    control: ReadControl,
) -> Result<Merger<'m>, CsvError> {
    let (header, first) = first_block(blocks, options)?;
    let rules = Rules::new(&header, options);
    let mut block_table = BlockTable::new(&header);
    let mut merger = match table {
        Table::Begun(merger) => {
            be_alike(merger.header(), &header, blocks.input().name(), &files.files[0].name)?;
            block_table.read(&first, &rules, &merger.read_as());
            *merger
        }
        Table::Unbegun { seen, output } => {
            let nothing_seen = vec![Seen::default(); header.names.len()];
            let first_read_as: Vec<ReadAs> = read_as(&header, seen.as_ref().unwrap_or(&nothing_seen)).collect();
            block_table.read(&first, &rules, &first_read_as);
            let seen = seen.unwrap_or_else(|| block_table.columns.iter().map(Column::seen).collect());
            Merger::new(header.clone(), seen, output)?
        }
    };
    merger.add(&block_table)?;
    if !(control.go_on)(u64::from(block_table.rows)) {
        return Err(CsvError::Stopped);
    }
    let shared = Shared::new(blocks, merger, first.number + 1, control);
    drop(first);
    shared.read_all(&rules, block_table);
    let (blocks, merger, end) = shared.into_parts();
    refuse_bad_records(&merger.record_faults, end, blocks.input().name())?;
    Ok(merger)
}

/// Refuses a file whose columns are not those of the first.
fn be_alike(first: &Header, header: &Header, name: &str, first_name: &str) -> Result<(), CsvError> {
    match difference(&first.names, &header.names) {
        None => Ok(()),
        Some(difference) => Err(CsvError::OtherColumns {
            name: FileName::new(name),
            line: header.line,
            first: FileName::new(first_name),
            difference,
        }),
    }
}

/// The header, and what follows it in the block that holds it.
fn first_block<R: Read>(blocks: &mut BlockReader<R>, options: &CsvOptions) -> Result<(Header, Block), CsvError> {
    let name = blocks.input().name().to_owned();
    let mut buffer = Vec::new();
    while let Some(mut block) = blocks.next(buffer)? {
        if let Some(header) = Header::read(&mut block, options, &name)? {
            return Ok((header, block));
        }
        buffer = block.into_buffer();
    }
    Err(CsvError::Empty {
        name: FileName::new(&name),
    })
}

/// The fault that stands first in the file, with the count of the others. `end` is how reading ended; what it says of the
/// file stands behind all records.
fn refuse_bad_records(records: &RecordFaults, end: Result<(), CsvError>, name: &str) -> Result<(), CsvError> {
    let Some((line, fault)) = &records.first else {
        return end;
    };
    let at_end = match end {
        Ok(()) => 0,
        Err(CsvError::Record { .. }) => 1,
        Err(other) => return Err(other),
    };
    Err(CsvError::Record {
        name: FileName::new(name),
        line: *line,
        fault: fault.clone(),
        more: records.count - 1 + at_end,
    })
}
