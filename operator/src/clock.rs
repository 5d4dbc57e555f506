//! The clock, and the border between the engine's time and Kubernetes'.

use crate::memory::lock;
use camino::Utf8PathBuf;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use trainyard_engine::Timestamp;

/// How often the clock is looked at, for steps.
const LOOKS_EVERY: Duration = Duration::from_secs(1);
/// A clock that is this far from where it should be was stepped: slower changes come with the next look at a schedule anyway.
const STEP: Duration = Duration::from_secs(2);
/// How many steps are remembered: runs that began before are over.
const STEPS: usize = 8;
/// Clocks that are further apart than this, in milliseconds, were set to different times.
pub(crate) const APART: u64 = 60_000;

/// The clock that schedules go by, and the time of runs, which no step of it disturbs.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// Holds the seconds by which it is ahead of the machine's. For tests: no one can step a machine's clock for one program.
    ahead: Option<Utf8PathBuf>,
    steps: Arc<Mutex<Steps>>,
}

/// How often, and how far, the clock was stepped.
#[derive(Debug)]
struct Steps {
    /// When it was looked at for the last time, and what it showed.
    looked: (Instant, Timestamp),
    /// How far it was ahead of the machine's when the operator began.
    origin: i64,
    /// By how many milliseconds in all it was stepped: at first by none, then after each step.
    ahead: Vec<i64>,
}

impl Steps {
    /// Takes in what the clock shows now.
    fn look(&mut self, at: Instant, shown: Timestamp) {
        if let Some(step) = step_since(self.looked, (at, shown)) {
            self.ahead.push(self.ahead() + step);
            // Machines that were not stepped still show the time of the beginning.
            if self.ahead.len() > STEPS + 1 {
                self.ahead.remove(1);
            }
        }
        self.looked = (at, shown);
    }

    fn ahead(&self) -> i64 {
        self.ahead.last().copied().unwrap_or(0)
    }
}

/// A moment of a run, in time that goes on evenly while the clock is stepped.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// What time it would be without the steps since the operator began.
    pub now: Timestamp,
    /// What time it is, with them: what is written down for others.
    pub shown: Timestamp,
    ahead: Vec<i64>,
}

impl Moment {
    /// A moment of an operator that has seen no step.
    #[cfg(test)]
    pub(crate) fn without_steps(now: Timestamp) -> Self {
        Self {
            now,
            shown: now,
            ahead: vec![0],
        }
    }

    /// What a time that somebody wrote down a moment ago is in even time. Before or after which step that was, and whether his clock was
    /// stepped as well, nobody can say: it is what is nearest.
    pub(crate) fn even(&self, written: Timestamp) -> Timestamp {
        let times = self.ahead.iter().map(|ahead| written.as_millis() - ahead);
        let nearest = times.min_by_key(|time| time.abs_diff(self.now.as_millis()));
        Timestamp::from_millis(nearest.unwrap_or_default())
    }
}

impl Clock {
    /// The machine's, or one that is ahead of it by the seconds in a file.
    pub(crate) fn new(ahead: Option<Utf8PathBuf>) -> Self {
        let shown = shown(ahead.as_ref());
        let steps = Steps {
            looked: (Instant::now(), shown),
            origin: shown.as_millis() - now().as_millis(),
            ahead: vec![0],
        };
        Self {
            ahead,
            steps: Arc::new(Mutex::new(steps)),
        }
    }

    /// The moment of a pass over a run.
    pub(crate) fn moment(&self) -> Moment {
        let mut steps = lock(&self.steps);
        let shown = self.now();
        steps.look(Instant::now(), shown);
        let after_steps = shown.as_millis() - steps.origin;
        Moment {
            now: Timestamp::from_millis(after_steps - steps.ahead()),
            shown: Timestamp::from_millis(after_steps),
            ahead: steps.ahead.clone(),
        }
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        shown(self.ahead.as_ref())
    }

    /// Comes back when the clock was stepped: whoever waits for a time has to look again.
    pub(crate) async fn is_stepped(&self) {
        let began = (Instant::now(), self.now());
        loop {
            tokio::time::sleep(LOOKS_EVERY).await;
            if step_since(began, (Instant::now(), self.now())).is_some() {
                return;
            }
        }
    }
}

/// By how many milliseconds the clock was stepped from one look to a later one, if it was: each is when it was, and what it showed.
fn step_since((began, showed): (Instant, Timestamp), (at, shows): (Instant, Timestamp)) -> Option<i64> {
    let passed = i64::try_from(at.saturating_duration_since(began).as_millis()).unwrap_or(i64::MAX);
    let went = shows.as_millis().saturating_sub(showed.as_millis());
    (u128::from(went.abs_diff(passed)) > STEP.as_millis()).then(|| went.saturating_sub(passed))
}

