//! What a candidate or a leader does next about the Lease.
//!
//! In: what it has learnt so far, the time. Out: [`Step`]. Pure; the caller brings the clock, carries the steps out and tells what
//! came of them. A Lease has run out when nobody has changed it for its duration *by our own clock since we saw its last change*:
//! no other machine's clock is ever compared with ours. A term counts from the moment its last renewal was *sent*, so that it ends
//! before anybody who saw that renewal can take over.

use super::identity::Identity;
use super::record::Record;
use super::times::Times;
use std::time::{Duration, Instant};

/// What one process knows of the Lease.
#[derive(Debug)]
pub(super) struct Elector {
    me: Identity,
    times: Times,
    /// Nothing before the first look.
    seen: Option<Seen>,
    /// Whether what was seen last may be outdated: somebody was faster, or a request has no answer.
    outdated: bool,
    /// After a request without an answer nothing is asked before.
    pause_until: Option<Instant>,
    /// Why the last request had no answer.
    silent_for: Option<String>,
    /// When the renewal was sent on which its term stands; nothing before it leads.
    renewed: Option<Instant>,
}

/// The Lease as it was seen last.
#[derive(Debug)]
struct Seen {
    /// Nothing where there is none.
    record: Option<Record>,
    /// When it was first seen so.
    since: Instant,
    /// How long it holds from there without a change. One that somebody has deleted holds on: its leader makes it again.
    lasts: Duration,
    /// When it was last looked at.
    looked: Instant,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Read the Lease.
    Look,
    /// Make the Lease, held by us.
    Create,
    /// Take or renew the Lease, on this version of it.
    Write(Record),
    /// Wait for a change of this Lease, until then.
    Watch {
        /// As it was seen last.
        record: Record,
        /// When it has run out.
        until: Instant,
    },
    /// Wait until then.
    Rest(Instant),
    /// Its term is over, for good.
    GiveUp(Lost),
}

/// Why a leader leads no more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lost {
    /// It could not renew in time: another one may lead by now.
    #[error("the lease could not be renewed for {} s ({cause})", after.as_secs_f32())]
    NotRenewed {
        /// The renew deadline.
        after: Duration,
        /// What came of the last try.
        cause: String,
    },
    /// Somebody else has the Lease.
    #[error("`{by}` holds the lease")]
    Taken {
        /// The holder.
        by: String,
    },
}

/// What came of a request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// The Lease is this.
    Shows(Record),
    /// There is no Lease.
    NotThere,
    /// What was asked for was written; the Lease is this now.
    Written(Record),
    /// Somebody else has changed or made the Lease first.
    Conflict,
    /// No answer, or one that says nothing about the Lease. What was asked for may have been done or not.
    Silent(String),
}

impl Elector {
    pub(super) fn new(me: Identity, times: Times) -> Self {
        Self {
            me,
            times,
            seen: None,
            outdated: false,
            pause_until: None,
            silent_for: None,
            renewed: None,
        }
    }

    pub(super) fn me(&self) -> &Identity {
        &self.me
    }

    pub(super) fn lease(&self) -> Duration {
        self.times.lease
    }

    /// How long a request may take.
    pub(super) fn patience(&self) -> Duration {
        self.times.request
    }

    /// Whether it has been elected. It never is a candidate again: a process whose term is over ends.
    pub(super) fn leads(&self) -> bool {
        self.renewed.is_some()
    }

    /// Until when it may act.
    pub(super) fn term(&self) -> Option<Instant> {
        Some(self.renewed? + self.times.deadline)
    }

    /// The Lease as it was seen last, where we hold it.
    pub(super) fn mine(&self) -> Option<&Record> {
        let record = self.seen.as_ref()?.record.as_ref()?;
        (record.holder() == Some(self.me.name())).then_some(record)
    }

    /// What to do next. Total: every state has its answer here.
    pub(super) fn next(&self, now: Instant) -> Step {
        match self.renewed {
            Some(renewed) => self.next_of_leader(renewed, now),
            None => self.next_of_candidate(now),
        }
    }

