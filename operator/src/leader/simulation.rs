//! Elections played through, many thousands of them: at no moment do two lead.
//!
//! Three operators, each with a clock that began somewhere else, on one Lease that behaves as an API server's: every write on the
//! version that was read, or refused. Requests take their time, answers are lost after the write was done, operators stand still
//! and are killed, and people delete the Lease or take it.

use super::elector::{Answer, Elector, Step};
use super::identity::Identity;
use super::record::Record;
use super::times::Times;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use std::time::{Duration, Instant};

/// Elections that are played.
const ELECTIONS: u64 = 2_000;
/// Of the simulated time, in each.
const MOMENTS: u64 = 600;
/// How far the time goes from moment to moment.
const MOMENT: Duration = Duration::from_millis(500);
const OPERATORS: usize = 3;

/// The same numbers for the same seed (xorshift).
struct Dice(u64);

impl Dice {
    fn of(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.of(sides) == 0
    }
}

/// What an API server keeps.
#[derive(Default)]
struct Server {
    lease: Option<Lease>,
    version: u64,
}

impl Server {
    fn keep(&mut self, mut lease: Lease) -> Answer {
        self.version += 1;
        lease.metadata.resource_version = Some(self.version.to_string());
        self.lease = Some(lease.clone());
        Answer::Written(Record(lease))
    }

    fn look(&self) -> Answer {
        self.lease
            .clone()
            .map_or(Answer::NotThere, |lease| Answer::Shows(Record(lease)))
    }

    fn create(&mut self, lease: Lease) -> Answer {
        if self.lease.is_some() {
            Answer::Conflict
        } else {
            self.keep(lease)
        }
    }

    fn replace(&mut self, lease: Lease) -> Answer {
        let there = self.lease.as_ref().map(|lease| &lease.metadata.resource_version);
        match there {
            None => Answer::NotThere,
            Some(version) if *version != lease.metadata.resource_version => Answer::Conflict,
            Some(_) => self.keep(lease),
        }
    }
}

/// A request that is under way.
struct Request {
    step: Step,
    /// When it was sent, by its sender's clock.
    asked: Instant,
    /// The moment at which the server does it; the answer comes later, or never.
    done_at: u64,
    answer: Option<Answer>,
    answered_at: u64,
    lost: bool,
}

struct Operator {
    elector: Elector,
    /// Where its own clock began.
    clock: Instant,
    request: Option<Request>,
    stands_still_until: u64,
    lives: u64,
}

impl Operator {
    fn new(number: usize, lives: u64, dice: &mut Dice) -> Self {
        let identity = Identity::new(None, &format!("operator-{number}"), &lives.to_string());
        Self {
            elector: Elector::new(identity, Times::of(Duration::from_secs(15))),
            clock: Instant::now() + Duration::from_secs(dice.of(1_000_000)),
            request: None,
            stands_still_until: 0,
            lives,
        }
    }

    fn now(&self, moment: u64) -> Instant {
        self.clock + MOMENT * u32::try_from(moment).expect("few moments")
    }

    /// Whether its passes go on.
    fn acts(&self, moment: u64) -> bool {
        self.elector.term().is_some_and(|until| self.now(moment) < until)
    }
}

fn carry_out(server: &mut Server, elector: &Elector, step: &Step) -> Answer {
    let time = MicroTime(Timestamp::UNIX_EPOCH);
    match step {
        Step::Create => server.create(Record::created("lease", elector.me(), elector.lease(), time)),
        Step::Write(record) => server.replace(record.held_by(elector.me(), elector.lease(), time)),
        Step::Look | Step::Watch { .. } | Step::Rest(_) | Step::GiveUp(_) => server.look(),
    }
}

/// One moment of one operator. True where its term is over and it ends.
fn go_on(operator: &mut Operator, server: &mut Server, moment: u64, dice: &mut Dice) -> bool {
    let now = operator.now(moment);
    if let Some(request) = &mut operator.request {
        if request.answer.is_none() && moment >= request.done_at {
            request.answer = Some(carry_out(server, &operator.elector, &request.step));
        }
        if moment < request.answered_at {
            return false;
        }
    }
    if let Some(request) = operator.request.take() {
        let late = now.duration_since(request.asked) > operator.elector.patience();
        let answer = request.answer.filter(|_| !request.lost && !late);
        let answer = answer.unwrap_or_else(|| Answer::Silent("lost".to_owned()));
        operator.elector.learn(answer, request.asked, now);
    }
    let step = operator.elector.next(now);
    let sends = match &step {
        Step::GiveUp(_) => return true,
        Step::Rest(_) => false,
        // It sees a change sooner or later.
        Step::Watch { record, .. } => {
            let there = server
                .lease
                .as_ref()
                .and_then(|lease| lease.metadata.resource_version.as_deref());
            there != Some(record.version()) && dice.one_in(3)
        }
        Step::Look | Step::Create | Step::Write(_) => true,
    };
    if sends {
        let done_at = moment + dice.of(4);
        operator.request = Some(Request {
            step,
            asked: now,
            done_at,
            answer: None,
            answered_at: done_at + dice.of(4),
            lost: dice.one_in(8),
        });
    }
    false
}

/// Plays one election, and gives how often the leadership changed.
fn play(seed: u64, people: bool) -> usize {
    let dice = &mut Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut server = Server::default();
    let mut operators: Vec<_> = (0..OPERATORS).map(|number| Operator::new(number, 0, dice)).collect();
    let mut led_last = None;
    let mut terms = 0;
    for moment in 0..MOMENTS {
        for (number, operator) in operators.iter_mut().enumerate() {
            if dice.one_in(200) {
                operator.stands_still_until = moment + dice.of(80);
            }
            // A kill; or an end, as `go_on` has it.
            let killed = dice.one_in(300);
            let stands_still = moment < operator.stands_still_until;
            let ended = !stands_still && go_on(operator, &mut server, moment, dice);
            if killed || ended {
                *operator = Operator::new(number, operator.lives + 1, dice);
            }
        }
        if people && dice.one_in(100) {
            // Nobody new holds it: whoever led makes it again, or its term ends.
            server.lease = None;
        }
        let numbers = 0..OPERATORS;
        let acting: Vec<_> = numbers.filter(|number| operators[*number].acts(moment)).collect();
        if !people {
            assert!(
                acting.len() <= 1,
                "seed {seed}, moment {moment}: {acting:?} lead at once"
            );
        }
        if let Some(leader) = acting.first().map(|number| (*number, operators[*number].lives))
            && led_last != Some(leader)
        {
            led_last = Some(leader);
            terms += 1;
        }
    }
    terms
}

#[test]
fn at_no_moment_do_two_lead() {
    let terms: usize = (1..=ELECTIONS).map(|seed| play(seed, false)).sum();
    eprintln!("{ELECTIONS} elections, {terms} terms");
    assert!(
        terms > 4 * usize::try_from(ELECTIONS).expect("few"),
        "{terms}: somebody is to lead, and to be followed"
    );
}

/// A new candidate that has never seen a deleted Lease makes it; the old leader learns that with its next renewal. So two may lead
/// for a moment, but it always comes to one again.
#[test]
fn a_lease_that_people_delete_is_held_again() {
    let terms: usize = (1..=ELECTIONS / 4).map(|seed| play(seed, true)).sum();
    assert!(terms > usize::try_from(ELECTIONS).expect("few"), "{terms}");
}
