//! The tables of all blocks, put together in the file's order.
//!
//! In: the table of each block. Out: batches, while the types hold that the first block said; what the whole file has seen;
//! all faults. When a later block contradicts the types, the rest of the file is only looked at, and the next pass writes.

use super::batch::{BatchSink, Batcher};
use super::block_table::{BlockTable, RecordFaults};
use super::column::Column;
use super::column_type::{ReadAs, Seen};
use super::header::Header;
use super::line_runs::LineRuns;
use crate::dataset::DatasetError;
use arrow_schema::{DataType, Field, Schema};
use std::sync::Arc;
use trainyard_contract::dataset::{CellFaults, ColumnDescription, DatasetDescription, DatasetSource, EXAMPLES_MAX};

/// The table of a file or several, as far as their blocks came.
pub(crate) struct Merger<'a> {
    header: Header,
    seen: Vec<Seen>,
    types: Vec<DataType>,
    writing: Writing<'a>,
    faults: Vec<Vec<CellFaults>>,
    pub(crate) record_faults: RecordFaults,
    lines: LineRuns,
    rows: u64,
}

/// What becomes of the blocks.
pub(crate) enum Output<'a> {
    /// They fill batches.
    Batches(&'a mut dyn BatchSink),
    /// They are looked at as they are.
    Blocks(&'a mut dyn BlockSink),
}

impl Output<'_> {
    /// The same for another pass.
    pub(crate) fn again(&mut self) -> Output<'_> {
        match self {
            Self::Batches(sink) => Output::Batches(&mut **sink),
            Self::Blocks(sink) => Output::Blocks(&mut **sink),
        }
    }
}

/// Looks at blocks, in order. A column may be of another type in each.
pub(crate) trait BlockSink: Send {
    /// Looks at the next block.
    fn look_at(&mut self, header: &Header, block: &BlockTable);
}

enum Writing<'a> {
    Batches(Batcher<'a>),
    Blocks(&'a mut dyn BlockSink),
    /// A block has contradicted the types, or no table can be made any more.
    Nothing,
}

impl<'a> Merger<'a> {
    /// Begins a table whose columns have the types that `seen` says.
    pub(crate) fn new(header: Header, seen: Vec<Seen>, output: Output<'a>) -> Result<Self, DatasetError> {
        let types: Vec<DataType> = types(&header, &seen).collect();
        let fields: Vec<Field> = header
            .names
            .iter()
            .zip(&types)
            .map(|(name, data_type)| Field::new(name, data_type.clone(), true))
            .collect();
        let writing = match output {
            Output::Batches(sink) => Writing::Batches(Batcher::begin(Arc::new(Schema::new(fields)), sink)?),
            Output::Blocks(sink) => Writing::Blocks(sink),
        };
        Ok(Self {
            header,
            writing,
            faults: vec![Vec::new(); types.len()],
            seen,
            types,
            record_faults: RecordFaults::default(),
            lines: LineRuns::default(),
            rows: 0,
        })
    }

    /// Adds the next block's table.
    pub(crate) fn add(&mut self, table: &BlockTable) -> Result<(), DatasetError> {
        for (seen, column) in self.seen.iter_mut().zip(&table.columns) {
            *seen = seen.join(column.seen());
        }
        self.record_faults.join(&table.faults);
        let is_batched = matches!(self.writing, Writing::Batches(_));
        let holds = || types(&self.header, &self.seen).eq(self.types.iter().cloned());
        if self.record_faults.count > 0 || (is_batched && !holds()) {
            self.writing = Writing::Nothing;
        }
        for (faults, column) in self.faults.iter_mut().zip(&table.columns) {
            join_faults(faults, column, self.rows);
        }
        self.lines.append(&table.lines, self.rows);
        self.rows += u64::from(table.rows);
        match &mut self.writing {
            Writing::Batches(batcher) => batcher.add(table)?,
            Writing::Blocks(sink) => sink.look_at(&self.header, table),
            Writing::Nothing => {}
        }
        Ok(())
    }

    /// Rows so far.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// The columns.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// Whether later blocks may be read as other types than the first.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.writing, Writing::Batches(_))
    }

    /// How further blocks are read best.
    pub(crate) fn read_as(&self) -> Arc<[ReadAs]> {
        read_as(&self.header, &self.seen).collect()
    }

    /// How the blocks of another file are read best, where `join` adds what is known of each of its columns.
    pub(crate) fn read_as_of(&self, join: impl Fn(usize, Seen) -> Seen) -> Vec<ReadAs> {
        let seen: Vec<Seen> = self.seen.iter().enumerate().map(|(i, &seen)| join(i, seen)).collect();
        read_as(&self.header, &seen).collect()
    }

    /// The end of the last file: what is known about the table, if all of it went to the output.
    pub(crate) fn finish(self, source: DatasetSource) -> Result<MergeEnd, DatasetError> {
        match self.writing {
            Writing::Batches(mut batcher) => batcher.flush()?,
            Writing::Blocks(_) => {}
            Writing::Nothing => return Ok(MergeEnd::OtherTypes(self.seen)),
        }
        let types = types(&self.header, &self.seen);
        let columns = self.header.names.iter().zip(types).zip(self.faults);
        let columns = columns.map(|((name, data_type), mut faults)| {
            faults.sort_unstable_by_key(|faults| faults.kind);
            ColumnDescription {
                name: name.clone(),
                data_type: data_type.to_string(),
                faults,
            }
        });
        Ok(MergeEnd::Table(Box::new(DatasetDescription {
            rows: self.rows,
            source,
            columns: columns.collect(),
            line_runs: self.lines.runs,
            lines_known_to: self.lines.known_to,
        })))
    }
}

/// How a pass over the files ended.
pub(crate) enum MergeEnd {
    /// The output holds the table.
    Table(Box<DatasetDescription>),
    /// The columns have other types than the beginning said; the output is of no use.
    OtherTypes(Vec<Seen>),
}

/// How the columns are read best of which this was seen.
pub(crate) fn read_as<'a>(header: &'a Header, seen: &'a [Seen]) -> impl Iterator<Item = ReadAs> + use<'a> {
    header.kinds.iter().zip(seen).map(|(&kind, seen)| seen.read_as(kind))
}

fn types<'a>(header: &'a Header, seen: &'a [Seen]) -> impl Iterator<Item = DataType> + use<'a> {
    header.kinds.iter().zip(seen).map(|(&kind, seen)| seen.data_type(kind))
}

fn join_faults(all: &mut Vec<CellFaults>, column: &Column, first_row: u64) {
    for new in &column.faults {
        let examples = new.examples.iter().cloned().map(|mut example| {
            example.row += first_row;
            example
        });
        if let Some(known) = all.iter_mut().find(|known| known.kind == new.kind) {
            known.count += new.count;
            known
                .examples
                .extend(examples.take(EXAMPLES_MAX - known.examples.len()));
        } else {
            all.push(CellFaults {
                kind: new.kind,
                count: new.count,
                examples: examples.collect(),
            });
        }
    }
}
