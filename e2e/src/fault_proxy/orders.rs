//! What is to go wrong on the way, and what has gone by.

use super::Asked;
use hyper::StatusCode;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// What goes wrong at a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is refused once with this code, and not committed: 429, 500 or 504.
    Refuse(u16),
    /// Its answer is passed on, and all watches are cut off.
    CutWatches,
    /// Its answer is passed on, and the API server does not know any more where the watches were: 410.
    ForgetWatches,
    /// SIGKILL to the operator before it hears of it. It would be the same after it had heard and before its next write: what it knew
    /// is gone.
    Kill,
    /// The connection is closed without the answer.
    LoseTheAnswer,
}

/// What is answered in the API server's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// 429, 500 or 504.
    pub(super) code: u16,
}

impl Refusal {
    pub(super) fn message(self) -> &'static str {
        match self.code {
            429 => "the server has received too many requests and has asked us to try again later",
            504 => "Timeout: request did not complete within the allotted timeout",
            _ => "an error on the server has prevented the request from succeeding",
        }
    }

    pub(super) fn reason(self) -> &'static str {
        match self.code {
            429 => "TooManyRequests",
            504 => "Timeout",
            _ => "InternalError",
        }
    }
}

/// A write that the API server has committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// What was asked.
    pub asked: Asked,
    /// The name of the object that was written.
    pub name: String,
}

/// The verbs that change something.
pub(super) const WRITES: [&str; 4] = ["create", "update", "patch", "delete"];

/// How a watch is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WatchEnd {
    /// Its connection is closed.
    Cut,
    /// The API server no longer knows where it was: 410.
    Gone,
}

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    PassOn,
    BreakOff,
}

/// Ends the operator with SIGKILL.
pub(crate) type Kill = Box<dyn Fn() + Send + Sync>;

/// The orders of a proxy.
pub(crate) struct Orders {
    state: Mutex<State>,
    kills: watch::Sender<u64>,
    ends: watch::Sender<(u64, WatchEnd)>,
    /// Whether a request is held.
    held: watch::Sender<bool>,
    /// Changes with each write that is committed.
    writes: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    committed: Vec<Committed>,
    /// What happens to the write of this number, counted from 1 among those that are committed.
    on_write: Option<(usize, Fault)>,
    /// The next request of this verb and kind is held until one that came after it has been committed.
    overtaken: Option<(&'static str, &'static str)>,
    /// Requests of these verbs are refused, so often.
    refusals: Vec<(&'static [&'static str], Refusal, u32)>,
    /// Events of the watches of these kinds come so much later.
    delays: BTreeMap<&'static str, Duration>,
    /// Requests, answers and events of watches that have gone by.
    moments: u64,
    /// At which of them the operator is killed.
    kill_at: Option<u64>,
    kill: Option<Kill>,
    /// What went wrong by order, and how often.
    faults: BTreeMap<&'static str, u64>,
}

impl Default for Orders {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            kills: watch::Sender::new(0),
            ends: watch::Sender::new((0, WatchEnd::Cut)),
            held: watch::Sender::new(false),
            writes: watch::Sender::new(()),
        }
    }
}

impl Orders {
    /// How to kill the operator.
    pub(crate) fn kill_by(&self, kill: Kill) {
        self.lock().kill = Some(kill);
    }

    /// Does this to the write of this number, counted from 1 over the whole life of the proxy.
    pub(crate) fn on_write(&self, number: usize, fault: Fault) {
        self.lock().on_write = Some((number, fault));
    }

    /// Kills the operator when so many requests, answers and events of watches more have gone by.
    pub(crate) fn kill_after_moments(&self, moments: u64) {
        let mut state = self.lock();
        state.kill_at = Some(state.moments + moments);
    }

