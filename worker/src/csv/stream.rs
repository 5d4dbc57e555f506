//! CSV records one after the other, with their bytes as they stand in the file: for whoever passes them on.
//!
//! In: a file or any other stream, plain or compressed. Out: [`RecordBlock`]s of whole records; each record gives its cells,
//! its line and its text. A record that does not fit the header is an error at its place. Memory does not grow with the file.

use super::blocks::{BLOCK_BYTES, Block, BlockReader, line_ends};
use super::cell::{CellEnd, after_blank_line, cell};
use super::error::CsvError;
use super::fault::RecordFault;
use super::header::Header;
use super::options::CsvOptions;
use super::source::Input;
use super::word::{FileName, Word};
use crate::source::{NamedPlace, Place};
use camino::Utf8Path;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

/// A CSV file with a header, read in order.
pub(crate) struct CsvStream<R: Read> {
    reader: BlockReader<R>,
    options: CsvOptions,
    header: Arc<Header>,
    header_text: Vec<u8>,
    first_block: Option<Block>,
}

impl CsvStream<File> {
    /// Opens the file at `path`, which people know as `name`, and reads its header.
    pub(crate) fn open(path: &Utf8Path, name: &str, options: CsvOptions) -> Result<Self, CsvError> {
        let file = NamedPlace {
            name: name.to_owned(),
            place: Place::Anywhere(path.to_owned()),
        };
        Self::new(file.open()?, name, options)
    }
}

impl<R: Read> CsvStream<R> {
    /// Reads the header of `raw`, which people know as `name`.
    pub(crate) fn new(raw: R, name: &str, options: CsvOptions) -> Result<Self, CsvError> {
        let mut reader = BlockReader::new(Input::new(raw, name)?, options.dialect, BLOCK_BYTES);
        match read_header(&mut reader, &options) {
            Ok((header, header_text, first_block)) => Ok(Self {
                reader,
                options,
                header: Arc::new(header),
                header_text,
                first_block: Some(first_block),
            }),
            Err(error) => Err(blame(&mut reader, error)),
        }
    }

    /// What a fault of the text comes from: a compressed file that is not whole, or the text itself. Nothing more can be
    /// read then.
    pub(crate) fn check_rest(&mut self) -> Result<(), CsvError> {
        self.reader.check_rest(&|| true)
    }

    /// The file as people know it.
    pub(crate) fn name(&self) -> &str {
        self.reader.input().name()
    }

    /// The columns' names.
    pub(crate) fn columns(&self) -> &[String] {
        &self.header.names
    }

    /// The header as it stands in the file, without its line end; `None` where the file has none.
    pub(crate) fn header(&self) -> Option<&[u8]> {
        self.header.is_in_file().then_some(&self.header_text)
    }

    /// How the file is read.
    pub(crate) fn options(&self) -> &CsvOptions {
        &self.options
    }

    /// The header's line.
    pub(crate) fn header_line(&self) -> u64 {
        self.header.line
    }

    /// The next records; `None` at the end.
    pub(crate) fn next_block(&mut self) -> Result<Option<RecordBlock>, CsvError> {
        let block = match self.first_block.take() {
            Some(block) => block,
            None => match self.reader.next(Vec::new()) {
                Ok(Some(block)) => block,
                Ok(None) => return Ok(None),
                Err(error) => return Err(blame(&mut self.reader, error)),
            },
        };
        Ok(Some(RecordBlock {
            block,
            options: self.options.clone(),
            header: Arc::clone(&self.header),
            name: self.name().to_owned(),
        }))
    }
}

/// The header, its text, and the block that it stands in without it.
fn read_header<R: Read>(
    reader: &mut BlockReader<R>,
    options: &CsvOptions,
) -> Result<(Header, Vec<u8>, Block), CsvError> {
    let name = reader.input().name().to_owned();
    while let Some(mut block) = reader.next(Vec::new())? {
        let before = block.bytes().to_vec();
        if let Some(header) = Header::read(&mut block, options, &name)? {
            let text = header_text(&before[..before.len() - block.bytes().len()], options);
            return Ok((header, text, block));
        }
    }
    Err(CsvError::Empty {
        name: FileName::new(&name),
    })
}

/// `error`, or the damage of the compressed file that it comes from.
fn blame<R: Read>(reader: &mut BlockReader<R>, error: CsvError) -> CsvError {
    if error.is_of_text() {
        reader.check_rest(&|| true).err().unwrap_or(error)
    } else {
        error
    }
}

/// The header's bytes out of those up to the first record.
fn header_text(bytes: &[u8], options: &CsvOptions) -> Vec<u8> {
    let mut start = 0;
    while let Some(next) = after_blank_line(bytes, start, options.dialect) {
        start = next;
    }
    without_line_end(&bytes[start..]).to_vec()
}

fn without_line_end(record: &[u8]) -> &[u8] {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    record.strip_suffix(b"\r").unwrap_or(record)
}

/// Some records of a stream.
pub(crate) struct RecordBlock {
    block: Block,
    options: CsvOptions,
    header: Arc<Header>,
    name: String,
}

/// Where a record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Physical line of the file where it starts.
    pub(crate) line: u64,
    place: Range<usize>,
}

impl RecordBlock {
    /// The records, from the first.
    pub(crate) fn records(&self) -> Records<'_> {
        Records {
            block: self,
            at: 0,
            line: self.block.first_line,
            scratch: Vec::new(),
        }
    }

    /// A record's bytes as they stand in the file, without the line end.
    pub(crate) fn text(&self, record: &Record) -> &[u8] {
        without_line_end(&self.block.bytes()[record.place.clone()])
    }
}

/// Goes through the records of a block.
pub(crate) struct Records<'a> {
    block: &'a RecordBlock,
    at: usize,
    line: u64,
    scratch: Vec<u8>,
}

impl Records<'_> {
    /// The next record, after `each` was given the number and the content of every cell of it; `None` at the end.
    pub(crate) fn next(&mut self, mut each: impl FnMut(usize, &[u8])) -> Result<Option<Record>, CsvError> {
        let bytes = self.block.block.bytes();
        let dialect = self.block.options.dialect;
        while let Some(next) = after_blank_line(bytes, self.at, dialect) {
            self.at = next;
            self.line += 1;
        }
        if self.at == bytes.len() {
            return Ok(None);
        }
        let (start, line) = (self.at, self.line);
        let mut fields = 0;
        loop {
            let found = cell(bytes, self.at, dialect, &mut self.scratch);
            each(fields, found.content);
            fields += 1;
            self.at = found.next;
            if found.end == CellEnd::Record {
                break;
            }
        }
        let place = start..self.at;
        self.line += line_ends(&bytes[place.clone()]);
        self.check(&bytes[place.clone()], line, fields)?;
        Ok(Some(Record { line, place }))
    }

    fn check(&self, record: &[u8], line: u64, fields: usize) -> Result<(), CsvError> {
        let fault = match std::str::from_utf8(record) {
            Err(error) => RecordFault::NotUtf8 {
                byte: record[error.valid_up_to()],
                column: None::<Word>,
            },
            Ok(_) if fields != self.block.header.names.len() => self.block.header.fields_fault(fields),
            Ok(_) => return Ok(()),
        };
        Err(CsvError::Record {
            name: FileName::new(&self.block.name),
            line,
            fault,
            more: 0,
        })
    }
}
