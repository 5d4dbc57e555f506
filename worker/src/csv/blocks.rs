//! The stream of CSV bytes, cut into blocks of whole records.
//!
//! In: an [`Input`]. Out: [`Block`]s of about [`BLOCK_BYTES`], in order, each with the physical line where it starts. A cut
//! is made only where a record ends, which only a pass over all quotes from the start of the file can know; it is the one
//! part of reading that cannot be spread over threads, so it looks at quotes and the last line end and at nothing else.
//! Where the blocks are cut depends on the bytes alone.
//!
//! A quote opens a quoted cell only at the start of a cell; anywhere else it is a character like any other.
//!
//! Not here: fields (`cell.rs`), records that do not fit the header (`parse.rs`).

use super::RECORD_BYTES_MAX;
use super::error::CsvError;
use super::fault::RecordFault;
use super::foreign::{FIRST_BYTES, Foreign, mark_length};
use super::options::Dialect;
use super::source::Input;
use super::word::FileName;
use memchr::{memchr, memchr_iter, memrchr};
use std::io::Read;

/// Bytes of a block: small enough that a block and what is made of it stay in the cache, large enough that handing it over
/// costs nothing.
pub(crate) const BLOCK_BYTES: usize = 512 << 10;

/// A part of a file that holds whole records only and ends with a line end.
pub(crate) struct Block {
    /// Blocks are numbered from 0 in the file's order.
    pub(crate) number: u64,
    /// Physical line where the block starts; the file's first line is 1.
    pub(crate) first_line: u64,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Block {
    /// The records.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// The memory of the block, for the next one.
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }

    /// The block without its first `bytes` bytes, which hold `lines` lines.
    pub(crate) fn skip(&mut self, bytes: usize, lines: u64) {
        self.start += bytes;
        self.first_line += lines;
    }
}

/// Cuts an [`Input`] into blocks.
pub(crate) struct BlockReader<R: Read> {
    input: Input<R>,
    dialect: Dialect,
    block_bytes: usize,
    /// What was read behind the last cut.
    carry: Vec<u8>,
    next_number: u64,
    next_line: u64,
    /// What comes after the last block.
    end: Option<Result<(), CsvError>>,
}

impl<R: Read> BlockReader<R> {
    /// Blocks have about `block_bytes`, which must not be 0.
    pub(crate) fn new(input: Input<R>, dialect: Dialect, block_bytes: usize) -> Self {
        Self {
            input,
            dialect,
            block_bytes,
            carry: Vec::new(),
            next_number: 0,
            next_line: 1,
            end: None,
        }
    }

    /// The file below.
    pub(crate) fn input(&self) -> &Input<R> {
        &self.input
    }

    /// Reads a compressed file on to its end, to know whether it is whole: if not, that is the reason for whatever is wrong
    /// with its text. Nothing more can be read then.
    pub(crate) fn check_rest(&mut self, go_on: &dyn Fn() -> bool) -> Result<(), CsvError> {
        match self.end.replace(Ok(())) {
            Some(Err(error)) if !error.is_of_text() => Err(error),
            Some(_) | None => self.input.check_rest(go_on),
        }
    }

    /// Whether no block is left. (`false` says nothing.)
    pub(crate) fn is_at_end(&self) -> bool {
        self.end.is_some()
    }

    /// The next block, in the memory of `buffer`; `None` at the end. After an error there is nothing more.
    pub(crate) fn next(&mut self, mut buffer: Vec<u8>) -> Result<Option<Block>, CsvError> {
        if let Some(end) = &mut self.end {
            return std::mem::replace(end, Ok(())).map(|()| None);
        }
        let mut filled = self.carry.len();
        grow(&mut buffer, filled.max(1));
        buffer[..filled].copy_from_slice(&self.carry);
        let mut scan = RecordScan::new(self.dialect);
        let mut start = 0;
        let mut target = filled + self.block_bytes.max(self.first_bytes());
        loop {
            target = target.min(start + RECORD_BYTES_MAX + 1);
            // One byte more, for the line end that the last line may lack.
            grow(&mut buffer, target + 1);
            match self.input.fill(&mut buffer[filled..target]) {
                Ok(read) => filled += read,
                Err(error) => return self.finish(buffer, start, scan.last_end, Err(error)),
            }
            let at_end = filled < target;
            if self.next_number == 0 && scan.at == 0 {
                start = self.mark_length(&buffer[..filled])?;
                scan.start_at(start);
            }
            scan.advance(&buffer[..filled], at_end);
            if at_end {
                return self.last_block(buffer, start, filled, &scan);
            }
            let cut = scan.last_end;
            if cut > start {
                self.carry.clear();
                self.carry.extend_from_slice(&buffer[cut..filled]);
                return Ok(Some(self.block(buffer, start, cut)));
            }
            if filled - start > RECORD_BYTES_MAX {
                let too_long = self.too_long(&buffer[..filled], start, scan.opened);
                return self.finish(buffer, start, start, Err(too_long));
            }
            target = filled * 2;
        }
    }

    /// What is left at the end of the file.
    fn last_block(
        &mut self,
        mut buffer: Vec<u8>,
        start: usize,
        mut filled: usize,
        scan: &RecordScan,
    ) -> Result<Option<Block>, CsvError> {
        if let Some(opened) = scan.opened {
            let unclosed = self.record_fault(&buffer, start, opened, RecordFault::UnclosedQuote);
            return self.finish(buffer, start, scan.last_end, Err(unclosed));
        }
        if filled > start && !matches!(buffer[filled - 1], b'\n' | b'\r') {
            buffer[filled] = b'\n';
            filled += 1;
        }
        self.finish(buffer, start, filled, Ok(()))
    }

