//! Ten years of schedules in every time zone, with clocks that are turned, a host that is cut off between any two of its writes or is
//! down for days, pauses, edits, policies of every kind and clocks that are stepped: each slot has exactly one fate, and exactly one
//! run where it ran.
//!
//! What is compared with is not `due_slots` but a list of all due times between two changes of the schedule.

use chrono_tz::{TZ_VARIANTS, Tz};
use std::collections::{BTreeMap, BTreeSet};
use trainyard_contract::{Duration, RunName, RunUid};
use trainyard_engine::Timestamp;
use trainyard_engine::schedule::{
    ActiveRun, ConcurrencyPolicy, Cron, DueSlots, KnownRuns, MissedRuns, Schedule, SlotFate, SlotHistory, SlotRange,
    SlotReason, due_slots,
};

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;
const YEARS: u64 = 10;
const CRONS: [&str; 7] = [
    "@daily",
    "30 2 * * *",
    "15 1,2,3 * * 0",
    "@weekly",
    "0 0 1,15 * 5",
    "45 23 * * mon-fri",
    "0 3 29 2 *",
];

/// Numbers that look like chance, and are the same each time (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    fn one_in(&mut self, limit: u64) -> bool {
        self.below(limit) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        let count = u64::try_from(all.len()).expect("few");
        all[usize::try_from(self.below(count)).expect("few")]
    }
}

/// A time in which the schedule, as the host saw it, was the same.
#[derive(Debug)]
struct Era {
    cron: Cron,
    paused: bool,
    from: Timestamp,
}

/// One pipeline in one zone: what would be in a cluster, and what the test alone knows.
struct World {
    zone: Tz,
    schedule: Schedule,
    now: Timestamp,
    // What a cluster keeps.
    kept: SlotHistory,
    /// Each run by its slot, and when it ends.
    runs: BTreeMap<Timestamp, Timestamp>,
    // What the test knows.
    era: Option<Era>,
    fates: BTreeMap<Timestamp, SlotFate>,
    figures: Figures,
}

#[derive(Debug, Default)]
struct Figures {
    ran: i64,
    skipped: i64,
    missed: i64,
    /// Of the missed ones, those whose name was taken.
    taken: i64,
    cut_off: i64,
    changes: i64,
}

/// How far a pass has come.
enum CarriedOut {
    Whole,
    /// This slot's name is taken.
    UpTo(Timestamp),
    CutOff,
}

/// Whether another run has the name of a slot's run.
fn is_taken(slot: Timestamp) -> bool {
    slot.as_millis() / 3_600_000 % 97 == 0
}

impl World {
    fn new(zone: Tz, chance: &mut Chance) -> Self {
        let cron = chance.of(&CRONS);
        Self {
            zone,
            schedule: Schedule {
                cron_text: cron.to_owned(),
                cron: Cron::parse(cron).expect("a schedule"),
                zone,
                paused: false,
                concurrency: ConcurrencyPolicy::Forbid,
                missed: MissedRuns::Latest,
                starting_deadline: None,
            },
            now: Timestamp::parse("2020-01-01T12:00:00Z").expect("a time"),
            kept: SlotHistory::default(),
            runs: BTreeMap::new(),
            era: None,
            fates: BTreeMap::new(),
            figures: Figures::default(),
        }
    }

    /// Somebody edits, pauses or resumes it.
    fn change(&mut self, chance: &mut Chance) {
        match chance.below(4) {
            0 => self.schedule.paused = !self.schedule.paused,
            1 => {
                chance.of(&CRONS).clone_into(&mut self.schedule.cron_text);
                self.schedule.cron = Cron::parse(&self.schedule.cron_text).expect("a schedule");
            }
            2 => {
                self.schedule.concurrency = chance.of(&[
                    ConcurrencyPolicy::Allow,
                    ConcurrencyPolicy::Forbid,
                    ConcurrencyPolicy::Replace,
                ]);
            }
            _ => {
                self.schedule.missed = chance.of(&[MissedRuns::Skip, MissedRuns::Latest, MissedRuns::All]);
                self.schedule.starting_deadline = chance.one_in(2).then_some(Duration::from_millis(DAY));
            }
        }
    }