/// What the machine's clock would show if it were ahead by the seconds in a file.
fn shown(ahead: Option<&Utf8PathBuf>) -> Timestamp {
    let ahead = ahead.and_then(|file| std::fs::read_to_string(file).ok());
    let seconds: i64 = ahead.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    Timestamp::from_millis(now().as_millis().saturating_add(seconds.saturating_mul(1_000)))
}

/// What time it is.
pub(crate) fn now() -> Timestamp {
    timestamp(&Time(jiff::Timestamp::now()))
}

/// Kubernetes' time as the engine's.
pub(crate) fn timestamp(time: &Time) -> Timestamp {
    Timestamp::from_millis(time.0.as_millisecond())
}

/// The engine's time as Kubernetes', which keeps whole seconds in objects.
pub(crate) fn time(timestamp: Timestamp) -> Time {
    Time(jiff::Timestamp::from_millisecond(timestamp.as_millis()).unwrap_or_default())
}

/// How long it is from `now` until `then`; nothing when that is past.
pub(crate) fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::from_millis(then.since(now).as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const MINUTE: i64 = 60_000;

    /// At 12:00 the operator began; minutes pass; then what the clock shows is stepped.
    fn stepped(minutes: i64, steps: &[(i64, i64)]) -> Moment {
        let (began, noon) = (Instant::now(), 12 * HOUR);
        let mut clock = Steps {
            looked: (began, Timestamp::from_millis(noon)),
            origin: 0,
            ahead: vec![0],
        };
        let mut shown = noon;
        let mut passed = 0;
        let mut go = |until: i64, clock: &mut Steps, by: i64| {
            // Slow changes are no steps.
            for minute in passed..until {
                let at = began + Duration::from_millis(u64::try_from((minute + 1) * MINUTE).expect("later"));
                shown += MINUTE + if minute + 1 == until { by } else { 0 };
                clock.look(at, Timestamp::from_millis(shown));
            }
            passed = until;
        };
        for (after, by) in steps {
            go(*after, &mut clock, *by);
        }
        go(minutes, &mut clock, 0);
        Moment {
            now: Timestamp::from_millis(shown - clock.ahead()),
            shown: Timestamp::from_millis(shown),
            ahead: clock.ahead,
        }
    }

    #[test]
    fn what_was_just_written_is_as_old_as_it_is_whatever_step_there_was() {
        let at = |hour: i64, minute: i64| Timestamp::from_millis(hour * HOUR + minute * MINUTE);
        let there_and_back: &[(i64, i64)] = &[(10, HOUR), (20, -HOUR)];
        for (what, minutes, steps, written, age) in [
            ("no step", 15, &[][..], at(12, 5), 10),
            ("ahead: before the step", 15, &[(10, HOUR)][..], at(12, 5), 10),
            ("ahead: after the step", 15, &[(10, HOUR)], at(13, 12), 3),
            (
                "ahead: by a machine that was not stepped",
                15,
                &[(10, HOUR)],
                at(12, 12),
                3,
            ),
            ("back: before the step", 15, &[(10, -HOUR)], at(12, 5), 10),
            ("back: after the step", 15, &[(10, -HOUR)], at(11, 12), 3),
            (
                "back: by a machine that was not stepped",
                15,
                &[(10, -HOUR)],
                at(12, 12),
                3,
            ),
            ("back: long after the step", 120, &[(10, -HOUR)], at(12, 50), 10),
            ("there and back: before both", 30, there_and_back, at(12, 5), 25),
            ("there and back: between both", 30, there_and_back, at(13, 15), 15),
            ("there and back: after both", 30, there_and_back, at(12, 25), 5),
            ("before the operator began", 15, &[(10, HOUR)], at(7, 0), 315),
            ("a minute ahead: after the step", 15, &[(10, MINUTE)], at(12, 16), 0),
            ("a minute ahead: before the step", 15, &[(10, MINUTE)], at(12, 10), 5),
        ] {
            let moment = stepped(minutes, steps);
            assert_eq!(moment.now, at(12, minutes), "{what}");
            let by: i64 = steps.iter().map(|(_, by)| by).sum();
            assert_eq!(moment.shown.as_millis(), moment.now.as_millis() + by, "{what}");
            let even = moment.even(written);
            assert_eq!(moment.now.as_millis() - even.as_millis(), age * MINUTE, "{what}");
        }
    }

    #[test]
    fn a_clock_that_never_rests_is_remembered_in_part() {
        let steps: Vec<_> = (1..=100)
            .map(|minute| (minute, if minute % 2 == 0 { HOUR } else { -HOUR }))
            .collect();
        let moment = stepped(101, &steps);
        assert_eq!(moment.ahead.len(), STEPS + 1);
        assert_eq!(moment.ahead[0], 0);
    }
}