    /// Hands out what stands before `cut`, if anything, and then `end`.
    fn finish(
        &mut self,
        buffer: Vec<u8>,
        start: usize,
        cut: usize,
        end: Result<(), CsvError>,
    ) -> Result<Option<Block>, CsvError> {
        if cut > start {
            self.end = Some(end);
            Ok(Some(self.block(buffer, start, cut)))
        } else {
            self.end = Some(Ok(()));
            end.map(|()| None)
        }
    }

    fn block(&mut self, bytes: Vec<u8>, start: usize, end: usize) -> Block {
        let first_line = self.next_line;
        let number = self.next_number;
        self.next_line += line_ends(&bytes[start..end]);
        self.next_number += 1;
        Block {
            number,
            first_line,
            bytes,
            start,
            end,
        }
    }

    /// How many bytes the next block needs besides its records.
    fn first_bytes(&self) -> usize {
        if self.next_number == 0 { FIRST_BYTES } else { 0 }
    }

    fn mark_length(&self, first: &[u8]) -> Result<usize, CsvError> {
        mark_length(first).map_err(|Foreign { what, advice }| CsvError::Foreign {
            name: FileName::new(self.input.name()),
            what,
            advice,
        })
    }

    /// The record at `start` is too long; a quote is open that stands at `opened`. A cell in quotes may be open at that place
    /// by chance, so only one that has most of the record is blamed for it.
    fn too_long(&self, bytes: &[u8], start: usize, opened: Option<usize>) -> CsvError {
        let quoted = opened.map(|opened| (opened, bytes.len() - opened));
        match quoted {
            Some((opened, bytes_open)) if bytes_open > RECORD_BYTES_MAX / 2 => {
                self.record_fault(bytes, start, opened, RecordFault::OpenQuote { bytes: bytes_open })
            }
            _ => self.record_fault(bytes, start, start, RecordFault::TooLong),
        }
    }

    fn record_fault(&self, buffer: &[u8], start: usize, at: usize, fault: RecordFault) -> CsvError {
        CsvError::Record {
            name: FileName::new(self.input.name()),
            line: self.next_line + line_ends(&buffer[start..at]),
            fault,
            more: 0,
        }
    }
}

/// Makes `buffer` at least `length` bytes long. It never shrinks, so that its bytes are set once and not for every block.
fn grow(buffer: &mut Vec<u8>, length: usize) {
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
}

/// How many physical lines end in `bytes`: with LF, CRLF or CR.
pub(crate) fn line_ends(bytes: &[u8]) -> u64 {
    let lf = memchr_iter(b'\n', bytes).count();
    let lone_cr = memchr_iter(b'\r', bytes)
        .filter(|&at| bytes.get(at + 1) != Some(&b'\n'))
        .count();
    (lf + lone_cr) as u64
}

/// Finds where records end, over bytes that grow.
struct RecordScan {
    dialect: Dialect,
    /// Where the first record starts.
    start: usize,
    /// Everything before this is looked at.
    at: usize,
    /// Where the quote stands that is open at `at`.
    opened: Option<usize>,
    /// Behind the last record that is known to end, or where the first starts.
    last_end: usize,
}

impl RecordScan {
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            start: 0,
            at: 0,
            opened: None,
            last_end: 0,
        }
    }

    fn start_at(&mut self, start: usize) {
        self.start = start;
        self.at = start;
        self.last_end = start;
    }

    /// Looks at what was not looked at yet. The last byte is left for the next time unless the file ends: what it means
    /// depends on the byte that follows.
    fn advance(&mut self, bytes: &[u8], at_end: bool) {
        let limit = if at_end {
            bytes.len()
        } else {
            bytes.len().saturating_sub(1)
        };
        while self.at < limit {
            let quote = memchr(self.dialect.quote, &bytes[self.at..limit]).map(|found| self.at + found);
            if self.opened.is_some() {
                match quote {
                    None => self.at = limit,
                    Some(quote) if bytes.get(quote + 1) == Some(&self.dialect.quote) => self.at = quote + 2,
                    Some(quote) => {
                        self.opened = None;
                        self.at = quote + 1;
                    }
                }
            } else {
                self.note_line_ends(bytes, self.at, quote.unwrap_or(limit));
                self.at = quote.map_or(limit, |quote| quote + 1);
                self.opened = quote.filter(|&quote| self.starts_cell(bytes, quote));
            }
        }
    }

    fn starts_cell(&self, bytes: &[u8], quote: usize) -> bool {
        if quote == self.start {
            return true;
        }
        let before = bytes[quote - 1];
        before == self.dialect.delimiter || matches!(before, b'\n' | b'\r')
    }

    fn note_line_ends(&mut self, bytes: &[u8], from: usize, to: usize) {
        let lf = memrchr(b'\n', &bytes[from..to]).map(|lf| from + lf + 1);
        let after_lf = lf.unwrap_or(from);
        // A CR ends a record too unless an LF follows, which may lie behind `to`.
        let cr = memrchr(b'\r', &bytes[after_lf..to]).map(|cr| after_lf + cr + 1);
        let cr = cr.filter(|&cr| bytes.get(cr) != Some(&b'\n'));
        self.last_end = cr.or(lf).unwrap_or(self.last_end);
    }
}