    fn next_of_leader(&self, renewed: Instant, now: Instant) -> Step {
        let deadline = renewed + self.times.deadline;
        if now >= deadline {
            return Step::GiveUp(Lost::NotRenewed {
                after: self.times.deadline,
                cause: self
                    .silent_for
                    .clone()
                    .unwrap_or_else(|| "it was not tried in time".to_owned()),
            });
        }
        let Some(seen) = &self.seen else { return Step::Look };
        let holder = seen.record.as_ref().and_then(Record::holder);
        if let Some(by) = holder.filter(|holder| *holder != self.me.name()) {
            return Step::GiveUp(Lost::Taken { by: by.to_owned() });
        }
        if let Some(pause) = self.pause_until.filter(|until| now < *until) {
            return Step::Rest(pause.min(deadline));
        }
        if self.outdated {
            return Step::Look;
        }
        match &seen.record {
            // Who makes it again leads on: making is as exclusive as replacing.
            None => Step::Create,
            Some(record) if holder.is_some() && now < renewed + self.times.renew => {
                Step::Rest(renewed + self.times.renew)
            }
            Some(record) => Step::Write(record.clone()),
        }
    }

    fn next_of_candidate(&self, now: Instant) -> Step {
        if let Some(pause) = self.pause_until.filter(|until| now < *until) {
            return Step::Rest(pause);
        }
        let Some(seen) = self.seen.as_ref().filter(|_| !self.outdated) else {
            return Step::Look;
        };
        let until = seen.since + seen.lasts;
        match &seen.record {
            None if now >= until => Step::Create,
            None => {
                let look = seen.looked + self.times.retry;
                if now >= look {
                    Step::Look
                } else {
                    Step::Rest(look.min(until))
                }
            }
            Some(record) if self.may_take_at_once(record) || now >= until => Step::Write(record.clone()),
            Some(record) => Step::Watch {
                record: record.clone(),
                until,
            },
        }
    }

    /// Nobody holds it, or nobody else: a take-over of ours was done, but its answer was lost.
    fn may_take_at_once(&self, record: &Record) -> bool {
        record
            .holder()
            .is_none_or(|holder| holder == self.me.name() || self.me.is_earlier_self(holder))
    }

    /// Takes in what came of a request that was sent at `asked`.
    pub(super) fn learn(&mut self, answer: Answer, asked: Instant, now: Instant) {
        self.pause_until = None;
        self.outdated = false;
        match answer {
            Answer::Shows(record) => self.see(record, now),
            Answer::Written(record) => {
                self.see(record, now);
                self.renewed = Some(asked);
                self.silent_for = None;
            }
            Answer::NotThere => self.see_nothing(now),
            Answer::Conflict => self.outdated = true,
            Answer::Silent(cause) => {
                self.outdated = true;
                self.pause_until = Some(now + self.times.retry);
                self.silent_for = Some(cause);
            }
        }
    }

    fn see(&mut self, record: Record, now: Instant) {
        let version = |record: &Record| record.version().to_owned();
        match &mut self.seen {
            Some(seen) if seen.record.as_ref().map(version) == Some(version(&record)) => seen.looked = now,
            _ => {
                self.seen = Some(Seen {
                    since: now,
                    lasts: record.lasts(self.times.lease),
                    looked: now,
                    record: Some(record),
                });
            }
        }
    }

