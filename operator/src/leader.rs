//! Which of several operators acts: the one that holds the Lease.
//!
//! What is promised: of operators that watch the same, at most one acts at a time, as far as clocks that run equally fast can tell;
//! one that is killed is followed within the Lease's duration and two seconds, one that is told to stop within a second. A Lease
//! cannot fence: a write that is on its way when a term ends may still arrive, so two leaders must be harmless anyway, by names
//! that follow from what they are for and by writes on the version that was read.
//!
//! In reading order: how long things take (`times.rs`), whose name stands in the Lease (`identity.rs`), the Lease itself
//! (`record.rs`), what to do next (`elector.rs`, pure), and until when a pass may go on (`mandate.rs`). This file asks the API
//! server. Not here: what a leader does (`serve.rs`).

mod elector;
mod identity;
mod mandate;
mod record;
mod times;

#[cfg(test)]
mod simulation;

pub(crate) use elector::Lost;
pub(crate) use mandate::Mandate;
pub(crate) use times::{LEASE_LONGEST, LEASE_SHORTEST};

use crate::error::with_causes;
use crate::names;
use elector::{Answer, Elector, Step};
use futures::TryStreamExt;
use identity::Identity;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff;
use kube::api::{PostParams, WatchEvent, WatchParams};
use kube::{Api, Client};
use record::Record;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use times::Times;
use tokio::time::{sleep, sleep_until, timeout};
use tracing::{debug, info, warn};

/// How long a leader that stops tries to give the Lease back; else the next one waits until it has run out.
const RELEASE_WITHIN: Duration = Duration::from_secs(3);
/// Between two tries of that.
const RELEASE_PAUSE: Duration = Duration::from_millis(100);

/// Which operators stand against each other.
pub(crate) struct Seat {
    /// Where the Lease is.
    pub namespace: String,
    /// Whether it is about all namespaces.
    pub cluster_wide: bool,
    /// How long the Lease is good without a renewal.
    pub lease: Duration,
}

/// One operator's part in the election: first a candidate, then, for the rest of its life, the leader.
pub(crate) struct Election {
    api: Api<Lease>,
    name: &'static str,
    elector: Elector,
    mandate: Arc<Mandate>,
    /// What was said last of whom it waits for.
    waits_for: Option<String>,
    /// What was said last of a request without an answer.
    silent_for: Option<String>,
}

impl Election {
    pub(crate) fn new(client: Client, seat: &Seat, mandate: Arc<Mandate>) -> Self {
        Self {
            api: Api::namespaced(client, &seat.namespace),
            name: if seat.cluster_wide {
                names::LEASE_CLUSTER_WIDE
            } else {
                names::LEASE
            },
            elector: Elector::new(Identity::of_this_process(), Times::of(seat.lease)),
            mandate,
            waits_for: None,
            silent_for: None,
        }
    }

    /// Waits until it leads.
    pub(crate) async fn win(&mut self) {
        while !self.elector.leads() {
            let step = self.elector.next(Instant::now());
            self.say_who_leads(&step);
            self.carry_out(step).await;
        }
        info!(lease = self.name, identity = self.elector.me().name(), "leads");
    }

    /// Renews the Lease for as long as that works, and then says why it does no more. The process is to end at once: its passes
    /// go no step further.
    pub(crate) async fn keep(&mut self) -> Lost {
        loop {
            match self.elector.next(Instant::now()) {
                Step::GiveUp(lost) => return lost,
                step => self.carry_out(step).await,
            }
        }
    }

    /// Gives the Lease back, where we hold it, once no pass is under way any more: the next leader need not wait until it has run
    /// out.
    pub(crate) async fn release(mut self) {
        match timeout(RELEASE_WITHIN, self.give_back()).await {
            Ok(true) => info!(lease = self.name, "lease released"),
            Ok(false) => debug!(lease = self.name, "the lease is not ours to release"),
            Err(_) => warn!(lease = self.name, "the lease is not released; it has to run out"),
        }
    }

    /// Whether it was ours.
    async fn give_back(&mut self) -> bool {
        loop {
            let freed = self.elector.mine().map(Record::freed);
            if let Some(freed) = freed
                && matches!(self.replace(&freed).await, Answer::Written(_))
            {
                return true;
            }
            // A last write of ours may have come through without our knowing: then it is ours, or ours in another version.
            let asked = Instant::now();
            let answer = self.look().await;
            self.elector.learn(answer, asked, Instant::now());
            if self.elector.mine().is_none() {
                return false;
            }
            sleep(RELEASE_PAUSE).await;
        }
    }