    fn known(&self) -> KnownRuns {
        let newest = self.kept.last.unwrap_or_default();
        let active = self.runs.iter().filter(|(_, ends)| **ends > self.now);
        KnownRuns {
            started: self.runs.range(newest..).map(|(slot, _)| *slot).collect(),
            taken: BTreeSet::new(),
            active: active
                .map(|(slot, _)| ActiveRun {
                    name: RunName::parse(format!("run-{}", slot.as_millis())).expect("a name"),
                    uid: RunUid::parse(format!("{:08x}", slot.as_millis())).expect("a uid"),
                    by_schedule: true,
                })
                .collect(),
        }
    }

    /// One pass of the host, cut off after any of its writes or not at all. When to wake it next.
    fn pass(&mut self, chance: &mut Chance) -> Option<Timestamp> {
        let mut taken = BTreeSet::new();
        let mut left = chance.one_in(5).then(|| chance.below(3));
        let due = loop {
            let known = KnownRuns {
                taken: taken.clone(),
                ..self.known()
            };
            let due = due_slots(Some(&self.schedule), &self.kept, &known, self.now);
            match self.carry_out(&due, &mut left, chance) {
                CarriedOut::Whole => break due,
                CarriedOut::UpTo(slot) => assert!(taken.insert(slot), "{slot} is asked for again"),
                CarriedOut::CutOff => return Some(self.now),
            }
        };
        self.keep(&due);
        // A run that was stopped has ended by now, and what waited for it starts with the next pass.
        let again = due_slots(Some(&self.schedule), &self.kept, &self.known(), self.now);
        assert!(
            due.waiting.is_some() || again.start.is_empty(),
            "asked again, {again:?}"
        );
        due.wake_at
            .or(due.waiting.map(|_| self.now.plus(Duration::from_millis(DAY))))
    }

    /// Stops and starts runs; `left` says after how many writes it is cut off.
    fn carry_out(&mut self, due: &DueSlots, left: &mut Option<u64>, chance: &mut Chance) -> CarriedOut {
        let mut may_write = || {
            let may = *left != Some(0);
            *left = left.map(|left| left.saturating_sub(1));
            may
        };
        for _ in &due.stop {
            if !may_write() {
                self.figures.cut_off += 1;
                return CarriedOut::CutOff;
            }
            for ends in self.runs.values_mut().filter(|ends| **ends > self.now) {
                *ends = self.now;
            }
        }
        for slot in &due.start {
            if is_taken(*slot) {
                return CarriedOut::UpTo(*slot);
            }
            if !may_write() {
                self.figures.cut_off += 1;
                return CarriedOut::CutOff;
            }
            let ends = self
                .now
                .plus(Duration::from_millis(MINUTE * (1 + chance.below(3 * 24 * 60))));
            assert_eq!(self.runs.insert(*slot, ends), None, "{slot} ran twice in {}", self.zone);
        }
        // What became known is written last.
        if may_write() {
            CarriedOut::Whole
        } else {
            self.figures.cut_off += 1;
            CarriedOut::CutOff
        }
    }

    /// The history is written: what it says is held against all due times since the last change that the host saw.
    fn keep(&mut self, due: &DueSlots) {
        let before = std::mem::replace(&mut self.kept, due.history.clone());
        let seen = |history: &SlotHistory| {
            history
                .seen
                .as_ref()
                .map(|seen| (seen.cron.clone(), seen.since, seen.paused))
        };
        let changed = seen(&before) != seen(&self.kept);
        let floor = |era: &Era| before.last.map_or(era.from, |last| last.max(era.from));
        let mut all: BTreeSet<Timestamp> = BTreeSet::new();
        if let Some(era) = &self.era {
            let to = if era.paused && !changed {
                floor(era)
            } else if changed {
                self.now
            } else {
                // One that waits, and those after it, have no fate yet.
                due.waiting
                    .map_or(self.now, |waiting| Timestamp::from_millis(waiting.as_millis() - 1))
            };
            let times = era.cron.due_times(self.zone, floor(era)).map(|time| time.at);
            all.extend(times.take_while(|at| *at <= to));
        }
        for range in &due.settled {
            self.settle(range, &mut all);
        }
        assert_eq!(
            all,
            BTreeSet::new(),
            "slots of {} without a fate at {}",
            self.zone,
            self.now
        );
        if changed {
            self.figures.changes += 1;
            self.era = Some(Era {
                cron: self.schedule.cron.clone(),
                paused: self.schedule.paused,
                from: self.kept.seen.as_ref().expect("there is a schedule").since,
            });
        }
    }

