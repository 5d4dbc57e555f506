//! Threads that share one file: blocks are handed out in order, read side by side, and put together in order.
//!
//! Two locks: one round the file, one round the merger. A thread that is far ahead waits for the others, so that only a few
//! tables are held at any time.

use super::block_table::{BlockTable, Rules};
use super::blocks::BlockReader;
use super::column_type::ReadAs;
use super::error::CsvError;
use super::merge::Merger;
use super::read::ReadControl;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// How many tables may wait for an earlier one, for each thread.
const WAITING_TABLES: u64 = 2;

/// What the threads of one pass share.
pub(crate) struct Shared<'a, 'm, R: Read> {
    blocks: Mutex<&'a mut BlockReader<R>>,
    merge: Mutex<MergeState<'m>>,
    merged: Condvar,
    control: ReadControl<'a>,
}

struct MergeState<'m> {
    merger: Merger<'m>,
    /// The block that is merged next.
    next: u64,
    waiting: BTreeMap<u64, BlockTable>,
    /// Tables whose memory is to be used again.
    spare: Vec<BlockTable>,
    /// How the next blocks are read best.
    read_as: Arc<[ReadAs]>,
    /// How the reading ended, if not with the last block.
    end: Result<(), CsvError>,
    /// Nobody needs another block.
    over: bool,
}

impl<'a, 'm, R: Read + Send> Shared<'a, 'm, R> {
    /// `next` is the number of the block that `blocks` gives next.
    pub(crate) fn new(blocks: &'a mut BlockReader<R>, merger: Merger<'m>, next: u64, control: ReadControl<'a>) -> Self {
        let read_as = merger.read_as();
        Self {
            blocks: Mutex::new(blocks),
            merge: Mutex::new(MergeState {
                merger,
                next,
                waiting: BTreeMap::new(),
                spare: Vec::new(),
                read_as,
                end: Ok(()),
                over: false,
            }),
            merged: Condvar::new(),
            control,
        }
    }

    /// The reader, the merger and how the reading ended.
    pub(crate) fn into_parts(self) -> (&'a mut BlockReader<R>, Merger<'m>, Result<(), CsvError>) {
        let state = self.merge.into_inner().unwrap_or_else(PoisonError::into_inner);
        let blocks = self.blocks.into_inner().unwrap_or_else(PoisonError::into_inner);
        (blocks, state.merger, state.end)
    }

    /// Reads all blocks into the merger. `table` is memory to begin with.
    pub(crate) fn read_all(&self, rules: &Rules, table: BlockTable) {
        let threads = if lock(&self.blocks).is_at_end() {
            1
        } else {
            self.control.threads
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|| self.work(rules, BlockTable::new(rules.header)));
            }
            self.work(rules, table);
        });
    }

    /// One thread's work.
    fn work(&self, rules: &Rules, mut table: BlockTable) {
        let _wake = WakeOnPanic(self);
        let mut read_as = Arc::clone(&lock(&self.merge).read_as);
        let mut buffer = Vec::new();
        loop {
            let block = match lock(&self.blocks).next(buffer) {
                Ok(Some(block)) => block,
                Ok(None) => return,
                // The blocks before are still read: what is wrong in them leads.
                Err(error) => return lock(&self.merge).end = Err(error),
            };
            table.read(&block, rules, &read_as);
            buffer = block.into_buffer();
            if !(self.control.go_on)(u64::from(table.rows)) {
                return self.stop(Err(CsvError::Stopped));
            }
            let Some(next) = self.deliver(table) else { return };
            table = next.spare.unwrap_or_else(|| BlockTable::new(rules.header));
            read_as = next.read_as;
        }
    }

    /// Hands over a table and merges what has its turn; `None` if nobody needs more.
    fn deliver(&self, table: BlockTable) -> Option<NextBlock> {
        let mut state = lock(&self.merge);
        let ahead = WAITING_TABLES * self.control.threads as u64;
        while !state.over && table.number > state.next + ahead {
            state = self.merged.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.over {
            return None;
        }
        state.waiting.insert(table.number, table);
        let MergeState {
            merger,
            next,
            waiting,
            spare,
            read_as,
            ..
        } = &mut *state;
        let mut merged = Ok(());
        while merged.is_ok()
            && let Some(table) = waiting.remove(next)
        {
            merged = merger.add(&table).map_err(CsvError::from);
            *next += 1;
            spare.push(table);
        }
        if merger.is_open() {
            // A block that is read as the wrong type is read twice.
            *read_as = merger.read_as();
        }
        let next = NextBlock {
            spare: spare.pop(),
            read_as: Arc::clone(read_as),
        };
        drop(state);
        self.merged.notify_all();
        if merged.is_err() {
            self.stop(merged);
            return None;
        }
        Some(next)
    }

    fn stop(&self, end: Result<(), CsvError>) {
        let mut state = lock(&self.merge);
        if !state.over {
            state.over = true;
            state.end = end;
        }
        drop(state);
        self.merged.notify_all();
    }
}

/// What a thread goes on with.
struct NextBlock {
    /// A table whose memory is to be used again.
    spare: Option<BlockTable>,
    read_as: Arc<[ReadAs]>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in another thread reaches the caller when the threads are joined.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets nobody wait for the block of a thread that panicked.
struct WakeOnPanic<'s, 'a, 'm, R: Read + Send>(&'s Shared<'a, 'm, R>);

impl<R: Read + Send> Drop for WakeOnPanic<'_, '_, '_, R> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop(Ok(()));
        }
    }
}