    fn see_nothing(&mut self, now: Instant) {
        let lasts = match &mut self.seen {
            // One that nobody held, or that was never seen, holds nobody up.
            None => Duration::ZERO,
            Some(seen) => match &seen.record {
                Some(record) if record.holder().is_some() => seen.lasts,
                Some(_) => Duration::ZERO,
                None => {
                    seen.looked = now;
                    return;
                }
            },
        };
        self.seen = Some(Seen {
            record: None,
            since: now,
            lasts,
            looked: now,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leader::record::tests::{me, record};
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
    use k8s_openapi::jiff::Timestamp;

    /// What a process has learnt, each at a second of its own clock: when it was asked for, and when the answer came.
    type History = Vec<(Answer, u64, u64)>;

    fn elector(history: History, start: Instant) -> Elector {
        let mut elector = Elector::new(me(), Times::of(Duration::from_secs(15)));
        for (answer, asked, came) in history {
            elector.learn(answer, at(start, asked), at(start, came));
        }
        elector
    }

    fn at(start: Instant, second: u64) -> Instant {
        start + Duration::from_secs(second)
    }

    fn shows(version: &str, holder: &str) -> Answer {
        Answer::Shows(record(version, Some(holder)))
    }

    fn written(version: &str) -> Answer {
        Answer::Written(record(version, Some("me_1")))
    }

    fn silent() -> Answer {
        Answer::Silent("no answer".to_owned())
    }

    /// What happens at this second, as `what SECOND`.
    fn said(step: &Step, start: Instant) -> String {
        let second = |at: &Instant| at.duration_since(start).as_secs_f32();
        match step {
            Step::Look => "look".to_owned(),
            Step::Create => "create".to_owned(),
            Step::Write(record) => format!("write on {}", record.version()),
            Step::Watch { record, until } => format!("watch {} until {}", record.version(), second(until)),
            Step::Rest(until) => format!("rest until {}", second(until)),
            Step::GiveUp(lost) => format!("give up: {lost}"),
        }
    }

    /// What is known, at which second it is asked what to do, and the answer.
    type Case = (&'static str, History, u64, &'static str);

    fn check(cases: Vec<Case>) {
        for (name, history, now, want) in cases {
            let start = Instant::now();
            let elector = elector(history, start);
            assert_eq!(said(&elector.next(at(start, now)), start), want, "{name}");
        }
    }

    #[test]
    fn a_candidate_table() {
        let none = || (Answer::NotThere, 0, 0);
        let other = || (shows("7", "other_1"), 0, 2);
        let free = |at| (Answer::Shows(record("8", None)), at, at);
        let conflict = |at| (Answer::Conflict, at, at);
        let gone = |at| (Answer::NotThere, at, at);
        let lost = [free(0), (silent(), 0, 1), (shows("9", "me_1"), 2, 2)];
        check(vec![
            ("nothing is known yet", vec![], 0, "look"),
            ("there is none", vec![none()], 0, "create"),
            ("another one made it faster", vec![none(), conflict(0)], 0, "look"),
            ("another one holds it", vec![other()], 3, "watch 7 until 17"),
            ("it was silent for so long", vec![other()], 17, "write on 7"),
            (
                "unchanged, it runs on",
                vec![other(), (shows("7", "other_1"), 9, 9)],
                17,
                "write on 7",
            ),
            (
                "a change begins anew",
                vec![other(), (shows("9", "other_1"), 9, 9)],
                17,
                "watch 9 until 24",
            ),
            ("it is not reached", vec![other(), (silent(), 3, 8)], 8, "rest until 9"),
            (
                "it is looked at before it is taken",
                vec![other(), (silent(), 3, 18)],
                19,
                "look",
            ),
            ("somebody else took it first", vec![other(), conflict(17)], 17, "look"),
            (
                "a released one is taken at once",
                vec![other(), free(3)],
                3,
                "write on 8",
            ),
            ("ours, but the answer was lost", lost.to_vec(), 2, "write on 9"),
            // Its leader makes it again at its next renewal.
            ("a deleted one holds on", vec![other(), gone(4)], 4, "rest until 5"),
            ("a deleted one is looked for", vec![other(), gone(4)], 6, "look"),
            ("deleted for good", vec![other(), gone(4), gone(18)], 19, "create"),
            ("deleted when nobody held it", vec![free(0), gone(4)], 4, "create"),
        ]);
    }

    #[test]
    fn a_leader_table() {
        /// It leads from second 0 on, by version 1; then this.
        fn leads(more: impl IntoIterator<Item = (Answer, u64, u64)>) -> History {
            let elected = [(Answer::NotThere, 0, 0), (written("1"), 0, 1)];
            elected.into_iter().chain(more).collect()
        }
        let conflict = || (Answer::Conflict, 5, 5);
        let mine = |version, at| (shows(version, "me_1"), at, at);
        let other = || (shows("3", "other_1"), 5, 5);
        let free = || (Answer::Shows(record("8", None)), 5, 5);
        let gone = || (Answer::NotThere, 5, 5);
        let over = "give up: the lease could not be renewed for 10 s";
        let not_answered = format!("{over} (no answer)").leak();
        let not_tried = format!("{over} (it was not tried in time)").leak();
        check(vec![
            ("it rests", leads([]), 1, "rest until 5"),
            ("it renews in time", leads([]), 5, "write on 1"),
            (
                "counted from the sending",
                leads([(written("2"), 5, 8)]),
                8,
                "rest until 10",
            ),
            ("a slow API server", leads([(silent(), 5, 8)]), 8, "rest until 9"),
            (
                "that did it all the same",
                leads([(silent(), 5, 8), mine("2", 9)]),
                9,
                "write on 2",
            ),
            (
                "no pause outlasts the term",
                leads([(silent(), 5, 9)]),
                9,
                "rest until 10",
            ),
            ("the term is over", leads([(silent(), 5, 10)]), 10, not_answered),
            ("it slept, whatever it knows", leads([]), 3_600, not_tried),
            ("somebody changed it", leads([conflict()]), 5, "look"),
            ("but not its holder", leads([conflict(), mine("3", 5)]), 5, "write on 3"),
            (
                "another one took it",
                leads([conflict(), other()]),
                5,
                "give up: `other_1` holds the lease",
            ),
            ("somebody freed it", leads([conflict(), free()]), 5, "write on 8"),
            ("somebody deleted it", leads([gone()]), 5, "create"),
            ("and another one made it", leads([gone(), conflict()]), 5, "look"),
        ]);
    }

    /// Whatever another machine's clock says.
    #[test]
    fn the_times_in_the_lease_mean_nothing() {
        let start = Instant::now();
        let steps = [-1_000_000_000, 0, 1_000_000_000].map(|second| {
            let mut skewed = record("7", Some("other_1"));
            let time = Some(MicroTime(Timestamp::from_second(second).expect("a time")));
            let spec = skewed.0.spec.as_mut().expect("a spec");
            (spec.acquire_time, spec.renew_time) = (time.clone(), time);
            let elector = elector(vec![(Answer::Shows(skewed), 0, 0)], start);
            [0, 14, 15].map(|second| said(&elector.next(at(start, second)), start))
        });
        assert_eq!(steps[0], ["watch 7 until 15", "watch 7 until 15", "write on 7"]);
        assert!(steps.iter().all(|step| *step == steps[0]), "{steps:?}");
    }

    #[test]
    fn a_pod_goes_on_where_its_container_was_killed() {
        let start = Instant::now();
        let pod = Identity::new(Some("pod"), "pod", "2");
        let mut elector = Elector::new(pod, Times::of(Duration::from_secs(15)));
        elector.learn(shows("7", "pod_1"), start, start);
        assert_eq!(said(&elector.next(start), start), "write on 7");
        elector.learn(shows("8", "other_1"), start, start);
        assert_eq!(said(&elector.next(start), start), "watch 8 until 15");
    }

    #[test]
    fn a_term_ends_before_the_lease_can_be_taken() {
        let times = Times::of(Duration::from_secs(15));
        assert_eq!(times.deadline, Duration::from_secs(10));
        assert_eq!(times.renew, Duration::from_secs(5));
        let start = Instant::now();
        let elector = elector(vec![(Answer::NotThere, 0, 0), (written("1"), 0, 4)], start);
        assert_eq!(elector.term(), Some(at(start, 10)));
    }
}
