//! Until when this process may act. Asked before every step of a pass: one that wakes up after its term goes no step further.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Instant;

/// Until when this process may act.
#[derive(Debug)]
pub(crate) struct Mandate {
    until: Mutex<Until>,
    /// Passes that met the end of the term. Where the Lease is renewed after all, by an answer that came late, they go on.
    halted: Mutex<Vec<Waker>>,
}

#[derive(Clone, Copy, Debug)]
enum Until {
    /// There is no election.
    Ever,
    /// It has not led yet, or its term ends then.
    Term(Option<Instant>),
}

impl Mandate {
    /// Of an operator that nobody elects.
    pub(crate) fn without_end() -> Self {
        Self::of(Until::Ever)
    }

    /// Of one that has not been elected yet.
    pub(crate) fn not_yet() -> Self {
        Self::of(Until::Term(None))
    }

    fn of(until: Until) -> Self {
        Self {
            until: Mutex::new(until),
            halted: Mutex::default(),
        }
    }

    /// It leads until then, or until it is said again.
    pub(super) fn extend(&self, until: Instant) {
        *lock(&self.until) = Until::Term(Some(until));
        lock(&self.halted).drain(..).for_each(Waker::wake);
    }

    /// Whether it holds now.
    pub(crate) fn holds(&self) -> bool {
        match *lock(&self.until) {
            Until::Ever => true,
            Until::Term(until) => until.is_some_and(|until| Instant::now() < until),
        }
    }

    /// Does `work` step by step, and no step more once the mandate has ended. The process ends then: nobody waits for the rest.
    pub(crate) async fn while_it_holds<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if self.holds() {
                work.as_mut().poll(cx)
            } else {
                lock(&self.halted).push(cx.waker().clone());
                Poll::Pending
            }
        })
        .await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use std::cell::Cell;
    use std::time::Duration;

    #[test]
    fn a_pass_goes_no_step_further_than_its_term() {
        let mandate = Mandate::not_yet();
        let steps = Cell::new(0);
        let mut pass = Box::pin(mandate.while_it_holds(async {
            loop {
                steps.set(steps.get() + 1);
                tokio::task::yield_now().await;
            }
        }));
        let mut poll = || (&mut pass).now_or_never();
        assert_eq!((poll(), steps.get()), (None, 0), "it was not elected");
        mandate.extend(Instant::now() + Duration::from_secs(3_600));
        assert_eq!((poll(), steps.get()), (None::<()>, 1));
        assert_eq!((poll(), steps.get()), (None, 2));
        mandate.extend(Instant::now());
        assert_eq!((poll(), steps.get()), (None, 2));
    }

    #[tokio::test]
    async fn a_pass_that_met_the_end_of_the_term_goes_on_when_that_is_longer_after_all() {
        let mandate = std::sync::Arc::new(Mandate::not_yet());
        mandate.extend(Instant::now());
        let of_pass = std::sync::Arc::clone(&mandate);
        let pass = tokio::spawn(async move { of_pass.while_it_holds(async { 7 }).await });
        tokio::task::yield_now().await;
        mandate.extend(Instant::now() + Duration::from_secs(3_600));
        assert_eq!(pass.await.expect("it ends"), 7);
    }

    #[test]
    fn without_an_election_there_is_no_end() {
        let mandate = Mandate::without_end();
        assert_eq!(mandate.while_it_holds(async { 7 }).now_or_never(), Some(7));
    }
}