    /// Refuses the next `times` requests of these verbs.
    pub(crate) fn refuse(&self, verbs: &'static [&'static str], code: u16, times: u32) {
        self.lock().refusals.push((verbs, Refusal { code }, times));
    }

    /// Holds the next request of this verb and kind until one of the same that came after it has been committed.
    pub(crate) fn let_overtake(&self, verb: &'static str, resource: &'static str) {
        self.lock().overtaken = Some((verb, resource));
    }

    /// Tells whether a request is held.
    pub(crate) fn held(&self) -> watch::Receiver<bool> {
        self.held.subscribe()
    }

    /// Waits as long as this request is to be held.
    pub(super) async fn hold(&self, asked: &Asked) {
        let mut writes = self.writes.subscribe();
        let like_it = |state: &State| {
            state
                .committed
                .iter()
                .filter(|write| write.asked.is_like(asked))
                .count()
        };
        let before = {
            let mut state = self.lock();
            if state.overtaken != Some((asked.verb, asked.resource.as_str())) {
                return;
            }
            state.overtaken = None;
            state.count("write overtaken by the next");
            like_it(&state)
        };
        self.held.send_replace(true);
        while like_it(&self.lock()) == before && writes.changed().await.is_ok() {}
        self.held.send_replace(false);
    }

    /// Delays the events of the watch of this kind.
    pub(crate) fn delay(&self, resource: &'static str, by: Duration) {
        self.lock().delays.insert(resource, by);
    }

    /// Ends all watches.
    fn end_watches(&self, how: WatchEnd) {
        self.ends.send_modify(|(number, end)| {
            *number += 1;
            *end = how;
        });
    }

    /// The number of kills by order; it changes with each.
    pub(crate) fn kills(&self) -> watch::Receiver<u64> {
        self.kills.subscribe()
    }

    /// All writes that were committed, in order.
    pub(crate) fn committed(&self) -> Vec<Committed> {
        self.lock().committed.clone()
    }

    /// What went wrong by order, and how often.
    pub(crate) fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.lock().faults.clone()
    }

    /// A request has come: it may be refused.
    pub(super) fn asked(&self, asked: &Asked) -> Option<Refusal> {
        self.moment();
        let mut state = self.lock();
        if let Some((number, Fault::Refuse(code))) = state.on_write
            && asked.is_write()
            && number == state.committed.len() + 1
        {
            state.on_write = None;
            state.refusals.push((&WRITES, Refusal { code }, 1));
        }
        let meant = state
            .refusals
            .iter_mut()
            .find(|(verbs, _, left)| *left > 0 && verbs.contains(&asked.verb));
        let refusal = meant.map(|(_, refusal, left)| {
            *left -= 1;
            *refusal
        })?;
        state.count(match refusal.code {
            429 => "429",
            504 => "504",
            _ => "500",
        });
        Some(refusal)
    }

    /// The API server has answered.
    pub(super) fn answered(&self, asked: &Asked, code: StatusCode, body: &[u8]) -> Verdict {
        self.moment();
        if !asked.is_write() || !code.is_success() {
            return Verdict::PassOn;
        }
        let mut state = self.lock();
        state.committed.push(Committed {
            asked: asked.clone(),
            name: name_in(body).unwrap_or_else(|| asked.name.clone()),
        });
        self.writes.send_replace(());
        let hit = state.on_write.filter(|(number, _)| *number == state.committed.len());
        match hit.map(|(_, fault)| fault) {
            Some(Fault::Kill) => self.kill(&mut state, "killed after a write"),
            Some(Fault::LoseTheAnswer) => state.count("answer of a write lost"),
            Some(Fault::CutWatches) => self.end_watches(WatchEnd::Cut),
            Some(Fault::ForgetWatches) => self.end_watches(WatchEnd::Gone),
            Some(Fault::Refuse(_)) | None => {}
        }
        match hit {
            Some((_, Fault::Kill | Fault::LoseTheAnswer)) => Verdict::BreakOff,
            Some(_) | None => Verdict::PassOn,
        }
    }

    /// An event of a watch has come: how long it waits.
    pub(super) fn watched(&self, resource: &str) -> Duration {
        self.moment();
        let mut state = self.lock();
        let delay = state.delays.get(resource).copied().unwrap_or_default();
        if !delay.is_zero() {
            state.count("event of a watch delayed");
        }
        delay
    }

    /// Tells when watches are to end.
    pub(super) fn ends(&self) -> watch::Receiver<(u64, WatchEnd)> {
        self.ends.subscribe()
    }

    /// A watch was ended.
    pub(super) fn watch_ended(&self, how: WatchEnd) {
        self.lock().count(match how {
            WatchEnd::Cut => "watch cut off",
            WatchEnd::Gone => "watch answered 410",
        });
    }

    fn moment(&self) {
        let mut state = self.lock();
        state.moments += 1;
        if state.kill_at.is_some_and(|at| at <= state.moments) {
            state.kill_at = None;
            self.kill(&mut state, "killed at random");
        }
    }

    fn kill(&self, state: &mut State, what: &'static str) {
        if let Some(kill) = &state.kill {
            kill();
        }
        state.count(what);
        self.kills.send_modify(|kills| *kills += 1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn count(&mut self, what: &'static str) {
        *self.faults.entry(what).or_default() += 1;
    }
}

/// The name in an object's metadata.
fn name_in(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Object {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    struct Metadata {
        name: String,
    }
    serde_json::from_slice(body)
        .ok()
        .map(|object: Object| object.metadata.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn create() -> Asked {
        Asked {
            verb: "create",
            resource: "jobs".to_owned(),
            name: String::new(),
        }
    }

    #[test]
    fn the_write_of_the_number_is_hit_and_no_other_and_refused_ones_do_not_count() {
        let orders = Orders::default();
        let killed = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&killed);
        orders.kill_by(Box::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        }));
        orders.on_write(2, Fault::Kill);
        let body = br#"{"metadata":{"name":"a-1"}}"#;
        let answered = |code| orders.answered(&create(), code, body);
        assert_eq!(answered(StatusCode::CREATED), Verdict::PassOn);
        assert_eq!(answered(StatusCode::CONFLICT), Verdict::PassOn);
        assert_eq!(answered(StatusCode::CREATED), Verdict::BreakOff);
        assert_eq!(answered(StatusCode::CREATED), Verdict::PassOn);
        assert_eq!(killed.load(Ordering::Relaxed), 1);
        assert_eq!(*orders.kills().borrow(), 1);
        let names: Vec<_> = orders.committed().into_iter().map(|write| write.name).collect();
        assert_eq!(names, ["a-1", "a-1", "a-1"]);
        assert_eq!(orders.faults(), BTreeMap::from([("killed after a write", 1)]));
    }

    #[test]
    fn so_many_requests_of_a_verb_are_refused() {
        let orders = Orders::default();
        orders.refuse(&["create"], 429, 1);
        let list = Asked {
            verb: "list",
            ..create()
        };
        assert_eq!(orders.asked(&list), None);
        assert_eq!(orders.asked(&create()), Some(Refusal { code: 429 }));
        assert_eq!(orders.asked(&create()), None);
    }
}
