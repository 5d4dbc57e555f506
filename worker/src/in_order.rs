//! Items worked on by several threads, their results taken strictly in the order of the items.
//!
//! So a sum has the same bits with one thread or with many. A thread holds one result at a time and waits until the results
//! of all earlier items are in.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Whose turn it is.
struct Turn<T, E> {
    next: usize,
    /// The fault of the first item that has one.
    fault: Option<E>,
    /// No more items are wanted: after a fault, or a panic of another thread.
    stopped: bool,
    take: T,
}

/// Each thread has a desk made by `desk`. Again and again it calls `claim`, which gives the number of the next item, each from 0
/// once, or `None` at the end; then `work`; then, in the order of the numbers, `take`, which empties the desk for the next item.
///
/// # Errors
/// The fault of the first item that has one; nothing from it on was taken.
pub(crate) fn in_order<D, E: Send>(
    threads: usize,
    desk: impl Fn() -> D + Sync,
    claim: impl Fn(&mut D) -> Result<Option<usize>, E> + Sync,
    work: impl Fn(usize, &mut D) -> Result<(), E> + Sync,
    take: impl FnMut(&mut D) + Send,
) -> Result<(), E> {
    let turn = Mutex::new(Turn {
        next: 0,
        fault: None,
        stopped: false,
        take,
    });
    let changed = Condvar::new();
    let run = || {
        let _release = Release(|| {
            lock(&turn).stopped = true;
            changed.notify_all();
        });
        let mut desk = desk();
        while !lock(&turn).stopped {
            let number = match claim(&mut desk) {
                Ok(Some(number)) => number,
                Ok(None) => return,
                Err(fault) => {
                    let mut turn = lock(&turn);
                    turn.fault.get_or_insert(fault);
                    turn.stopped = true;
                    changed.notify_all();
                    return;
                }
            };
            let worked = work(number, &mut desk);
            let waiting = changed.wait_while(lock(&turn), |turn| turn.next != number && !turn.stopped);
            let mut turn = waiting.unwrap_or_else(PoisonError::into_inner);
            if turn.stopped {
                return;
            }
            match worked {
                Ok(()) => (turn.take)(&mut desk),
                Err(fault) => (turn.fault, turn.stopped) = (Some(fault), true),
            }
            turn.next += 1;
            changed.notify_all();
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(run);
        }
        run();
    });
    match turn.into_inner().unwrap_or_else(PoisonError::into_inner).fault {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

/// Wakes the other threads when one panics: its item's turn would never end. (The scope then passes the panic on.)
struct Release<F: Fn()>(F);

impl<F: Fn()> Drop for Release<F> {
    fn drop(&mut self) {
        if thread::panicking() {
            (self.0)();
        }
    }
}

fn lock<T>(turn: &Mutex<T>) -> MutexGuard<'_, T> {
    turn.lock().unwrap_or_else(PoisonError::into_inner)
}

/// [`in_order`] over `parts` parts with the numbers from 0.
///
/// # Errors
/// As there.
pub(crate) fn parts_in_order<D, E: Send>(
    parts: usize,
    threads: usize,
    desk: impl Fn() -> D + Sync,
    work: impl Fn(usize, &mut D) -> Result<(), E> + Sync,
    take: impl FnMut(&mut D) + Send,
) -> Result<(), E> {
    let claimed = AtomicUsize::new(0);
    let claim = |_: &mut D| {
        let next = claimed.fetch_add(1, Ordering::Relaxed);
        Ok((next < parts).then_some(next))
    };
    in_order(threads.min(parts), desk, claim, work, take)
}

/// What `work` makes of each of `parts` parts, in their order.
///
/// # Errors
/// The fault of the first part that has one.
pub(crate) fn collected<T: Send, E: Send>(
    parts: usize,
    threads: usize,
    work: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let mut all = Vec::with_capacity(parts);
    let work = |part: usize, result: &mut Option<T>| {
        *result = Some(work(part)?);
        Ok(())
    };
    parts_in_order(parts, threads, || None, work, |result| all.extend(result.take()))?;
    Ok(all)
}