    /// One step: a request, or a rest.
    async fn carry_out(&mut self, step: Step) {
        let asked = Instant::now();
        let answer = match step {
            Step::Look => self.within(self.look()).await,
            Step::Create => {
                let lease = Record::created(self.name, self.elector.me(), self.elector.lease(), wall_clock());
                self.within(self.create(&lease)).await
            }
            Step::Write(record) => {
                let lease = record.held_by(self.elector.me(), self.elector.lease(), wall_clock());
                self.within(self.replace(&lease)).await
            }
            Step::Watch { record, until } => {
                tokio::select! {
                    answer = self.change_after(&record) => answer,
                    () = sleep_until(until.into()) => return,
                }
            }
            Step::Rest(until) => return sleep_until(until.into()).await,
            // The caller's; here it is only not to be tried again and again.
            Step::GiveUp(_) => return std::future::pending().await,
        };
        match &answer {
            // A cause that repeats itself is one line, not one a second.
            Answer::Silent(cause) if self.silent_for.as_ref() != Some(cause) => {
                warn!(lease = self.name, cause, "no answer about the lease");
                self.silent_for = Some(cause.clone());
            }
            Answer::NotThere if self.elector.leads() => {
                warn!(lease = self.name, "somebody has deleted the lease; it is made again");
            }
            answer => debug!(lease = self.name, ?answer, "lease"),
        }
        self.elector.learn(answer, asked, Instant::now());
        if let Some(until) = self.elector.term() {
            self.mandate.extend(until);
        }
    }

    async fn within(&self, request: impl Future<Output = Answer>) -> Answer {
        let patience = self.elector.patience();
        let answer = timeout(patience, request).await;
        answer.unwrap_or_else(|_| Answer::Silent(format!("no answer within {} s", patience.as_secs_f32())))
    }

    async fn look(&self) -> Answer {
        answer_of(self.api.get_opt(self.name).await, |found| {
            found.map_or(Answer::NotThere, |lease| Answer::Shows(Record(lease)))
        })
    }

    async fn create(&self, lease: &Lease) -> Answer {
        let created = self.api.create(&PostParams::default(), lease).await;
        answer_of(created, |lease| Answer::Written(Record(lease)))
    }

    /// On the very version that was read: of two who do this at once one gets a conflict.
    async fn replace(&self, lease: &Lease) -> Answer {
        let replaced = self.api.replace(self.name, &PostParams::default(), lease).await;
        answer_of(replaced, |lease| Answer::Written(Record(lease)))
    }

    /// The next change of the Lease.
    async fn change_after(&self, record: &Record) -> Answer {
        let of = WatchParams::default().fields(&format!("metadata.name={}", self.name));
        let events = match self.api.watch(&of, record.version()).await {
            Ok(events) => events,
            Err(error) => return Answer::Silent(with_causes(&error)),
        };
        let mut events = pin!(events);
        loop {
            return match events.try_next().await {
                Ok(Some(WatchEvent::Added(lease) | WatchEvent::Modified(lease))) => Answer::Shows(Record(lease)),
                Ok(Some(WatchEvent::Deleted(_))) => Answer::NotThere,
                Ok(Some(WatchEvent::Bookmark(_))) => continue,
                Ok(Some(WatchEvent::Error(status))) => Answer::Silent(status.message),
                Ok(None) => Answer::Silent("the watch ended".to_owned()),
                Err(error) => Answer::Silent(with_causes(&error)),
            };
        }
    }

    fn say_who_leads(&mut self, step: &Step) {
        if let Step::Watch { record, .. } = step
            && record.holder() != self.waits_for.as_deref()
        {
            self.waits_for = record.holder().map(str::to_owned);
            info!(lease = self.name, holder = self.waits_for, "another one leads");
        }
    }
}

fn answer_of<T>(result: kube::Result<T>, good: impl FnOnce(T) -> Answer) -> Answer {
    match result {
        Ok(found) => good(found),
        Err(kube::Error::Api(status)) if status.code == 409 => Answer::Conflict,
        Err(kube::Error::Api(status)) if status.code == 404 => Answer::NotThere,
        Err(error) => Answer::Silent(with_causes(&error)),
    }
}

/// For people who read the Lease: no decision goes by it.
fn wall_clock() -> MicroTime {
    MicroTime(jiff::Timestamp::now())
}