    fn settle(&mut self, range: &SlotRange, all: &mut BTreeSet<Timestamp>) {
        let slots: Vec<Timestamp> = all.range(range.first..=range.last).copied().collect();
        assert_eq!(
            slots.len(),
            usize::try_from(range.count).expect("few"),
            "{range:?} in {}",
            self.zone
        );
        for slot in slots {
            all.remove(&slot);
            assert_eq!(
                self.fates.insert(slot, range.fate),
                None,
                "{slot} has two fates in {}",
                self.zone
            );
            assert_eq!(
                range.fate == SlotFate::Ran,
                self.runs.contains_key(&slot),
                "{slot} in {}",
                self.zone
            );
            if range.reason == Some(SlotReason::NameTaken) {
                assert!(is_taken(slot), "{slot} in {}", self.zone);
                self.figures.taken += 1;
            }
            if range.reason == Some(SlotReason::Paused) {
                let pauses = self.schedule.paused || self.era.as_ref().is_some_and(|era| era.paused);
                assert!(pauses, "{slot} in {}", self.zone);
            }
        }
        match range.fate {
            SlotFate::Ran => self.figures.ran += range.count,
            SlotFate::Skipped => self.figures.skipped += range.count,
            SlotFate::Missed => self.figures.missed += range.count,
        }
    }
}

fn ten_years(zone: Tz, seed: u64) -> Figures {
    let mut chance = Chance(seed);
    let mut world = World::new(zone, &mut chance);
    let end = world.now.plus(Duration::from_millis(YEARS * 365 * DAY));
    while world.now < end {
        let wake = world.pass(&mut chance);
        if world.schedule.paused && chance.one_in(3) {
            world.schedule.paused = false;
        }
        if chance.one_in(40) {
            world.change(&mut chance);
        }
        let late = if chance.one_in(40) {
            // It is down for some days.
            chance.below(9 * DAY)
        } else {
            chance.below(3_000)
        };
        // While nothing wakes it, somebody looks after a week.
        let wake = wake.unwrap_or_else(|| world.now.plus(Duration::from_millis(7 * DAY)));
        world.now = world.now.max(wake).plus(Duration::from_millis(late));
        if chance.one_in(100) {
            let hour = Duration::from_millis(60 * MINUTE);
            world.now = if chance.one_in(2) {
                world.now.minus(hour)
            } else {
                world.now.plus(hour)
            };
        }
    }
    assert!(world.kept.ledger.len() <= trainyard_engine::schedule::LEDGER_MAX);
    world.figures
}

#[test]
fn ten_years_in_every_zone_lose_no_slot_and_run_none_twice() {
    let half = TZ_VARIANTS.len() / 2;
    let halves = [&TZ_VARIANTS[..half], &TZ_VARIANTS[half..]];
    let all = std::thread::scope(|scope| {
        let walks = halves.map(|zones| {
            scope.spawn(move || {
                // Zones of one name have one walk, whatever the order of the list.
                let seed = |zone: &Tz| {
                    zone.name()
                        .bytes()
                        .fold(7_u64, |seed, byte| seed.wrapping_mul(31) + u64::from(byte))
                };
                sum(zones.iter().map(|zone| ten_years(*zone, seed(zone))))
            })
        });
        sum(walks.map(|walk| walk.join().expect("a walk ends")))
    });
    println!(
        "ten years of schedules in {} zones: {} slots ran, {} were skipped, {} missed, each with its cause; 0 lost, 0 twice; {} passes \
         cut off, {} changes seen",
        TZ_VARIANTS.len(),
        all.ran,
        all.skipped,
        all.missed,
        all.cut_off,
        all.changes
    );
    assert!(
        all.ran > 100_000 && all.skipped > 10_000 && all.missed > 10_000 && all.taken > 1_000 && all.cut_off > 10_000,
        "{all:?}"
    );
}

fn sum(all: impl IntoIterator<Item = Figures>) -> Figures {
    all.into_iter().fold(Figures::default(), |sum, one| Figures {
        ran: sum.ran + one.ran,
        skipped: sum.skipped + one.skipped,
        missed: sum.missed + one.missed,
        taken: sum.taken + one.taken,
        cut_off: sum.cut_off + one.cut_off,
        changes: sum.changes + one.changes,
    })
}
